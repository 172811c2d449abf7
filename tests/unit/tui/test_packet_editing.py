"""The editor's states, and the order of an injection as it is typed."""

from __future__ import annotations

import pytest

from tunscope.dissect.building import Ends, build_template
from tunscope.dissect.editing import EditablePacket
from tunscope.errors import UsageError
from tunscope.tui.deeds import deed_of
from tunscope.tui.injection import InjectWish
from tunscope.tui.packet_editing import PacketEditing, changed_offsets


def editing(name: str = "ping") -> PacketEditing:
    data, linktype = build_template(name, Ends())
    return PacketEditing(EditablePacket.of(data, linktype), "#1")


def ttl(edited: PacketEditing) -> str:
    return next(row.field.value for row in edited.rows() if row.field and row.field.name == "ttl")


def test_undo_and_redo_go_through_every_state() -> None:
    edited = editing()
    for value in ("3", "4", "5"):
        assert edited.apply(lambda p, text=value: p.with_field(0, "ttl", text))
    assert edited.undo()
    assert edited.undo()
    assert ttl(edited) == "3"
    assert edited.redo()
    assert ttl(edited) == "4"
    edited.apply(lambda p: p.with_field(0, "ttl", "9"))
    assert not edited.redo()
    assert edited.revert()
    assert not edited.edited
    assert edited.undo()
    assert ttl(edited) == "9"
    while edited.undo():
        pass
    assert edited.data == edited.original


def test_a_change_that_makes_no_difference_is_no_step() -> None:
    edited = editing()
    assert not edited.apply(lambda p: p.with_field(0, "ttl", "64"))
    assert not edited.undo()


def test_a_refused_change_leaves_the_packet() -> None:
    edited = editing()
    with pytest.raises(UsageError):
        edited.apply(lambda p: p.with_field(0, "ttl", "256"))
    assert not edited.edited


def test_rows_tell_what_a_field_was() -> None:
    edited = editing()
    edited.apply(lambda p: p.with_field(0, "ttl", "3"))
    changed = {row.field.name: row.original for row in edited.rows() if row.field and row.changed}
    assert changed.keys() == {"ttl", "chksum"}
    assert changed["ttl"] == "64"
    assert {8} < edited.changed_bytes() <= {8, 10, 11}


def test_what_moved_is_not_changed() -> None:
    assert changed_offsets(b"abcdef", b"abXcdef") == {2}
    assert changed_offsets(b"abcdef", b"abef") == frozenset()
    assert changed_offsets(b"abc", b"aXc") == {1}


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"side": "both"}, "neither kernel nor wire"),
        ({"count": "0"}, "1 to 1,000,000"),
        ({"count": "²"}, "1 to 1,000,000"),
        ({"count": "9" * 30}, "1 to 1,000,000"),
        ({"interval": "-1"}, "86,400"),
        ({"interval": "nan"}, "86,400"),
        ({"interval": "x"}, "86,400"),
        ({"increments": "ip.tll"}, "did you mean ip.ttl"),
        ({"increments": "tcp.seq_raw"}, "no tcp header"),
        ({"increments": "icmp.data"}, "counted up"),
    ],
)
def test_what_is_wrong_with_an_order_is_said(typed: dict[str, str], why: str) -> None:
    edited = editing()
    with pytest.raises(UsageError, match=why):
        InjectWish(**({"side": "kernel"} | typed)).order(edited.data, edited.linktype)


def test_an_order_says_what_the_capture_will_say() -> None:
    edited = editing()
    wish = InjectWish("wire", "3", "0.5", "ip.id, icmp.seq")
    order = wish.order(edited.data, edited.linktype, ("tunscope: edited from #1: x",), 7)
    assert (order.count, order.interval, order.increments) == (3, 0.5, ("ip.id", "icmp.seq"))
    assert order.comments == ("tunscope: injected (wire side)", "tunscope: edited from #1: x")
    assert order.packet_id == 7


def test_the_sign_of_a_packet_tells_the_most_of_it() -> None:
    assert deed_of(()) == deed_of(("edited by hand",)) == ""
    assert deed_of(("tunscope: injected (kernel side)",)) == "+"
    assert deed_of(("tunscope: injected (wire side)", "tunscope: edited from #1: x")) == "✎"
    assert deed_of(("tunscope: dropped by rule 1",)) == "✕"
