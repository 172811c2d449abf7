"""A packet as a scapy expression gives the packet's bytes again, whatever they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunscope.capfile.reader import open_capture
from tunscope.dissect import scapy_expression
from tunscope.packet.record import PacketRecord

DATA = Path(__file__).parents[2] / "data"


#: What a person does with the expressions.
SCAPY = """
import sys
from scapy.all import *
for line in sys.stdin:
    print(bytes(eval(line)).hex())
"""


def records(name: str) -> list[PacketRecord]:
    with open_capture(DATA / name) as capture:
        return list(capture)


@pytest.mark.parametrize("name", ["browser_tun.pcapng", "browser_tap.pcapng"])
def test_scapy_builds_the_packet_from_the_expression(name: str) -> None:
    packets = records(name)
    texts = [scapy_expression(record) for record in packets]
    built = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCAPY],
        input="\n".join(texts), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert built.stdout.split() == [record.data.hex() for record in packets]
    # Most of them in fields. scapy knows more or fewer applications, by what was loaded before.
    assert sum("fromhex" not in text for text in texts) > 0.8 * len(texts)


MORE_LOADED = """
import sys
import scapy.layers.http
from tunscope.capfile.reader import open_capture
from tunscope.dissect import scapy_expression
for record in open_capture(sys.argv[1]):
    print(scapy_expression(record))
"""


def test_what_else_was_loaded_of_scapy_does_not_matter() -> None:
    words = [sys.executable, "-W", "ignore", "-c", MORE_LOADED, str(DATA / "browser_tun.pcapng")]
    texts = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split("\n")
    request = next(text for text in texts if "GET /index.html" in text)
    assert request.startswith("IP(version=4")
    assert "/TCP(" in request
    assert "/Raw(" in request


def test_it_is_written_in_layers() -> None:
    text = scapy_expression(records("browser_tun.pcapng")[2])
    assert text.startswith("IP(")
    assert "/TCP(" in text or "/ICMP(" in text


@given(st.binary(max_size=80), st.sampled_from([0, 1, 12, 101, 113, 228, 229, 276, 147, 4242]))
@settings(max_examples=60, deadline=None)
def test_any_bytes_give_an_expression(data: bytes, linktype: int) -> None:
    text = scapy_expression(PacketRecord(data, 0, len(data), linktype))
    assert text.isprintable()
    assert text
