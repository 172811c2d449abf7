"""The part of DHCP (RFC 2131, options of RFC 2132) that a lab's client speaks.

A malformed message raises DhcpError, whatever its bytes.
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass
from enum import IntEnum

CLIENT_PORT, SERVER_PORT = 68, 67
_HEADER = struct.Struct("!BBBBIHH4s4s4s4s16s64x128x4s")
_COOKIE = bytes([99, 130, 83, 99])
_BOOTREQUEST, _BOOTREPLY, _ETHERNET, _BROADCAST = 1, 2, 1, 0x8000
_PAD, _END = 0, 255
_NO_ADDRESS = bytes(4)


class MessageType(IntEnum):
    """Option 53."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    ACK = 5
    NAK = 6
    RELEASE = 7


class Option(IntEnum):
    """The options that are used here."""

    SUBNET_MASK = 1
    ROUTER = 3
    REQUESTED_ADDRESS = 50
    MESSAGE_TYPE = 53
    SERVER = 54
    PARAMETERS = 55


class DhcpError(ValueError):
    """Not a message that this module understands."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What a server offered or acknowledged: an address in CIDR form, and who it is."""

    kind: MessageType
    transaction: int
    address: str
    server: str


def encode_request(
    kind: MessageType, transaction: int, mac: bytes, lease: Lease | None = None
) -> bytes:
    """Return a client's message as one UDP payload; all but DISCOVER speak of a lease."""
    options = [(Option.MESSAGE_TYPE, bytes([kind]))]
    client_address = _NO_ADDRESS
    if lease is not None:
        address = ipaddress.ip_interface(lease.address).ip.packed
        options.append((Option.SERVER, ipaddress.ip_address(lease.server).packed))
        if kind is MessageType.REQUEST:
            options.append((Option.REQUESTED_ADDRESS, address))
        else:
            client_address = address
    options.append((Option.PARAMETERS, bytes([Option.SUBNET_MASK, Option.ROUTER])))
    # The broadcast flag: an answer sent to an address that is not ours yet would not arrive.
    header = _HEADER.pack(
        _BOOTREQUEST, _ETHERNET, len(mac), 0, transaction, 0, _BROADCAST,
        client_address, _NO_ADDRESS, _NO_ADDRESS, _NO_ADDRESS, mac, _COOKIE,
    )  # fmt: skip
    return header + b"".join(bytes([code, len(data)]) + data for code, data in options) + b"\xff"


def decode_reply(message: bytes) -> Lease:
    """Read a server's message."""
    if len(message) < _HEADER.size:
        raise DhcpError("shorter than a DHCP header")
    operation, _, _, _, transaction, _, _, _, yours, _, _, _, cookie = _HEADER.unpack_from(message)
    if operation != _BOOTREPLY or cookie != _COOKIE:
        raise DhcpError("not an answer of a DHCP server")
    options = _decode_options(message[_HEADER.size :])
    try:
        kind = MessageType(options[Option.MESSAGE_TYPE][0])
        mask = ipaddress.ip_address(options.get(Option.SUBNET_MASK, b"\xff\xff\xff\xff"))
        address = ipaddress.ip_interface(f"{ipaddress.ip_address(yours)}/{mask}").with_prefixlen
        server = str(ipaddress.ip_address(options[Option.SERVER]))
    except (KeyError, IndexError, ValueError) as error:
        raise DhcpError(f"an option is missing or wrong: {error}") from error
    return Lease(kind, transaction, address, server)


def _decode_options(data: bytes) -> dict[int, bytes]:
    options: dict[int, bytes] = {}
    position = 0
    while position < len(data) and data[position] != _END:
        if data[position] == _PAD:
            position += 1
            continue
        if position + 1 >= len(data):
            raise DhcpError("an option is cut short")
        end = position + 2 + data[position + 1]
        if end > len(data):
            raise DhcpError("an option is cut short")
        options[data[position]] = data[position + 2 : end]
        position = end
    return options
