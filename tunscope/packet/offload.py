"""What a virtio-net header says of the packet behind it (struct virtio_net_hdr, 10 bytes). Pure."""

from __future__ import annotations

import struct
from typing import Final

from tunscope.packet.checksum import internet_checksum
from tunscope.packet.direction import CHECKSUM_NOT_READY, TCP_SEGMENTATION_OFFLOAD

#: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset.
VNET_HEADER: Final = struct.Struct("<BBHHHH")
_NEEDS_CHECKSUM: Final = 1
_GSO_TYPES: Final = 0x7F


def offload_flags(flags: int, gso_type: int) -> int:
    """Return the bits of pcapng's `epb_flags` that tell of work left to the network card."""
    found = CHECKSUM_NOT_READY if flags & _NEEDS_CHECKSUM else 0
    return found | (TCP_SEGMENTATION_OFFLOAD if gso_type & _GSO_TYPES else 0)


def completed(header: bytes, packet: bytes) -> bytes:
    """Return the packet with the checksum that the header says is still partial."""
    flags, _, _, _, start, offset = VNET_HEADER.unpack_from(header)
    at = start + offset
    if not flags & _NEEDS_CHECKSUM or at + 2 > len(packet):
        return packet
    value = internet_checksum(packet[start:]) or 0xFFFF
    return packet[:at] + value.to_bytes(2, "big") + packet[at + 2 :]
