"""Fields and columns of `tunscope read` beside tshark's, over captures of others and our own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import summary_headers as headers
import summary_traffic as traffic
from crafted import all_packets, write_pcap
from fields_judge import COLUMNS, CORE, FIELDS, Tally, tshark_rows, tunscope_rows
from summary_judge import write_capture

from tunscope.capfile.reader import open_capture
from tunscope.errors import TunscopeError
from tunscope.packet.linktype import CUSTOM_BLOCK, LinkType
from tunscope.packet.record import PacketRecord

DATA = Path(__file__).parents[2] / "data"
MADE: dict[str, Callable[[], list[PacketRecord]]] = {
    "arp": headers.arp,
    "icmp": headers.icmp,
    "icmpv6": headers.icmpv6,
    "tcp": headers.tcp,
    "fragments": headers.fragments,
    "vlans": headers.vlans,
    "cooked": lambda: headers.cooked(1),
    "dns": traffic.dns,
    "http": traffic.http,
    "tls": traffic.tls,
    "applications": traffic.applications,
    "tunnels": traffic.tunnels,
    "disorder": lambda: traffic.tcp_disorder(3),
}


def captured(path: Path) -> bool:
    """Whether the capture is whole and of link types that are decoded."""
    try:
        with open_capture(path) as reader:
            linktypes = {record.linktype for record in reader}
    except TunscopeError:
        return False
    return bool(linktypes) and linktypes <= {*LinkType, CUSTOM_BLOCK}


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("made")
    for name, make in MADE.items():
        write_capture(folder / f"{name}.pcap", make())
    write_pcap(folder / "crafted.pcap", all_packets())
    # Those of big endian say the same as those of little endian.
    others = [path for path in DATA.glob("captures/*/*") if not path.name.startswith("be_")]
    return sorted(filter(captured, [*DATA.glob("*.pcapng"), *others, *folder.iterdir()]))


@pytest.mark.timeout(600)
def test_fields_and_columns_are_tsharks(
    captures: list[Path], record_property: Callable[[str, object], None]
) -> None:
    wanted = (*FIELDS, *COLUMNS)
    tally = Tally()
    with ThreadPoolExecutor(2) as pool:
        judged = pool.map(lambda path: tshark_rows(path, wanted), captures)
        for path, theirs in zip(captures, judged, strict=True):
            tally.add(path.name, theirs, tunscope_rows(path, wanted))
    record_property("judge's table", tally.table())
    apart = {name: tally.share(name) for name in FIELDS if tally.share(name) < 0.99}
    assert not apart, {name: tally.differences[name][:5] for name in apart}
    assert sum(tally.present[name] > 0 for name in FIELDS) >= 150
    assert tally.share("_ws.col.Protocol") >= 0.95, tally.differences["_ws.col.Protocol"][:20]
    for protocol in CORE:
        assert tally.info_share(protocol) >= 0.9, tally.differences["_ws.col.Info"][:20]
