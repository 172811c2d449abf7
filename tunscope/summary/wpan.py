"""Low-rate wireless frames (IEEE 802.15.4), and the network layer of Zigbee above them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import LINK_TYPES, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_BEACON: Final = 0
_DATA: Final = 1
_COMMAND: Final = 3
_MULTIPURPOSE: Final = 5
_KINDS: Final = (
    "Beacon", "Data", "Ack", "Command", "Reserved", "Multipurpose", "Fragment or Frak", "Extended",
)  # fmt: skip
_SECURED: Final = 0x0008
_COMPRESSED: Final = 0x0040
_SEQUENCE_SUPPRESSED: Final = 0x0100
_VERSION_2: Final = 2
_SHORT: Final = 2
_LONG: Final = 3
_BROADCAST: Final = 0xFFFF

_COMMANDS: Final = {
    1: "Association Request",
    2: "Association Response",
    3: "Disassociation Notification",
    4: "Data Request",
    5: "PAN ID Conflict",
    6: "Orphan Notification",
    7: "Beacon Request",
    8: "Coordinator Realignment",
    9: "GTS Request",
    10: "TRLE Management Request",
    11: "TRLE Management Response",
}
_ASSOCIATION_REQUEST: Final = 1
_ASSOCIATION_RESPONSE: Final = 2
_DISASSOCIATION: Final = 3
_REALIGNMENT: Final = 8

_ZIGBEE_BEACON: Final = 15
_ZIGBEE_VERSION: Final = 2
_NETWORK_BROADCASTS: Final = frozenset({0xFFFC, 0xFFFD, 0xFFFF})
_NETWORK_KINDS: Final = ("Data", "Command")
_NETWORK_COMMAND: Final = 1
_NETWORK_SECURED: Final = 0x0200
_NETWORK_MULTICAST: Final = 0x0100
_NETWORK_ROUTE: Final = 0x0400
_NETWORK_LONG_DESTINATION: Final = 0x0800
_NETWORK_LONG_SOURCE: Final = 0x1000
_NETWORK_COMMANDS: Final = {
    1: "Route Request",
    2: "Route Reply",
    3: "Network Status",
    4: "Leave",
    5: "Route Record",
    6: "Rejoin Request",
    7: "Rejoin Response",
    8: "Link Status",
    9: "Network Report",
    10: "Network Update",
    11: "End Device Timeout Request",
    12: "End Device Timeout Response",
    13: "Link Power Delta",
}
_SUPPORT_KINDS: Final = ("Data", "Command", "Ack", "Interpan")
_SUPPORT_COMMAND: Final = 1
_SUPPORT_SECURED: Final = 0x20
_SUPPORT_COMMANDS: Final = {
    1: "SKKE-1",
    2: "SKKE-2",
    3: "SKKE-3",
    4: "SKKE-4",
    5: "Transport Key",
    6: "Update Device",
    7: "Remove Device",
    8: "Request Key",
    9: "Switch Key",
    10: "EA Initiator Challenge",
    11: "EA Responder Challenge",
    12: "EA Initiator MAC",
    13: "EA Responder MAC",
    14: "Tunnel",
    15: "Verify Key",
    16: "Confirm Key",
}


@entered(LINK_TYPES, 195)
def read_wpan_checked(window: Window, draft: Draft) -> None:
    """Read a frame with its check sequence behind it; nothing above one that is damaged."""
    size = max(window.length - 2, 0)
    frame = window.sub(0, size)
    sound = window.captured < size + 2 or window.le16(size) == _check_sequence(frame.rest())
    _read_frame(frame, draft, sound=sound)
    if not sound:
        draft.append(", Bad FCS")


def _check_sequence(frame: bytes) -> int:
    """Return the 16-bit check sequence of IEEE 802.15.4, 7.2.11."""
    register = 0
    for byte in frame:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x8408 if register & 1 else 0)
    return register


@entered(LINK_TYPES, 230)
def read_wpan(window: Window, draft: Draft) -> None:
    """Read a frame without check sequence."""
    _read_frame(window, draft, sound=True)


def _read_frame(window: Window, draft: Draft, *, sound: bool) -> None:
    draft.name("IEEE 802.15.4")
    draft.write("")
    control = window.le16(0)
    kind, version = control & 7, control >> 12 & 3
    draft.write(_KINDS[kind])
    if kind == _MULTIPURPOSE:
        return
    place = 2 if version == _VERSION_2 and control & _SEQUENCE_SUPPRESSED else 3
    window.check(0, place)
    to_mode, from_mode = control >> 10 & 3, control >> 14
    if control & _COMPRESSED and not (to_mode and from_mode):
        return
    if to_mode:
        destination, place = _address(window, place + 2, to_mode)
        draft.addresses(draft.source, destination)
        draft.append(f", Dst: {destination}")
    if from_mode:
        named = to_mode and control & _COMPRESSED
        source, place = _address(window, place if named else place + 2, from_mode)
        draft.addresses(source, draft.destination)
        draft.append(f", Src: {source}")
    if control & _SECURED or version > 1:
        return
    body = window.sub(place)
    if kind == _COMMAND:
        _read_command(body, draft)
    elif not sound:
        return
    elif kind == _BEACON:
        _read_beacon(body, draft)
    elif kind == _DATA:
        _read_network(body, draft)


def _address(window: Window, place: int, mode: int) -> tuple[str, int]:
    if mode == _LONG:
        return _long_text(window, place), place + 8
    number = window.le16(place)
    return "Broadcast" if number == _BROADCAST else f"0x{number:04x}", place + 2


def _long_text(window: Window, place: int) -> str:
    return window.take(place, 8)[::-1].hex(":")


def _read_command(body: Window, draft: Draft) -> None:
    command = body.u8(0)
    draft.write(_COMMANDS.get(command, "Unknown Command"))
    if command == _ASSOCIATION_REQUEST:
        draft.append(", FFD" if body.u8(1) & 0x02 else ", RFD")
    elif command == _ASSOCIATION_RESPONSE:
        address, status = body.le16(1), body.u8(3)
        if status:
            draft.append(", Unsuccessful")
        else:
            draft.append(f", PAN: 0x{_network_of(draft):04x} Addr: 0x{address:04x}")
    elif command == _DISASSOCIATION:
        body.check(0, 2)
    elif command == _REALIGNMENT:
        network, coordinator, channel = body.le16(1), body.le16(3), body.u8(5)
        body.check(0, 8)
        draft.append(f", PAN: 0x{network:04x}, Coordinator: 0x{coordinator:04x}")
        draft.append(f", Channel: {channel}")


def _network_of(draft: Draft) -> int:
    """Return the network identifier of a frame with a destination address."""
    return int.from_bytes(draft.record.data[3:5], "little")


def _read_beacon(body: Window, draft: Draft) -> None:
    """Read what a Zigbee coordinator says behind the guaranteed slots and pending addresses."""
    if body.captured < 4:
        return
    slots = body.u8(2) & 7
    place = 3 + (1 + 3 * slots if slots else 0)
    if place >= body.captured:
        return
    pending = body.u8(place)
    place += 1 + 2 * (pending & 7) + 8 * (pending >> 4 & 7)
    if body.captured < place + _ZIGBEE_BEACON or body.u8(place):
        return
    draft.name("ZigBee")
    draft.append(f", EPID: {_long_text(body, place + 3)}")


def _read_network(body: Window, draft: Draft) -> None:
    if body.captured < 2:
        return
    control = body.le16(0)
    kind = control & 3
    if kind >= len(_NETWORK_KINDS) or control >> 2 & 0x0F != _ZIGBEE_VERSION:
        return
    draft.name("ZigBee")
    draft.write(_NETWORK_KINDS[kind])
    destination = _network_address(body, 2)
    draft.addresses(draft.source, destination)
    draft.append(f", Dst: {destination}")
    source = _network_address(body, 4)
    draft.addresses(source, destination)
    draft.append(f", Src: {source}")
    place = 8
    place += 8 if control & _NETWORK_LONG_DESTINATION else 0
    place += 8 if control & _NETWORK_LONG_SOURCE else 0
    place += 1 if control & _NETWORK_MULTICAST else 0
    if control & _NETWORK_ROUTE:
        place += 2 + 2 * body.u8(place)
    body.check(0, place)
    if control & _NETWORK_SECURED:
        return
    if kind == _NETWORK_COMMAND:
        draft.write(_NETWORK_COMMANDS.get(body.u8(place), "Unknown Command"))
    else:
        _read_support(body.sub(place), draft)


def _network_address(body: Window, place: int) -> str:
    number = body.le16(place)
    return "Broadcast" if number in _NETWORK_BROADCASTS else f"0x{number:04x}"


def _read_support(body: Window, draft: Draft) -> None:
    """Read the kind of a message of the application support layer."""
    control = body.u8(0)
    kind = control & 3
    draft.write(f"APS: {_SUPPORT_KINDS[kind]}")
    if kind == _SUPPORT_COMMAND and not control & _SUPPORT_SECURED:
        command = body.u8(2)
        draft.write(_SUPPORT_COMMANDS.get(command, "Unknown Command"))
