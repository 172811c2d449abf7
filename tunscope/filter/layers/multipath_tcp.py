"""The option of Multipath TCP (RFC 8684), as one segment tells; what connects subflows is not
followed."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import Dissection, take, u16, u32, u64
from tunscope.filter.values import ProtocolValue

_PREFIX: Final = "tcp.options.mptcp"
_CAPABLE, _JOIN, _DATA, _ADD, _REMOVE, _PRIORITY, _FAIL, _FASTCLOSE, _RESET = range(9)
_SIGNALS: Final = (
    (f"{_PREFIX}.datafin.flag", 0x10),
    (f"{_PREFIX}.dseqn8.flag", 0x08),
    (f"{_PREFIX}.dseqnpresent.flag", 0x04),
    (f"{_PREFIX}.dataack8.flag", 0x02),
    (f"{_PREFIX}.dataackpresent.flag", 0x01),
)
_RESET_FLAGS: Final = (
    (f"{_PREFIX}.flag_U.flag", 8),
    (f"{_PREFIX}.flag_V.flag", 4),
    (f"{_PREFIX}.flag_W.flag", 2),
    (f"{_PREFIX}.flag_T.flag", 1),
)


def add_multipath(dissection: Dissection, option: bytes) -> None:
    """Note an option of at least two bytes; IndexError, CutShort or struct.error where it is
    shorter than it says."""
    dissection.protocols.append("mptcp")
    dissection.add("mptcp", ProtocolValue(option, len(option)))
    add = dissection.add
    kind = option[2] >> 4
    add(f"{_PREFIX}.subtype", kind)
    match kind:
        case 0:
            _add_capable(dissection, option)
        case 1:
            _add_join(dissection, option)
        case 2:
            _add_signal(dissection, option)
        case 3:
            _add_address(dissection, option)
        case 4:
            for identity in option[3:]:
                add(f"{_PREFIX}.addrid", identity)
        case 5:
            add(f"{_PREFIX}.flags", option[2])
            add(f"{_PREFIX}.backup.flag", option[2] & 1)
            if len(option) > 3:
                add(f"{_PREFIX}.addrid", option[3])
        case 6:
            add(f"{_PREFIX}.reserved", u16(option, 2) & 0xFFF)
            add(f"{_PREFIX}.rawdataseqno", u64(option, 4))
        case 7:
            add(f"{_PREFIX}.reserved", u16(option, 2) & 0xFFF)
            add(f"{_PREFIX}.recvkey", u64(option, 4))
        case 8:
            add(f"{_PREFIX}.flags", option[2])
            dissection.add_bits(option[2], _RESET_FLAGS)
            add(f"{_PREFIX}.rst_reason", option[3])
        case _:
            pass


def _add_capable(dissection: Dissection, option: bytes) -> None:
    """Who speaks it, with the keys of both and what the first data say (section 3.1)."""
    add = dissection.add
    version, flags, size = option[2] & 15, option[3:4], len(option)
    add(f"{_PREFIX}.version", version)
    add(f"{_PREFIX}.flags", flags[0])
    bits = [("checksumreq.flags", 0x80), ("extensibility.flag", 0x40)]
    if version == 1:
        bits += [("nomoresubflows.flag", 0x20), ("sha256.flag", 0x01)]
    else:
        bits += [("sha1.flag", 0x01)]
    dissection.add_bits(flags[0], [(f"{_PREFIX}.{name}", mask) for name, mask in bits])
    add(f"{_PREFIX}.reserved.flag", flags[0] >> 1 & 0x1F)
    if size >= 12:
        add(f"{_PREFIX}.sendkey", u64(option, 4))
    if size >= 20:
        add(f"{_PREFIX}.recvkey", u64(option, 12))
    if size >= 22:
        add(f"{_PREFIX}.datalvllen", u16(option, 20))
    if size >= 24:
        add(f"{_PREFIX}.checksum", u16(option, 22))


def _add_join(dissection: Dissection, option: bytes) -> None:
    """A further subflow: the three steps of its handshake differ in size (section 3.2)."""
    add = dissection.add
    size = len(option)
    if size in (12, 16):
        add(f"{_PREFIX}.flags", option[2])
        add(f"{_PREFIX}.backup.flag", option[2] & 1)
        add(f"{_PREFIX}.addrid", option[3])
    if size == 12:
        add(f"{_PREFIX}.recvtok", u32(option, 4))
        add(f"{_PREFIX}.sendrand", u32(option, 8))
    elif size == 16:
        add(f"{_PREFIX}.sendtrunchmac", u64(option, 4))
        add(f"{_PREFIX}.sendrand", u32(option, 12))
    elif size == 24:
        add(f"{_PREFIX}.reserved", u16(option, 2) & 0xFFF)
        add(f"{_PREFIX}.sendhmac", option[4:])


def _add_signal(dissection: Dissection, option: bytes) -> None:
    """Where in the stream of all subflows the payload belongs (section 3.3)."""
    add = dissection.add
    flags = option[3]
    add(f"{_PREFIX}.flags", flags)
    dissection.add_bits(flags, _SIGNALS)
    offset = 4
    if flags & 1:
        wide = flags & 2
        number = u64(option, offset) if wide else u32(option, offset)
        add(f"{_PREFIX}.rawdataack", number)
        offset += 8 if wide else 4
    if flags & 4:
        wide = flags & 8
        number = u64(option, offset) if wide else u32(option, offset)
        add(f"{_PREFIX}.rawdataseqno", number)
        offset += 8 if wide else 4
        add(f"{_PREFIX}.subflowseqno", u32(option, offset))
        add(f"{_PREFIX}.datalvllen", u16(option, offset + 4))
        if len(option) >= offset + 10:  # tshark wants more behind a checksum before it shows it
            add(f"{_PREFIX}.checksum", u16(option, offset + 6))


def _add_address(dissection: Dissection, option: bytes) -> None:
    """A further address of the sender; version 0 said of which family (section 3.4.1)."""
    add = dissection.add
    size, low = len(option), option[2] & 15
    if low in (4, 6):
        add(f"{_PREFIX}.ipver", low)
    else:
        add(f"{_PREFIX}.echo", low & 1)
    add(f"{_PREFIX}.addrid", option[3])
    offset = 4
    if size in (8, 10, 16, 18):
        add(f"{_PREFIX}.ipv4", u32(option, 4))
        offset = 8
    elif size in (20, 22, 28, 30):
        add(f"{_PREFIX}.ipv6", take(option, 4, 16))
        offset = 20
    else:
        return
    if size - offset in (2, 10):
        add(f"{_PREFIX}.port", u16(option, offset))
        offset += 2
    if size - offset == 8:
        add(f"{_PREFIX}.addaddrtrunchmac", u64(option, offset))
