"""IGMP (RFC 1112, 2236, 3376) and what shares its number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import ipv4_text
from tunscope.summary.registry import IP_PROTOCOLS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_QUERY: Final = 0x11
_REPORT_1: Final = 0x12
_DVMRP: Final = 0x13
_PIM_1: Final = 0x14
_REPORT_2: Final = 0x16
_LEAVE: Final = 0x17
_REPORT_3: Final = 0x22
#: Sources that are shown of one record; the Info text has room for few.
_MAX_SHOWN: Final = 300


@entered(IP_PROTOCOLS, 2)
def read_igmp(window: Window, draft: Draft) -> None:
    """Read type and group."""
    draft.name("IGMP")
    draft.write("")
    kind, code = window.u8(0), window.u8(1)
    if kind == _QUERY:
        _read_query(window, code, draft)
    elif kind == _REPORT_1:
        _show("IGMPv1", "Membership Report", draft)
        window.check(4, 4)
    elif kind == _REPORT_2:
        _show("IGMPv2", f"Membership Report{_group(window)}", draft)
    elif kind == _LEAVE:
        _show("IGMPv2", f"Leave Group{_group(window).replace(' group', '')}", draft)
    elif kind == _REPORT_3:
        _show("IGMPv3", "Membership Report", draft)
        _read_records(window, draft)
    elif kind == _DVMRP:
        _show("DVMRP", f"V3 {_DVMRP_CODES.get(code, f'Unknown Type:0x{code:02x}')}", draft)
    elif kind == _PIM_1:
        _show("PIMv1", _PIM_CODES.get(code, f"Unknown ({code})"), draft)
    else:
        name = _VERSION_0.get(kind, f"Unknown Type:0x{kind:02x}")
        _show("IGMPv0" if kind < 0x10 else "IGMP", name, draft)


_VERSION_0: Final = {
    1: "Create Group Request", 2: "Create Group Reply", 3: "Join Group Request",
    4: "Join Group Reply", 5: "Leave Group Request", 6: "Leave Group Reply",
    7: "Confirm Group Request", 8: "Confirm Group Reply",
}  # fmt: skip
_DVMRP_CODES: Final = {
    1: "Probe", 2: "Report", 3: "Ask Neighbors", 4: "Neighbors", 5: "Ask Neighbors 2",
    6: "Neighbors 2", 7: "Prune", 8: "Graft", 9: "Graft ACK",
}  # fmt: skip
_PIM_CODES: Final = {
    0: "Query", 1: "Register", 2: "Register-stop", 3: "Join/Prune", 4: "RP-Reachable",
    5: "Assert", 6: "Graft", 7: "Graft-Ack", 8: "Mode",
}  # fmt: skip


def _show(protocol: str, info: str, draft: Draft) -> None:
    draft.name(protocol)
    draft.write(info)


def _group(window: Window) -> str:
    group = window.take(4, 4)
    return f" group {ipv4_text(group)}" if any(group) else ", general"


def _read_query(window: Window, code: int, draft: Draft) -> None:
    if window.length < 12 and code == 0:
        _show("IGMPv1", "Membership Query", draft)
        window.check(4, 4)
        return
    draft.name("IGMPv3" if window.length >= 12 else "IGMPv2")
    group = window.take(4, 4)
    which = f"specific for group {ipv4_text(group)}" if any(group) else "general"
    draft.write(f"Membership Query, {which}")
    if window.length >= 12:
        sources = _sources(window, 12, window.u16(10))
        if sources:
            draft.append(f", {_counted('source', sources)}")


def _read_records(window: Window, draft: Draft) -> None:
    count = window.u16(6)
    if not count:
        draft.append(" - General query")
        return
    offset = 8
    for _ in range(count):
        kind, extra, sources = window.u8(offset), window.u8(offset + 1), window.u16(offset + 2)
        group = ipv4_text(window.take(offset + 4, 4))
        listed = _sources(window, offset + 8, sources)
        draft.append(f" / {_record_text(kind, group, listed)}")
        offset += 8 + 4 * sources + 4 * extra


def _sources(window: Window, offset: int, count: int) -> list[str]:
    return [ipv4_text(window.take(offset + 4 * n, 4)) for n in range(min(count, _MAX_SHOWN))]


def _counted(word: str, sources: list[str]) -> str:
    return f"{word}{'s' if len(sources) > 1 else ''} {{{', '.join(sources)}}}"


def _record_text(kind: int, group: str, sources: list[str]) -> str:
    """Return what a group record says (RFC 3376, 4.2.12)."""
    several = len(sources) > 1
    shown = f"{{{', '.join(sources)}}}"
    if kind in {1, 3}:
        if not sources:
            return f"Leave group {group}"
        return f"Join group {group} for source{'s in' if several else ''} {shown}"
    if kind in {2, 4}:
        if not sources:
            return f"Join group {group} for any sources"
        return f"Join group {group}, for source{'s not in' if several else ' not'} {shown}"
    if kind in {5, 6}:
        name, verb = ("ALLOW_NEW", "new") if kind == 5 else ("BLOCK_OLD", "block")
        if not sources:
            return f"Group {group}, {name}_SOURCES but no source specified (?)"
        return f"Group {group}, {_counted(f'{verb} source', sources)}"
    text = f"Group {group}, unknown record type (?)"
    return f"{text}, sources {shown}" if sources else text
