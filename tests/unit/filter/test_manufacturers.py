"""Names of makers, as the lines of Wireshark's list have them."""

from __future__ import annotations

from tunscope.filter.manufacturers import names_in

LINES = """\
# Comment
00:00:0C\tCisco\tCisco Systems, Inc
00-00-0D\tFibronics
00:1B:C5:00:00:00/36\tConvergi\tConverging Systems Inc.
00:00:XX\twrong\tWrong
no tab

01:00:5E\tIPv4mcast\tIPv4 multicast
"""


def test_a_prefix_of_three_bytes_has_its_long_name_or_else_its_short_one() -> None:
    names = names_in(LINES.splitlines(keepends=True))
    assert names == {
        0x00000C: "Cisco Systems, Inc",
        0x00000D: "Fibronics",
        0x01005E: "IPv4 multicast",
    }
