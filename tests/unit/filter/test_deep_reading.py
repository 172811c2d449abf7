"""Fields that applications remember are printed beside a filter as tshark prints them."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from deep_judge import OPTIONS
from deep_samples import control_channel, lookups, tunnel, web_conversations, write

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is the judge")

FIELDS = (
    "frame.number", "http.time", "http.request_in", "http.response_for.uri", "dns.time",
    "dns.response_to", "wg.stream", "wg.response_to", "openvpn.fragment",
)  # fmt: skip
CHOSEN = [word for field in FIELDS for word in ("-e", field)]


@pytest.mark.parametrize("packed", [False, True], ids=["indexed", "streamed"])
@pytest.mark.parametrize(
    "text",
    ["http.response", "dns.flags.response == 1", "wg.type == 4", "udp.port == 1194", "frame"],
)
def test_fields_beside_a_filter(tmp_path: Path, text: str, packed: bool) -> None:
    packets = [*web_conversations(), *lookups(), *tunnel(), *control_channel()]
    capture = write(tmp_path / "made.pcap", packets)
    if packed:
        packed_capture = tmp_path / "made.pcap.gz"
        packed_capture.write_bytes(gzip.compress(capture.read_bytes()))
        capture = packed_capture
    arguments = ["-Y", text, "-T", "fields", *CHOSEN]
    expected = subprocess.run(
        ["tshark", *OPTIONS, "-r", str(capture), *arguments],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    printed = subprocess.run(
        [sys.executable, "-m", "tunscope", "read", str(capture), *arguments],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert expected.count("\n") > 1
    assert printed.splitlines() == expected.splitlines()
