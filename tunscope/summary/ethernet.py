"""Ethernet II and IEEE 802.3 frames, VLAN tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import mac_text
from tunscope.summary.llc import read_llc
from tunscope.summary.registry import ETHERTYPES, LINK_TYPES, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

#: Type/length values up to this are lengths (IEEE 802.3, 3.2.6).
MAX_LENGTH: Final = 1500
MIN_ETHERTYPE: Final = 1536

_IPX: Final = 0x8137


def read_ethertype(ethertype: int, window: Window, draft: Draft) -> None:
    """Hand `window` to the protocol of `ethertype`, or show the number."""
    reader = ETHERTYPES.get(ethertype)
    if reader is None:
        draft.name(f"0x{ethertype:04x}")
    else:
        draft.descend()
        reader(window, draft)


@entered(LINK_TYPES, 1)
def read_ethernet(window: Window, draft: Draft) -> None:
    """Read a frame from its destination address on (IEEE 802.3, 3.1.1)."""
    draft.name("Ethernet")
    header = window.take(0, 14)
    destination, source = mac_text(header[:6]), mac_text(header[6:12])
    kind = header[12] << 8 | header[13]
    draft.addresses(source, destination)
    if not draft.mac_source:
        draft.mac_source, draft.mac_destination = source, destination
        draft.ethertype = f"0x{kind:04x}" if kind > MAX_LENGTH else ""
    body = window.sub(14)
    if kind > MAX_LENGTH:
        draft.write("Ethernet II")
        read_ethertype(kind, body, draft)
    else:
        read_802_3(kind, body, draft)


def read_802_3(length: int, body: Window, draft: Draft) -> None:
    """Read the payload of a frame that gives its length instead of an EtherType."""
    body = body.shortened(length)
    if body.rest(0, 2) == b"\xff\xff":
        draft.write("IEEE 802.3 Ethernet Raw ")
        ETHERTYPES[_IPX](body, draft)
    else:
        draft.write("IEEE 802.3 Ethernet ")
        read_llc(body, draft)


@entered(ETHERTYPES, 0x8100, 0x9100)
def read_vlan(window: Window, draft: Draft) -> None:
    """Read a VLAN tag (IEEE 802.1Q, 9.6) and what follows it."""
    _read_tag(window, "VLAN", "PRI: {}  DEI: {}  ID: {}", draft)


@entered(ETHERTYPES, 0x88A8)
def read_provider_vlan(window: Window, draft: Draft) -> None:
    """Read a provider's VLAN tag (IEEE 802.1Q, formerly 802.1ad) and what follows it."""
    _read_tag(window, "802.1ad", "PRI: {}  DROP: {} ID: {}", draft)


def _read_tag(window: Window, protocol: str, form: str, draft: Draft) -> None:
    draft.name(protocol)
    draft.write("")
    tag = window.u16(0)
    draft.write(form.format(tag >> 13, tag >> 12 & 1, tag & 0xFFF))
    kind = window.u16(2)
    body = window.sub(4)
    if kind <= MAX_LENGTH:
        read_802_3(kind, body, draft)
    else:
        read_ethertype(kind, body, draft)
