"""The tests of a filter that ask one field, over the columns of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from tunscope.columns.layout import Layer
from tunscope.filter.columnar.carriers import SURE, taken_by
from tunscope.filter.columnar.fields import SOURCES, Source
from tunscope.filter.columnar.flow_fields import FLOW_SOURCES, REPLAYED_SOURCES
from tunscope.filter.columnar.gates import CERTAIN, possible
from tunscope.filter.columnar.program_fields import PROGRAM_SOURCES
from tunscope.filter.columnar.run import Part, Run
from tunscope.filter.columnar.verdict import Mask, Verdict
from tunscope.filter.evaluate import Predicate, predicate
from tunscope.filter.fieldtypes import BYTE_SEQUENCES, INTEGERS, FieldType
from tunscope.filter.program import (
    Constant,
    Exists,
    FieldValue,
    FunctionValue,
    InRange,
    MatchesPattern,
    NotEmpty,
    NotZero,
    Operator,
    ProgramNode,
    Relation,
    TestNode,
    ValueNode,
    children,
    walk,
)
from tunscope.filter.table import Field
from tunscope.filter.values import Network, Value

Leaf: TypeAlias = Relation | InRange | MatchesPattern | NotEmpty | NotZero
LeafVerdict: TypeAlias = Callable[[Run], Verdict]

#: Functions of each occurrence by itself.
_ELEMENTWISE: Final = frozenset({"upper", "lower", "string", "abs"})
_NUMBERS: Final = INTEGERS | {
    FieldType.BOOLEAN,
    FieldType.IPV4,
    FieldType.ABSOLUTE_TIME,
    FieldType.RELATIVE_TIME,
}
_UFUNCS: Final[dict[Operator, Callable[[Any, Any], Mask]]] = {
    Operator.EQ: np.equal,
    Operator.NE: np.not_equal,
    Operator.GT: np.greater,
    Operator.GE: np.greater_equal,
    Operator.LT: np.less,
    Operator.LE: np.less_equal,
}


def exists(test: Exists) -> LeafVerdict:
    """Return how to tell whether a field or protocol occurs."""
    field = test.value.field
    if test.value.layers:
        return _open_where_possible(test)
    if field.name == "frame":
        return lambda run: Verdict(np.ones(run.count, np.bool_))
    if field.name in CERTAIN:
        bit = np.uint32(CERTAIN[field.name])
        return lambda run: _occurring(run, lambda level: level["layers"] & bit != 0)
    if field.name in SURE:
        return lambda run: _by_ports(run, field)
    source = _source(field.name)
    if source is None:
        return _open_where_possible(test)

    def verdict(run: Run) -> Verdict:
        return _reduce(run, source(run), lambda part: part.present, every=False)

    return _unless_nested(field.name, verdict)


def _by_ports(run: Run, field: Field) -> Verdict:
    """Decide whether an application occurs that its ports announce, where nothing is odd."""
    # Here, since a filter that asks for no application needs no dissector.
    from tunscope.filter.columnar.payloads import plain_payloads

    plain = plain_payloads(run)
    level = run.levels[0]
    plain &= level["layers"] & np.uint32(Layer.UDP) != 0
    taken = taken_by(field.name, level["sport"], level["dport"])
    undecided = possible(run, field) & ~plain
    return Verdict(plain & taken, undecided).except_for(run.doubtful)


def leaf(test: Leaf) -> LeafVerdict:
    """Return how to decide a test that reads fields: by columns where one field in columns
    decides it, else only where it cannot hold."""
    value = test.left if isinstance(test, Relation) else test.value
    fields = [part for part in walk(test) if isinstance(part, FieldValue)]
    if isinstance(test, Relation) and len(fields) == 2:
        return _two_fields(test) or _open_where_possible(test)
    if len(fields) != 1 or fields[0].layers or not _is_elementwise(value):
        return _open_where_possible(test)
    field = fields[0].field
    source = _source(field.name)
    if source is None:
        return _open_where_possible(test)
    every = getattr(test, "every", False)
    entries = _fast(test, field) or _by_value(test, field)

    def verdict(run: Run) -> Verdict:
        return _reduce(run, source(run), entries, every=every)

    return _unless_nested(field.name, verdict)


def _column_source(name: str) -> Source | None:
    return SOURCES.get(name) or FLOW_SOURCES.get(name) or PROGRAM_SOURCES.get(name)


def _source(name: str) -> Source | None:
    return _column_source(name) or REPLAYED_SOURCES.get(name)


def _unless_nested(name: str, verdict: LeafVerdict) -> LeafVerdict:
    """What was replayed tells of outer headers only: packets with inner ones stay open."""
    if name not in REPLAYED_SOURCES:
        return verdict
    return lambda run: verdict(run).except_for(run.nested)


def _two_fields(test: Relation) -> LeafVerdict | None:
    """Compare two fields in columns; packets with inner headers, which may pair in other ways,
    stay open."""
    left, right = test.left, test.right
    if not (isinstance(left, FieldValue) and isinstance(right, FieldValue)):
        return None
    first, second = _column_source(left.field.name), _column_source(right.field.name)
    plain = not left.layers and not right.layers and {left.type, right.type} <= _NUMBERS
    if first is None or second is None or not plain or test.operator is Operator.CONTAINS:
        return None
    compare = _UFUNCS[test.operator]

    def verdict(run: Run) -> Verdict:
        holds, seen = np.full(run.count, test.every), np.zeros(run.count, np.bool_)
        for a in (part for part in first(run) if part.rows is None):
            for b in (part for part in second(run) if part.rows is None):
                both = a.present & b.present
                passing = compare(a.values.astype(np.int64), b.values.astype(np.int64))
                seen |= both
                holds = holds & (passing | ~both) if test.every else holds | passing & both
        return Verdict(holds & seen).except_for(run.nested).except_for(run.doubtful)

    return verdict


def _is_elementwise(node: ProgramNode) -> bool:
    """Whether every occurrence is judged by itself: no counts or extremes over several."""
    if isinstance(node, FunctionValue) and node.name not in _ELEMENTWISE:
        return False
    return all(_is_elementwise(child) for child in children(node))


def _occurring(run: Run, test: Callable[[Any], Mask]) -> Verdict:
    packets: Mask | None = None
    for number, level in enumerate(run.levels):
        packets = run.to_packets(test(level), level.rows if number else None, packets)
    assert packets is not None, "a run has an outer level"
    return Verdict(packets).except_for(run.doubtful)


def _reduce(
    run: Run, parts: Sequence[Part], entries: Callable[[Part], Mask], *, every: bool
) -> Verdict:
    """Return where some occurrence passes, or where there are some and all of them do."""
    packets: Mask | None = None
    failing: Mask | None = None
    for part in parts:
        passing = entries(part)
        if every:
            packets = run.to_packets(part.present, part.rows, packets)
            failing = run.to_packets(part.present & ~passing, part.rows, failing)
        else:
            packets = run.to_packets(part.present & passing, part.rows, packets)
    if packets is None:
        packets = np.zeros(run.count, np.bool_)
    if failing is not None:
        packets = packets & ~failing
    return Verdict(packets).except_for(run.doubtful)


def _fast(test: Leaf, field: Field) -> Callable[[Part], Mask] | None:
    """Compare whole columns with a constant, where numpy can."""
    if isinstance(test, InRange):
        low, high = test.low, test.high
        if _is_plain(test.value, low, field) and _is_plain(test.value, high, field):
            least, most = _number(low), _number(high)
            return lambda part: (part.values >= least) & (part.values <= most)
        return None
    if not isinstance(test, Relation) or test.operator is Operator.CONTAINS:
        return None
    constant = test.right
    if field.type is FieldType.IPV4 and isinstance(test.left, FieldValue):
        return _network(test.operator, constant)
    if _is_plain(test.left, constant, field):
        compare, number = _UFUNCS[test.operator], _number(constant)
        return lambda part: compare(part.values, part.values.dtype.type(number))
    if field.type in BYTE_SEQUENCES | {FieldType.IPV6} and isinstance(test.left, FieldValue):
        return _identity(test.operator, constant)
    return None


def _is_plain(left: ValueNode, right: ValueNode, field: Field) -> bool:
    """Whether this compares the field itself with a number its columns can hold."""
    return (
        isinstance(left, FieldValue)
        and isinstance(right, Constant)
        and field.type in _NUMBERS
        and isinstance(right.value, int)
        and (right.value >= 0 or field.type is FieldType.RELATIVE_TIME)
    )


def _number(node: ValueNode) -> int:
    assert isinstance(node, Constant)
    assert isinstance(node.value, int)
    return node.value


def _network(operator: Operator, node: ValueNode) -> Callable[[Part], Mask] | None:
    if not isinstance(node, Constant):
        return None
    compare = _UFUNCS[operator]
    if isinstance(node.value, Network):
        mask = np.uint32(node.value.mask)
        address = np.uint32(node.value.address) & mask
        return lambda part: compare(part.values & mask, address)
    number = np.uint32(_number(node))
    return lambda part: compare(part.values, number)


def _identity(operator: Operator, node: ValueNode) -> Callable[[Part], Mask] | None:
    """Equality with an address of a dictionary is equality of its id."""
    if operator not in (Operator.EQ, Operator.NE) or not isinstance(node, Constant):
        return None
    wanted = node.value
    if not isinstance(wanted, bytes):
        return None
    equal = operator is Operator.EQ

    def entries(part: Part) -> Mask:
        assert part.words is not None
        identity = part.words.find(wanted)
        equals: Mask = part.values == identity
        return equals if equal else ~equals

    return entries


@dataclass(slots=True)
class _Single:
    """A packet that has one field once, for the exact evaluation of one value."""

    values: Mapping[str, Sequence[Value]]
    layers: Mapping[str, Sequence[int]]


def _by_value(test: Leaf, field: Field) -> Callable[[Part], Mask]:
    """Ask the exact evaluation once for every distinct value of a column."""
    holds: Predicate = predicate(test)
    name = field.name

    def judge(value: Value) -> bool:
        return holds(_Single({name: [value]}, {name: [1]}))

    def entries(part: Part) -> Mask:
        distinct, place = _distinct(part)
        values: Sequence[Value] = distinct.tolist()
        if part.words is not None:
            values = part.words.addresses(distinct.tolist())
        verdicts = np.fromiter(map(judge, values), np.bool_, len(values))
        return verdicts[place] if values else np.zeros(len(part.values), np.bool_)

    return entries


def _distinct(part: Part) -> tuple[Any, Any]:
    """Return the distinct values of the entries that count, and for each entry which it has."""
    values = np.where(part.present, part.values, part.values.dtype.type(0))
    if values.dtype.kind == "i" or values.max(initial=0) > _FEW + 4 * len(values):
        return np.unique(values, return_inverse=True)
    seen = np.zeros(int(values.max(initial=0)) + 1, np.bool_)
    seen[values] = True
    distinct = np.flatnonzero(seen)
    place = np.zeros(len(seen), np.intp)
    place[distinct] = np.arange(len(distinct))
    return distinct, place[values]


#: Up to this many possible values are marked in a table, rather than sorted.
_FEW: Final = 1 << 16


def _open_where_possible(test: TestNode) -> LeafVerdict:
    """Leave a test open wherever the fields it needs may be."""

    def verdict(run: Run) -> Verdict:
        where = _needs(run, test)
        return Verdict(np.zeros(run.count, np.bool_), where).except_for(run.doubtful)

    return verdict


def _needs(run: Run, node: ProgramNode) -> Mask:
    """Return the packets in which all that `node` reads may occur."""
    match node:
        case FieldValue():
            return possible(run, node.field)
        case FunctionValue():
            masks = [_needs(run, argument) for argument in node.arguments]
            either: Mask = np.logical_or.reduce(masks)
            return either
    where = np.ones(run.count, np.bool_)
    for child in children(node):
        where &= _needs(run, child)
    return where
