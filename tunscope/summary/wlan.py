"""Wireless frames (IEEE 802.11), and what is captured in the clear of their payload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import mac_text
from tunscope.summary.llc import read_llc
from tunscope.summary.registry import ETHERTYPES, LINK_TYPES, entered
from tunscope.summary.window import Overlong
from tunscope.summary.wlan_names import (
    FRAMES,
    NETWORK_MANAGEMENT_ACTIONS,
    TRIGGERS,
    WITH_DIALOG_TOKEN,
)

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_MANAGEMENT: Final = 0
_CONTROL: Final = 1
_DATA: Final = 2

_FLAG_LETTERS: Final = "opmPRMFT"
_TO_DS: Final = 0x01
_FROM_DS: Final = 0x02
_MORE_FRAGMENTS: Final = 0x04
_PROTECTED: Final = 0x40
_ORDER: Final = 0x80

_HEADER: Final = 24
_CHECK_SEQUENCE: Final = 4
_IPX: Final = 0x8137
_LOGICAL_LINK: Final = 2

_PROBE_RESPONSE: Final = 5
_BEACON: Final = 8
_AUTHENTICATION: Final = 11
_ACTIONS: Final = frozenset({13, 14})
#: Where the elements start in the bodies of management frames.
_FIXED: Final = {0: 4, 1: 6, 2: 10, 3: 6, 4: 0, _PROBE_RESPONSE: 12, _BEACON: 12, 10: 2, 12: 2}
_ELEMENT_SSID: Final = 0
_ELEMENT_MESH_ID: Final = 114

_CATEGORY_NETWORK_MANAGEMENT: Final = 10

_TRIGGER: Final = 2
_SOUNDING: Final = 5
_EXTENSION: Final = 6
_WRAPPER: Final = 7
_POWER_SAVE_POLL: Final = 10
_CF_END: Final = 14
#: Control frames that name their transmitter, and how it is called.
_TRANSMITTERS: Final = {
    2: "TA", 3: "TA", 4: "TA", 5: "TA", 8: "TA", 9: "TA", _POWER_SAVE_POLL: "TA", 11: "TA",
    _CF_END: "BSSID", 15: "TA",
}  # fmt: skip
_BLOCK_ACKS: Final = frozenset({8, 9})

_NO_DATA: Final = 0x4
_QUALITY_OF_SERVICE: Final = 0x8
_AGGREGATED: Final = 0x80
#: No aggregate is followed further than this.
_MAX_AGGREGATED: Final = 64


@entered(LINK_TYPES, 105)
def read_bare_wlan(window: Window, draft: Draft) -> None:
    """Read a frame that was captured without its check sequence."""
    read_wlan(window, draft)


def read_wlan(
    window: Window, draft: Draft, *, check_sequence: bool = False, padded: bool = False
) -> None:
    """Read a frame; `padded` says that its header was stretched to a multiple of four bytes."""
    draft.name("802.11")
    draft.write("")
    if check_sequence and window.length >= _CHECK_SEQUENCE:
        window = window.sub(0, window.length - _CHECK_SEQUENCE)
    control, flags = window.u16(0) >> 8, window.u8(1)
    version, kind, subtype = control & 3, control >> 2 & 3, control >> 4
    if version:
        draft.write(f"Unknown protocol version: {version}")
        return
    number = kind << 4 | subtype
    if kind == _CONTROL and subtype == _EXTENSION:
        number = number << 4 | flags & 0x0F
    draft.write(FRAMES.get(number, "Unrecognized (Reserved frame)"))
    flag_text = f", Flags={_flag_text(flags)}{'C' if check_sequence else ''}"
    if kind == _MANAGEMENT:
        _read_management(window, subtype, flags, flag_text, draft)
    elif kind == _CONTROL:
        _read_control(window, subtype, draft)
        draft.append(flag_text)
    elif kind == _DATA:
        _read_data(window, subtype, flags, flag_text, draft, padded=padded)
    else:
        draft.append(flag_text)


def _flag_text(flags: int) -> str:
    return "".join(
        letter if flags >> 7 - place & 1 else "." for place, letter in enumerate(_FLAG_LETTERS)
    )


def _append_sequence(window: Window, draft: Draft) -> None:
    word = window.le16(22)
    draft.append(f", SN={word >> 4}, FN={word & 0x0F}")


def _read_management(
    window: Window, subtype: int, flags: int, flag_text: str, draft: Draft
) -> None:
    destination, source = window.take(4, 6), window.take(10, 6)
    draft.addresses(mac_text(source), mac_text(destination))
    header = _HEADER + (4 if flags & _ORDER else 0)
    _append_sequence(window, draft)
    draft.append(flag_text)
    if flags & _PROTECTED:
        return
    if flags & _MORE_FRAGMENTS:
        draft.write("Fragmented IEEE 802.11 frame")
        return
    body = window.sub(header)
    if subtype in {_PROBE_RESPONSE, _BEACON}:
        draft.append(f", BI={body.le16(8)}")
    if subtype == _AUTHENTICATION:
        body.check(0, 6)
    elif subtype in _ACTIONS:
        _read_action(body, draft)
    elif subtype in _FIXED:
        body.check(0, _FIXED[subtype])
        _read_elements(body, _FIXED[subtype], draft)


def _read_action(body: Window, draft: Draft) -> None:
    category, action = body.u8(0), body.u8(1)
    if category == _CATEGORY_NETWORK_MANAGEMENT:
        draft.write(NETWORK_MANAGEMENT_ACTIONS.get(action, "Unknown WNM Action"))
    if (category, action) in WITH_DIALOG_TOKEN:
        draft.append(f", Dialog Token={body.u8(2)}")


def _read_elements(body: Window, place: int, draft: Draft) -> None:
    """Show the first network name among the elements, and that of a mesh."""
    named = False
    while place < body.length:
        kind, size = body.u8(place), body.u8(place + 1)
        if place + 2 + size > body.length:
            raise Overlong
        value = body.take(place + 2, size)
        if kind == _ELEMENT_SSID and not named:
            named = True
            draft.append(f", SSID={_network_name(value)}")
        elif kind == _ELEMENT_MESH_ID and value:
            draft.append(f", MESHID={value.decode('utf-8', 'replace')}")
        place += 2 + size


def _network_name(name: bytes) -> str:
    if not name:
        return "Wildcard (Broadcast)"
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return name.hex()
    return f'"{text}"' if text.isprintable() else name.hex()


def _read_control(window: Window, subtype: int, draft: Draft) -> None:
    receiver = "BSSID" if subtype == _POWER_SAVE_POLL else "RA"
    draft.addresses("", f"{mac_text(window.take(4, 6))} ({receiver})")
    if subtype == _WRAPPER:
        subtype, window = window.u8(10) >> 4, window.sub(6)
    transmitter = _TRANSMITTERS.get(subtype)
    if transmitter is not None:
        draft.addresses(f"{mac_text(window.take(10, 6))} ({transmitter})", draft.destination)
    if subtype == _TRIGGER:
        draft.append(f" {TRIGGERS.get(window.u8(16) & 0x0F, 'Reserved')}")
        window.check(16, 8)
    elif subtype == _SOUNDING:
        draft.append(f", Sounding Dialog Token={window.u8(16) >> 2}")
        window.check(17, 2)
    elif subtype in _BLOCK_ACKS:
        window.check(16, 2)


def _read_data(
    window: Window, subtype: int, flags: int, flag_text: str, draft: Draft, *, padded: bool
) -> None:
    between = flags & _TO_DS and flags & _FROM_DS
    header = _HEADER + (6 if between else 0)
    service = header
    if subtype & _QUALITY_OF_SERVICE:
        header += 6 if flags & _ORDER else 2
    window.check(0, header)
    destination = window.take(16 if flags & _TO_DS else 4, 6)
    source = window.take(24 if between else 16 if flags & _FROM_DS else 10, 6)
    draft.addresses(mac_text(source), mac_text(destination))
    draft.mac_source, draft.mac_destination = draft.source, draft.destination
    _append_sequence(window, draft)
    draft.append(flag_text)
    if subtype & _NO_DATA or flags & _PROTECTED:
        return
    if flags & _MORE_FRAGMENTS:
        draft.write("Fragmented IEEE 802.11 frame")
        return
    body = window.sub(header + (-header % 4 if padded else 0))
    if subtype & _QUALITY_OF_SERVICE and window.u8(service) & _AGGREGATED:
        _read_aggregate(body, draft)
    else:
        _read_payload(body, destination, source, draft)


def _read_aggregate(body: Window, draft: Draft) -> None:
    place = 0
    for _ in range(_MAX_AGGREGATED):
        if place >= body.length:
            return
        draft.addresses(mac_text(body.take(place + 6, 6)), mac_text(body.take(place, 6)))
        size = body.u16(place + 12)
        read_llc(body.sub(place + 14, size), draft)
        place += 14 + size + -(14 + size) % 4


def _read_payload(body: Window, destination: bytes, source: bytes, draft: Draft) -> None:
    """Read logical link control, or one of the things that some put in its place."""
    head = body.rest(0, 12)
    if head[:2] != b"\xaa\xaa":
        if len(head) == 12 and (head[6:] == source or head[:6] == destination):
            LINK_TYPES[1](body, draft)
            return
        if head[:2] == b"\xff\xff":
            ETHERTYPES[_IPX](body, draft)
            return
        if head[:2] == b"\0\0":
            body = body.sub(_LOGICAL_LINK)
    read_llc(body, draft)
