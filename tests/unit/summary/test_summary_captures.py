"""Captures made by others, as far as their link types are decoded, against tshark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from summary_judge import Agreement, tshark_columns

from tunscope.capfile.reader import open_capture
from tunscope.errors import TunscopeError
from tunscope.summary.protocols import LINK_TYPES

if TYPE_CHECKING:
    from tunscope.packet.record import PacketRecord

CAPTURES = Path(__file__).parents[2] / "data" / "captures"
#: The protocols whose Info texts are held to more.
CORE = ("TCP", "UDP", "ICMP", "ICMPv6", "ARP", "DNS")


def readable(path: Path) -> list[PacketRecord]:
    try:
        with open_capture(path, lenient=True) as reader:
            records = list(reader)
    except TunscopeError:
        return []
    return records if all(packet.linktype in LINK_TYPES for packet in records) else []


def test_captures_of_other_projects_read_as_in_tshark() -> None:
    agreement = Agreement()
    for path in sorted(CAPTURES.glob("*/*")):
        if path.name.startswith("be_"):  # the same packets as in `le_`
            continue
        records = readable(path)
        columns = tshark_columns(path) if records else []
        # tshark takes custom blocks for packets too; such files are left out
        if records and len(columns) == len(records):
            agreement.judge(path.name, records, columns)
    agreement.require(protocol=0.95, info=0.85, addresses=0.9)
    assert agreement.share(agreement.infos, CORE) >= 0.95
