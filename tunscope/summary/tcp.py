"""TCP (RFC 9293) and its options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import IP_PROTOCOLS, TCP_GUESSES, TCP_PORTS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_MIN_HEADER: Final = 20
_SYN: Final = 0x02
_ACK: Final = 0x10
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
    hints = draft.flow
    if hints.sequence_base is not None:
        sequence = sequence - hints.sequence_base & 0xFFFFFFFF
    if hints.acknowledgment_base is not None:
        acknowledgment = acknowledgment - hints.acknowledgment_base & 0xFFFFFFFF
    if hints.window_shift is not None and not flags & _SYN:
        scaled <<= hints.window_shift
    payload = max(window.length - header, 0)
    draft.append(f" Seq={sequence}")
    if flags & _ACK:
        draft.append(f" Ack={acknowledgment}")
    draft.append(f" Win={scaled}")
    if flags & _URG:
        draft.append(f" Urg={urgent}")
    draft.append(f" Len={payload}")
    if header > _MIN_HEADER:
        read_options(window.sub(_MIN_HEADER, header - _MIN_HEADER), draft)
    if hints.analysis:
        notes = "".join(f"[{note}] " for note in hints.analysis)
        draft.write(notes + draft.info[draft.fence :])
    if payload:
        read_payload(window.sub(header), draft)


def read_options(options: Window, draft: Draft) -> None:
    """Show the options that the Info text has room for (RFC 9293, 3.1; RFC 7323; RFC 2018)."""
    offset = 0
    while offset < options.length:
        kind = options.u8(offset)
        if kind == 0:
            return
        if kind == 1:
            offset += 1
            continue
        size = options.u8(offset + 1)
        if size < 2:
            return
        if kind == 2 and size == 4:
            draft.append(f" MSS={options.u16(offset + 2)}")
        elif kind == 3 and size == 3:
            draft.append(f" WS={1 << min(options.u8(offset + 2), 14)}")
        elif kind == 4:
            draft.append(" SACK_PERM")
        elif kind == 5:
            base = draft.flow.acknowledgment_base or 0
            for place in range(offset + 2, offset + size - 7, 8):
                left = options.u32(place) - base & 0xFFFFFFFF
                right = options.u32(place + 4) - base & 0xFFFFFFFF
                draft.append(f" SLE={left} SRE={right}")
        elif kind == 8 and size == 10:
            draft.append(f" TSval={options.u32(offset + 2)} TSecr={options.u32(offset + 6)}")
        offset += size


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
