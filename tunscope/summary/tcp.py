"""TCP (RFC 9293) and its options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import IP_PROTOCOLS, TCP_GUESSES, TCP_PORTS, entered
from tunscope.summary.tcp_analysis import ACK, NOT_NEW, RST, SYN, Segment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_MIN_HEADER: Final = 20
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
    draft.name("TCP")
    draft.write("")
    sport, dport = window.u16(0), window.u16(2)
    draft.sport, draft.dport = sport, dport
    draft.write(f"{sport} → {dport}")
    sequence, acknowledgment = window.u32(4), window.u32(8)
    word, scaled = window.u16(12), window.u16(14)
    flags = word & 0xFFF
    header = (word >> 12) * 4
    draft.append(f" [{_COMMON.get(flags) or flags_text(flags)}]")
    if header < _MIN_HEADER:
        draft.append(f", bogus TCP header length ({header}, must be at least {_MIN_HEADER})")
        return
    urgent = window.u16(18)
    payload = max(window.length - header, 0)
    options = window.sub(_MIN_HEADER, header - _MIN_HEADER)
    segment = Segment(
        sequence,
        acknowledgment,
        flags,
        scaled,
        payload,
        offered_scale(options) if flags & SYN else None,
    )
    endpoints = (*draft.network, sport, dport)
    hints = draft.memory.tcp_segment(endpoints, segment, draft.record.ts_ns)
    if hints.sequence_base is not None:
        sequence = sequence - hints.sequence_base & 0xFFFFFFFF
    base = hints.acknowledgment_base or 0
    if hints.window_shift is not None and not flags & SYN:
        scaled <<= hints.window_shift
    text = f" Seq={sequence}"
    if flags & ACK:
        text += f" Ack={acknowledgment - base & 0xFFFFFFFF}"
    text += f" Win={scaled}"
    if flags & _URG:
        text += f" Urg={urgent}"
    draft.append(f"{text} Len={payload}")
    if hints.analysis:
        draft.prepend_fenced("".join(f"[{note}] " for note in hints.analysis))
    if header > _MIN_HEADER:
        show_options(options, base, draft)
    if payload and not flags & RST and not NOT_NEW.intersection(hints.analysis):
        read_payload(window.sub(header), draft)


def offered_scale(options: Window) -> int | None:
    """Return the shift of the Window Scale option, at most 14 (RFC 7323, 2.3)."""
    for kind, size, offset in walk_options(options):
        if kind == 3 and size == 3:
            return min(options.u8(offset + 2), 14)
    return None


def walk_options(options: Window) -> Iterator[tuple[int, int, int]]:
    """Yield kind, size and offset of each option but padding, as far as captured and sane."""
    offset = 0
    while offset < options.captured:
        kind = options.u8(offset)
        if kind == 0:
            return
        if kind == 1:
            offset += 1
            continue
        if offset + 1 >= options.captured:
            return
        size = options.u8(offset + 1)
        if size < 2 or offset + size > options.captured:
            return
        yield kind, size, offset
        offset += size


def show_options(options: Window, base: int, draft: Draft) -> None:
    """Show the options that have a place in the Info text (RFC 9293, 3.1; RFC 7323; RFC 2018)."""
    for kind, size, offset in walk_options(options):
        if kind == 2 and size == 4:
            draft.append(f" MSS={options.u16(offset + 2)}")
        elif kind == 3 and size == 3:
            draft.append(f" WS={1 << min(options.u8(offset + 2), 14)}")
        elif kind == 4 and size == 2:
            draft.append(" SACK_PERM")
        elif kind == 5:
            for place in range(offset + 2, offset + size - 7, 8):
                left = options.u32(place) - base & 0xFFFFFFFF
                right = options.u32(place + 4) - base & 0xFFFFFFFF
                draft.append(f" SLE={left} SRE={right}")
        elif kind == 8 and size == 10:
            draft.append(f" TSval={options.u32(offset + 2)} TSecr={options.u32(offset + 6)}")


def read_payload(body: Window, draft: Draft) -> None:
    """Hand the payload to the application protocol of the lower port, the higher, or a guess."""
    low, high = sorted((draft.sport, draft.dport))
    for port in (low, high):
        reader = TCP_PORTS.get(port)
        if reader is not None and reader(body, draft):
            return
    for guess in TCP_GUESSES:
        if guess(body, draft):
            return
