"""MAC addresses that an engine asks for on a network where others tell more than that."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable

from network_namespace import NetworkNamespace
from scapy.layers.l2 import ARP, Ether

from tunscope.engine.neighbours import Neighbours


def test_answers_that_nobody_asked_for_are_not_kept(
    netns_factory: Callable[[], NetworkNamespace],
) -> None:
    a, b = netns_factory(), netns_factory()
    for side in (a, b):
        side.disable_ipv6()
    a.ip(f"link add v0 type veth peer name v1 netns {b.name}")
    a.ip("link set v0 up")
    b.ip("link set v1 up")
    mac, told = "02:aa:00:00:00:01", [f"10.9.0.{number}" for number in range(1, 100)]
    with contextlib.ExitStack() as undo:
        with a.entered():
            hearing = undo.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
            neighbours = Neighbours(hearing, "v0")
        with b.entered():
            telling = undo.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
            telling.bind(("v1", 0))
        look = {"mac": "020000000002", "sources": {"4": "0a090001"}, "addresses": []}
        assert neighbours.resolve(look | {"addresses": ["0a090063"]}) == {"known": {}}
        for address in told:
            answer = ARP(op=2, hwsrc=mac, psrc=address, pdst="10.9.0.200")
            telling.send(bytes(Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / answer))
        assert select.select([hearing], [], [], 2)[0]
        while not (found := neighbours.resolve(look))["known"]:
            assert select.select([hearing], [], [], 2)[0], "the last one told is the one asked"
        assert found == {"known": {"0a090063": mac.replace(":", "")}}
