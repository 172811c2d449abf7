from __future__ import annotations

import click

from tunscope.cli.devices import table
from tunscope.device.facts import DeviceFacts, Owner, VethPeer

LO = DeviceFacts("lo", 1, "loopback", "up", 65536, 772, addresses=("127.0.0.1/8", "::1/128"))
TUN = DeviceFacts(
    "tun0",
    2,
    "tun",
    "up",
    1500,
    65534,
    addresses=("10.9.0.1/24", "fe80::1/64"),
    driver="tun",
    owner=Owner(7748, "/usr/sbin/openvpn --config /etc/openvpn/office.conf"),
)
VETH = DeviceFacts(
    "va", 3, "veth", "down", 1500, 1, master="br0", peer=VethPeer(4, "vb", "blue", 0), driver="veth"
)


def plain(found: list[DeviceFacts], width: int | None = None) -> list[str]:
    return [click.unstyle(line) for line in table(found, width)]


def test_a_device_takes_a_line_for_each_address_but_link_local_ones() -> None:
    header, *rows = plain([LO, TUN])
    column = header.index("ADDRESSES")
    assert [row[column:].split()[0] for row in rows] == ["127.0.0.1/8", "::1/128", "10.9.0.1/24"]


def test_columns_that_say_nothing_are_left_out() -> None:
    assert plain([LO])[0].split() == ["NAME", "KIND", "STATE", "MTU", "ADDRESSES"]
    assert plain([])[0].split() == ["NAME", "KIND", "STATE", "MTU"]


def test_cells_stand_under_their_headings() -> None:
    header, *rows = plain([LO, TUN, VETH])
    for heading, row, cell in (
        ("KIND", rows[3], "veth"),
        ("STATE", rows[3], "down"),
        ("MASTER", rows[3], "br0"),
        ("PEER", rows[3], "vb@blue"),
        ("DRIVER", rows[3], "veth"),
        ("OWNER", rows[2], "7748 /usr/sbin/openvpn"),
    ):
        assert row[header.index(heading) :].startswith(cell)
    assert rows[0].index("65536") + 5 == header.index("MTU") + 3


def test_a_narrow_terminal_keeps_the_owner() -> None:
    header, *rows = plain([LO, TUN, VETH], 70)
    assert "DRIVER" not in header
    assert "7748 /usr/sbin/openvpn" in rows[2]
    assert rows[2].endswith("…")
    assert all(len(line) <= 70 for line in (header, *rows))


def test_a_wide_terminal_shows_everything() -> None:
    assert plain([LO, TUN, VETH], 200) == plain([LO, TUN, VETH])


def test_a_held_device_with_an_unknown_holder_has_a_question_mark() -> None:
    held = DeviceFacts("tun0", 2, "tun", "up", 1500, 65534)
    free = DeviceFacts("tun1", 3, "tun", "no-carrier", 1500, 65534)
    header, first, second = plain([held, free])
    assert first[header.index("OWNER") :] == "?"
    assert len(second) < header.index("OWNER")


def test_states_are_coloured_but_stay_words() -> None:
    lines = table([LO, VETH])
    assert click.style("up", fg="green") in lines[1]
    assert click.style("down", fg="red") in lines[3]


def test_names_and_commands_are_safe_to_show() -> None:
    evil = DeviceFacts("a\x1b[2J", 2, "tun", "up", 1500, 65534, owner=Owner(5, "x\n\x1b]0;y\a"))
    assert all(line.isprintable() for line in plain([evil]))
