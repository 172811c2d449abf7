"""TCP (RFC 9293, 3168)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.applications import decode_application
from tunscope.dissect.formats import plural
from tunscope.dissect.packet import IP_PROTOCOLS, NOTHING_LEARNED, TCP_PORTS, entered
from tunscope.dissect.stream import add_analysis, add_learned, add_times
from tunscope.dissect.tcp_options import add_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_LEAST: Final = 20
_FIN, _SYN, _RST, _ACK = 0x01, 0x02, 0x04, 0x10
#: Flags from the lowest bit up: the letter in the text of all of them, and the short name.
_LETTERS: Final = "FSRPAUECN"
_NAMES: Final = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE")
#: Flag fields, the offset of their byte, from the highest bit down.
_FIELDS: Final = (
    ("res", 12), ("ae", 12), ("cwr", 13), ("ece", 13), ("urg", 13), ("ack", 13), ("push", 13),
    ("reset", 13), ("syn", 13), ("fin", 13),
)  # fmt: skip


@entered(IP_PROTOCOLS, 6)
def decode_tcp(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the header and its options, and the payload by its ports.

    Without what other packets tell, sequence numbers are only those on the wire.
    """
    dissection.enter("TCP", "tcp")
    source, destination = window.u16(0), window.u16(2)
    dissection.ports = source, destination
    label = f"Transmission Control Protocol, Src Port: {source}, Dst Port: {destination}"
    tree = parent.protocol("tcp", label, window)
    tree.field("tcp.srcport", 0, 2)
    tree.field("tcp.dstport", 2, 2)
    learned = NOTHING_LEARNED if dissection.quoted else dissection.take_learned()
    add_learned(tree, learned, "tcp.stream")
    if dissection.quoted and window.length < _LEAST:
        # RFC 792 promises eight bytes of the transport header, no more.
        tree.field("tcp.seq_raw", 4, 4)
        return
    sequence, acknowledgment = window.u32(4), window.u32(8)
    size = (window.u8(12) >> 4) * 4
    flags = window.u16(12) & 0xFFF
    tree.label += f", Seq: {learned.get('tcp.seq', sequence)}"
    if size < _LEAST:
        tree.field("tcp.seq_raw", 4, 4)
        header = tree.bits("tcp.hdr_len", 96, 4, value=size, text=f"{size} bytes ({size // 4})")
        header.expert(
            "tcp.bogus_header_length",
            "Error/Protocol",
            f"Bogus TCP header length ({size}, must be at least 20)",
        )
        return
    if flags & _ACK:
        tree.label += f", Ack: {learned.get('tcp.ack', acknowledgment)}"
    length = window.length - size
    if length >= 0:
        tree.label += f", Len: {length}"
        tree.derived("tcp.len", length)
    tree.end(size)
    _add_relative(tree, learned, "tcp.seq", 4, "sequence")
    tree.field("tcp.seq_raw", 4, 4)
    if "tcp.nxtseq" in learned:
        following = learned["tcp.nxtseq"]
        text = f"{following}    (relative sequence number)"
        tree.derived("tcp.nxtseq", following, text=text)
    _add_relative(tree, learned, "tcp.ack", 8, "ack")
    tree.field("tcp.ack_raw", 8, 4)
    tree.bits("tcp.hdr_len", 96, 4, value=size, text=f"{size} bytes ({size // 4})")
    _add_flags(tree, flags, (source, destination))
    tree.field("tcp.window_size_value", 14, 2)
    if "tcp.window_size" in learned:
        add_learned(tree, learned, "tcp.window_size", "tcp.window_size_scalefactor")
    elif flags & _SYN:
        tree.field("tcp.window_size", 14, 2)
    tree.field("tcp.checksum", 16, 2, note=" [unverified]")
    tree.derived("tcp.checksum.status", 2, 16)
    tree.field("tcp.urgent_pointer", 18, 2)
    if size > _LEAST:
        add_options(tree, window, size)
    add_times(tree, learned, "tcp.time_relative", "tcp.time_delta")
    add_analysis(tree, learned)
    payload = window.sub(size)
    if not payload.captured:
        return
    tree.field(
        "tcp.payload",
        size,
        payload.captured,
        label=f"TCP payload ({plural(payload.captured, 'byte')})",
    )
    decode_application(TCP_PORTS, payload, parent, dissection)


def _add_relative(
    tree: Tree, learned: Mapping[str, int], name: str, offset: int, kind: str
) -> None:
    if name in learned:
        number = learned[name]
        tree.field(name, offset, 4, value=number, text=f"{number}    (relative {kind} number)")


def _add_flags(parent: Tree, flags: int, ports: tuple[int, int]) -> None:
    set_names = [name for bit, name in enumerate(_NAMES) if flags >> bit & 1]
    text = f"0x{flags:03x} ({', '.join(set_names) or '<None>'})"
    tree = parent.field("tcp.flags", 12, 2, label=f"Flags: {text}")
    tree.label = f"Flags: {text}"
    for position, (name, offset) in enumerate(_FIELDS):
        width, place = (3, 9) if name == "res" else (1, 9 - position)
        number = flags >> place & (1 << width) - 1
        field = tree.field(f"tcp.flags.{name}", offset, 1, value=number)
        head = _bits(flags, ((1 << width) - 1) << place)
        field.label = f"{head} = {field.label.rpartition(' = ')[2]}"
        _remark(field, name, flags, ports)
    letters = "".join(
        _LETTERS[bit]
        if bit < 9 and flags >> bit & 1
        else "R"
        if bit > 8 and flags >> bit & 1
        else "·"
        for bit in range(11, -1, -1)
    )
    summary = tree.field("tcp.flags.str", 12, 2, value=letters)
    summary.label = f"[{summary.label}]"


def _bits(flags: int, mask: int) -> str:
    digits = "".join(str(flags >> bit & 1) if mask >> bit & 1 else "." for bit in range(11, -1, -1))
    return f"{digits[:4]} {digits[4:8]} {digits[8:]}"


def _remark(field: Tree, name: str, flags: int, ports: tuple[int, int]) -> None:
    """Say what a connection does with this flag."""
    source, destination = ports
    if name == "syn" and flags & _SYN:
        if flags & _ACK:
            text = f"Connection establish acknowledge (SYN+ACK): server port {source}"
            field.expert("tcp.connection.synack", "Chat/Sequence", text)
        else:
            text = f"Connection establish request (SYN): server port {destination}"
            field.expert("tcp.connection.syn", "Chat/Sequence", text)
    elif name == "fin" and flags & _FIN:
        field.expert("tcp.connection.fin", "Chat/Sequence", "Connection finish (FIN)")
    elif name == "reset" and flags & _RST:
        field.expert("tcp.connection.rst", "Warning/Sequence", "Connection reset (RST)")
