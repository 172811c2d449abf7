"""CARP, OpenBSD's address redundancy, which shares the number of VRRP among the IP protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.dissect.packet import IP_PROTOCOLS, entered
from tunscope.dissect.scapy_tree import add_scapy
from tunscope.packet.carp import is_carp
from tunscope.packet.checksum import internet_checksum

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window


@entered(IP_PROTOCOLS, 112)
def decode_redundancy(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode what looks like CARP, and anything else as VRRP."""
    if is_carp(window):
        _decode_carp(window, parent, dissection)
    else:
        add_scapy("layers.vrrp", "VRRP", window, parent, dissection)


def _decode_carp(window: Window, parent: Tree, dissection: Dissection) -> None:
    dissection.enter("CARP", "carp")
    tree = parent.protocol("carp", "Common Address Redundancy Protocol", window)
    version, kind = window.u8(0) >> 4, window.u8(0) & 15
    label = f"Version {version}, Packet type {kind} (Advertisement)"
    first = tree.field("carp.typever", 0, 1, label=label)
    first.field("carp.version", 0, 1)
    first.field("carp.type", 0, 1)
    tree.field("carp.vhid", 1, 1)
    tree.field("carp.advskew", 2, 1)
    tree.field("carp.authlen", 3, 1)
    tree.field("carp.demotion", 4, 1)
    tree.field("carp.adver_int", 5, 1)
    _add_checksum(tree, window)
    tree.field("carp.counter", 8, 8)
    tree.field("carp.hmac", 16, 20)


def _add_checksum(tree: Tree, window: Window) -> None:
    sent = window.u16(6)
    if window.captured < window.length or window.fragment:
        status = 2
        tree.field("carp.checksum", 6, 2, note=" [unverified]")
    elif internet_checksum(window.rest()) == 0:
        status = 1
        tree.field("carp.checksum", 6, 2, note=" [correct]")
    else:
        status = 0
        right = internet_checksum(window.take(0, 6) + bytes(2) + window.rest(8))
        remark = f"should be 0x{right:04x}"
        field = tree.field("carp.checksum", 6, 2, text=f"0x{sent:04x} incorrect, {remark}")
        field.expert("carp.bad_checksum", "Error/Checksum", f"Bad checksum [{remark}]")
    tree.derived("carp.checksum.status", status, 6)
