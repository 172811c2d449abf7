"""Section headers and interface descriptions of pcapng, as the walk needs them."""

from __future__ import annotations

import struct

from tunscope.capfile.blocks import InterfaceDescription, InterfaceOption
from tunscope.capfile.options import ByteOrder, decode_options, decode_text


def check_section(body: bytes, order: ByteOrder) -> None:
    """Raise ValueError if a section header's body is of a version nobody has defined."""
    major, minor = struct.unpack_from(f"{order}HH", body, 4)
    if major != 1 or minor not in (0, 2):
        raise ValueError(f"pcapng version {major}.{minor} is not known")


def read_interface(body: bytes, order: ByteOrder) -> InterfaceDescription:
    """Return what the body of an interface description block says; ValueError if damaged."""
    linktype, _, snaplen = struct.unpack_from(f"{order}HHI", body)
    tsresol, tsoffset, name = 6, 0, ""
    for code, value in decode_options(body[8:], order):
        if code == InterfaceOption.TSRESOL and value:
            tsresol = value[0]
        elif code == InterfaceOption.TSOFFSET and len(value) == 8:
            tsoffset = struct.unpack(f"{order}q", value)[0]
        elif code == InterfaceOption.NAME:
            name = decode_text(value)
    return InterfaceDescription(linktype, snaplen, name, tsresol=tsresol, tsoffset=tsoffset)
