"""TCP (RFC 9293) and its options."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from tunscope.summary.model import NO_HINTS
from tunscope.summary.registry import APPLICATIONS, IP_PROTOCOLS, TCP_GUESSES, TCP_PORTS, entered
from tunscope.summary.tcp_analysis import ACK, NOT_NEW, RST, SYN, Segment
from tunscope.summary.tcp_options import offered_scale, show_options
from tunscope.summary.window import Malformed

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.memory import Endpoints
    from tunscope.summary.window import Window

_PORTS: Final = Struct(">HH").unpack_from
_NUMBERS: Final = Struct(">IIHH").unpack_from
_MIN_HEADER: Final = 20
#: Guessing looks at this many bytes of a payload.
_LOOK: Final = 8
_TCP: Final = 6
_URG: Final = 0x20
_FLAGS: Final = (
    (0x01, "FIN"),
    (0x02, "SYN"),
    (0x04, "RST"),
    (0x08, "PSH"),
    (0x10, "ACK"),
    (0x20, "URG"),
    (0x40, "ECE"),
    (0x80, "CWR"),
    (0x100, "AE"),
)


def flags_text(flags: int) -> str:
    """Return the names of the set flags as they stand in an Info text, "<None>" for none."""
    names = [name for bit, name in _FLAGS if flags & bit]
    if flags & 0xE00:
        names.append("Reserved")
    return ", ".join(names) or "<None>"


#: Texts of the flag combinations that make up nearly all traffic.
_COMMON: Final = {flags: flags_text(flags) for flags in range(512)}


@entered(IP_PROTOCOLS, 6)
def read_tcp(window: Window, draft: Draft) -> None:
    """Read ports, flags, numbers and options, and the application protocol if one is known."""
    sport, dport = _PORTS(window.data, window.check(0, 4))
    draft.name("TCP")
    draft.sport, draft.dport = sport, dport
    draft.write(f"{sport} → {dport}")
    sequence, acknowledgment, word, scaled = _NUMBERS(window.data, window.check(4, 12))
    flags = word & 0xFFF
    header = (word >> 12) * 4
    payload = max(window.length - header, 0)
    hints = NO_HINTS
    endpoints = (*draft.network, sport, dport)
    scale = None
    if flags & SYN and _MIN_HEADER < header <= window.length:
        scale = offered_scale(window.sub(_MIN_HEADER, header - _MIN_HEADER))
    segment = Segment(sequence, acknowledgment, flags, scaled, payload, scale)
    if not draft.quoted:
        hints = draft.memory.tcp_segment(endpoints, segment, draft.record.ts_ns)
    if hints.sequence_base is not None:
        sequence = sequence - hints.sequence_base & 0xFFFFFFFF
    base = hints.acknowledgment_base or 0
    if hints.window_shift is not None and not flags & SYN:
        scaled <<= hints.window_shift
    text = f" [{_COMMON.get(flags) or flags_text(flags)}] Seq={sequence}"
    if flags & ACK:
        text += f" Ack={acknowledgment - base & 0xFFFFFFFF}"
    draft.append(f"{text} Win={scaled}")
    if header < _MIN_HEADER:
        draft.append(f", bogus TCP header length ({header}, must be at least {_MIN_HEADER})")
        return
    urgent = window.u16(18)
    if header > window.length:
        raise Malformed
    if flags & _URG:
        draft.append(f" Urg={urgent}")
    if not draft.fragmented:
        draft.append(f" Len={payload}")
    if hints.analysis:
        draft.prepend_fenced("".join(f"[{note}] " for note in hints.analysis))
    if header > _MIN_HEADER:
        show_options(window.sub(_MIN_HEADER, header - _MIN_HEADER), base, draft)
    if (
        payload
        and not draft.quoted
        and not flags & RST
        and not (hints.analysis and NOT_NEW.intersection(hints.analysis))
    ):
        body = window.sub(header)
        body.partial = True
        _read_stream(body, segment, endpoints, draft)


def _read_stream(body: Window, segment: Segment, endpoints: Endpoints, draft: Draft) -> None:
    """Read the payload, past what belongs to a unit that an earlier segment began."""
    draft.conversation = draft.memory.conversation(_TCP, endpoints)
    stop = segment.sequence + segment.length
    before = draft.memory.unit_before(endpoints, segment.sequence, stop)
    if before is not None:
        draft.prepend_fenced(f"[Continuation to #{before.number}] ")
        if before.length >= body.length:
            return
        body = body.sub(before.length)
    try:
        read_payload(body, draft)
    finally:
        if draft.beyond:
            draft.memory.unit_continues(endpoints, segment.sequence, stop + draft.beyond)


def read_payload(body: Window, draft: Draft) -> None:
    """Hand the payload to the application that the conversation, a port or its look names."""
    if not body.captured:
        return
    reader = APPLICATIONS.get(draft.conversation.application)
    if reader is not None and reader(body, draft):
        return
    low, high = sorted((draft.sport, draft.dport))
    for port in (low, high):
        reader = TCP_PORTS.get(port)
        if reader is not None and reader(body, draft):
            return
    for guess in TCP_GUESSES:
        if guess(body, draft):
            return
    body.check(0, min(_LOOK, body.length))
