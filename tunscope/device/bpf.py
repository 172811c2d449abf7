"""Capture filters: libpcap's language to classic BPF, for the kernel and for user space.

The only importer of cypcap. Instructions are those of include/uapi/linux/bpf_common.h and
filter.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import cypcap

from tunscope.errors import TunscopeError, UsageError
from tunscope.packet.direction import Direction
from tunscope.packet.linktype import LinkType, linktype_name
from tunscope.packet.printable import printable

#: What a filter returns for a packet that is kept whole.
ACCEPT_ALL: Final = 0xFFFFFFFF

_SO_ATTACH_FILTER: Final = 26
_SO_DETACH_FILTER: Final = 27
_MAX_INSTRUCTIONS: Final = 4096  # BPF_MAXINSNS

_LD_ABS_WORD: Final = 0x20
_JEQ: Final = 0x15
_RET: Final = 0x06
_CLASS_MASK: Final = 0x07
_CLASS_LD: Final = 0x00
_MODE_MASK: Final = 0xE0
_CLASS_LDX: Final = 0x01
_MODE_ABS: Final = 0x20
_MODE_IND: Final = 0x40
_MODE_MSH: Final = 0xA0
_TAX: Final = 0x07
_WORD: Final = 4
#: What BPF_MSH loads at most.
_LONGEST_HEADER: Final = 60

#: SKF_AD_OFF + SKF_AD_PKTTYPE, and PACKET_OUTGOING of if_packet.h.
_ANCILLARY: Final = 0xFFFFF000
_PACKET_TYPE: Final = _ANCILLARY + 4
_OUTGOING: Final = 4

#: Link types to the DLT_ numbers by which libpcap's compiler knows them.
_DLT: Final = {
    LinkType.NULL: cypcap.DatalinkType.NULL_,
    LinkType.ETHERNET: cypcap.DatalinkType.EN10MB,
    LinkType.RAW: cypcap.DatalinkType.RAW,
    LinkType.RAW_BSD: cypcap.DatalinkType.RAW,
    LinkType.RAW_OPENBSD: cypcap.DatalinkType.RAW,
    LinkType.IPV4: cypcap.DatalinkType.RAW,
    LinkType.IPV6: cypcap.DatalinkType.RAW,
}


class BpfInstruction(NamedTuple):
    """One `struct sock_filter`."""

    code: int
    jt: int
    jf: int
    k: int


Program = tuple[BpfInstruction, ...]


def _compile(expression: str, linktype: int, snaplen: int) -> cypcap.BpfProgram:
    shown = f"capture filter {printable(expression)!r}"
    datalink = _DLT.get(LinkType(linktype)) if linktype in set(LinkType) else None
    if datalink is None:
        raise UsageError(shown, f"no filters on {linktype_name(linktype)} captures")
    if "\0" in expression:
        raise UsageError(shown, "contains a zero byte")
    try:
        return cypcap.compile(datalink, snaplen, expression, True, cypcap.NETMASK_UNKNOWN)
    except cypcap.Error as error:
        reason = str(error.args[-1])
        raise UsageError(shown, printable(reason), "see man 7 pcap-filter") from None
    except UnicodeEncodeError:
        raise UsageError(shown, "is not valid text") from None


def libpcap_version() -> str:
    """Return what libpcap calls itself, as in "libpcap version 1.10.6"."""
    return str(cypcap.lib_version()).split(" (", 1)[0]


def compile_filter(expression: str, linktype: int, snaplen: int) -> Program:
    """Compile a pcap-filter(7) expression for SO_ATTACH_FILTER.

    A packet that passes is cut to `snaplen` bytes. An empty expression gives a program that
    accepts all. UsageError with libpcap's reason if the expression is wrong, or if it asks for
    a header that packets of this link type do not have.
    """
    return tuple(BpfInstruction(*item) for item in _compile(expression, linktype, snaplen))


def with_direction(program: Program, direction: Direction) -> Program:
    """Return `program` limited to packets of one direction, for an AF_PACKET socket.

    Out is PACKET_OUTGOING, in everything else; Direction.UNKNOWN returns the program as it is.
    An empty program counts as one that accepts all.
    """
    if direction is Direction.UNKNOWN:
        return program
    outgoing, other = (1, 0) if direction is Direction.OUT else (0, 1)
    prelude = (
        BpfInstruction(_LD_ABS_WORD, 0, 0, _PACKET_TYPE),
        BpfInstruction(_JEQ, outgoing, other, _OUTGOING),
        BpfInstruction(_RET, 0, 0, 0),
    )
    return prelude + (program or (BpfInstruction(_RET, 0, 0, ACCEPT_ALL),))


def reject_all() -> Program:
    """Return the program that lets nothing pass: the start of a drain."""
    return (BpfInstruction(_RET, 0, 0, 0),)


class _SockFilter(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("jt", ctypes.c_uint8),
        ("jf", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    )


class _SockFprog(ctypes.Structure):
    _fields_ = (("len", ctypes.c_uint16), ("filter", ctypes.POINTER(_SockFilter)))


def attach(sock: socket.socket, program: Program) -> None:
    """Put `program` on a socket in place of the one it has; an empty one takes that off.

    The change is atomic: each packet meets either the old filter or the new one.
    """
    if not program:
        try:
            sock.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
        return
    if len(program) > _MAX_INSTRUCTIONS:
        raise TunscopeError(
            "capture filter",
            f"{len(program)} instructions, the kernel takes {_MAX_INSTRUCTIONS}",
            "use a shorter expression",
        )
    instructions = (_SockFilter * len(program))(*(_SockFilter(*item) for item in program))
    fprog = _SockFprog(len(program), instructions)
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, bytes(fprog))
    except OSError as error:
        raise TunscopeError("capture filter", os.strerror(error.errno or 0)) from error


def offline_filter(
    expression: str, linktype: int, snaplen: int
) -> Callable[[bytes | bytearray | memoryview], int]:
    """Return a matcher for packets in user space: 0 if the expression rejects a packet.

    The packet is given whole; what a filter of the kernel would see is the same. UsageError as
    `compile_filter`, and for expressions about what only the kernel knows of a packet.
    """
    program = _compile(expression, linktype, snaplen)
    for code, _, _, k in program:
        if code & _CLASS_MASK == _CLASS_LD and code & _MODE_MASK == _MODE_ABS and k >= _ANCILLARY:
            raise UsageError(
                f"capture filter {printable(expression)!r}",
                "asks for what only the kernel knows of a packet",
                "use -Q for the direction",
            )
    matches = program.offline_filter
    header = cypcap.Pkthdr(0, 0, 0)
    reach = _reach(program)
    by_length: dict[int, int] = {}

    def match_length(packet: bytes | bytearray | memoryview) -> int:
        length = len(packet)
        if length not in by_length:
            by_length[length] = match(packet)
        return by_length[length]

    def match(packet: bytes | bytearray | memoryview) -> int:
        data = bytes(packet[:reach])  # a super-frame is long, and headers are short
        header.caplen, header.len = len(data), len(packet)
        return int(matches(header, data))

    return match if reach != 0 else match_length


def _reach(program: Iterable[tuple[int, int, int, int]]) -> int | None:
    """Return how many bytes of a packet a program can look at, None if that cannot be said."""
    reach, indexed, any_index = 0, False, False
    for code, _, _, k in program:
        kind, mode = code & _CLASS_MASK, code & _MODE_MASK
        if (kind == _CLASS_LDX and mode != _MODE_MSH) or code == _TAX:
            any_index = True
        elif kind == _CLASS_LD and mode == _MODE_IND:
            indexed, reach = True, max(reach, k + _WORD + _LONGEST_HEADER)
        elif kind == _CLASS_LDX or (kind == _CLASS_LD and mode == _MODE_ABS):
            reach = max(reach, k + _WORD)
    return None if indexed and any_index else reach
