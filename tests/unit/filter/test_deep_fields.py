"""Filters over application fields find the packets that tshark finds."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from deep_judge import claims, dissections, found
from deep_samples import control_channel, lookups, tunnel, web_conversations, write

from tunscope.filter.compiled import compile_filter
from tunscope.index.capture import CaptureIndex
from tunscope.index.opening import open_source

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is the judge")

CAPTURES = Path(__file__).parents[2] / "data" / "captures"
#: Of these captures every application field is judged.
STORED = sorted(
    path
    for folder in ("applications", "tcpdump", "made")
    for path in (CAPTURES / folder).glob("*.pcap*")
)
STORED.append(CAPTURES / "hadrielk" / "le_basic_test012.pcapng")
#: Of each protocol's filters, at least so many find exactly what tshark finds.
LEAST = 0.9


def judge(captures: list[Path]) -> tuple[Counter[str], Counter[str], list[str]]:
    """Count filters, and exact ones, by protocol; and list the others."""
    asked: Counter[str] = Counter()
    exact: Counter[str] = Counter()
    wrong = []
    for capture in captures:
        said = claims(capture)
        ours = found((claim.text for claim in said), list(dissections(capture)))
        for claim in said:
            asked[claim.protocol] += 1
            if ours[claim.text] == claim.packets:
                exact[claim.protocol] += 1
            else:
                wrong.append(f"{capture.name}: {claim.text[:80]}")
    return asked, exact, wrong


def test_application_fields_are_found_where_tshark_finds_them(tmp_path: Path) -> None:
    made = [
        write(tmp_path / "web.pcap", web_conversations()),
        write(tmp_path / "lookups.pcap", lookups()),
        write(tmp_path / "tunnel.pcap", tunnel()),
        write(tmp_path / "control.pcap", control_channel()),
    ]
    asked, exact, wrong = judge([*STORED, *made])
    print("\nprotocol    filters    exact")
    for protocol, count in sorted(asked.items()):
        print(f"{protocol:10} {count:8} {exact[protocol] / count:8.1%}")
    print("\n".join(wrong))
    few = {name for name, count in asked.items() if exact[name] < LEAST * count}
    assert not few, wrong


@pytest.mark.parametrize(
    "text",
    [
        "http",
        "http.request",
        "http.response_for.uri contains \"h/x\"",
        "http.time > 0",
        "dns.time > 0",
        "dns.retransmission",
        "http || dns.unsolicited",
        "!http.response && tcp",
    ],
)  # fmt: skip
def test_columns_agree_with_packets_shown_in_order(tmp_path: Path, text: str) -> None:
    capture = write(tmp_path / "both.pcap", [*web_conversations(), *lookups()])
    packets = list(dissections(capture))
    (expected,) = found([text], packets).values()
    index = CaptureIndex(open_source(str(capture)))
    index.start()
    try:
        assert index.wait(10)
        # The later half first, as a screen at the end of a capture asks.
        half = len(packets) // 2
        display_filter = compile_filter(text)
        late = display_filter.columns_predicate(index, half, len(packets))
        early = display_filter.columns_predicate(index, 0, half)
    finally:
        index.stop()
    passing = np.flatnonzero(np.concatenate([early, late])) + 1
    assert frozenset(passing.tolist()) == expected
