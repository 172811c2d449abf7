"""An edit as a rule: packets like this one are to be changed like this from now on. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.errors import UsageError
from tunscope.packet.header_fields import FIELDS, read_field

if TYPE_CHECKING:
    from tunscope.tui.packet_editing import PacketEditing

#: What tells packets of a kind, as far as they have it.
_TELLING: Final = (
    "ip.dst",
    "ipv6.dst",
    "tcp.dstport",
    "udp.dstport",
    "icmp.type",
    "icmpv6.type",
    "arp.opcode",
)


def rule_of(editing: PacketEditing) -> str:
    """Return ``FILTER => set FIELD=VALUE, ...`` for the edit.

    The filter chooses packets to the same destination and port. UsageError if nothing was
    changed, or bytes were that no field has.
    """
    changes = editing.changes()
    if not changes:
        raise UsageError("rule", "nothing was changed")
    unsaid = [change.name for change in changes if not change.assignment]
    if unsaid:
        raise UsageError("rule", f"cannot say this change of {unsaid[0]}", "change single fields")
    told = []
    for name in _TELLING:
        value = read_field(editing.original, editing.linktype, FIELDS[name])
        if value is not None:
            told.append(f"{name} == {value}")
    return f"{' and '.join(told)} => set {', '.join(change.assignment for change in changes)}"
