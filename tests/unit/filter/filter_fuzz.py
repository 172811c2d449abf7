"""Random filters: fields and values that packets have, in every form the language knows."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

from tunscope.capfile.reader import open_capture
from tunscope.filter.dissect import dissect
from tunscope.filter.fieldtypes import CAN_SLICE, INTEGERS, STRINGS, FieldType
from tunscope.filter.formats import format_value
from tunscope.filter.table import Field, all_fields

#: Headers whose fields are asked for.
_HEADERS = frozenset(
    [
        "eth",
        "vlan",
        "arp",
        "ip",
        "ipv6",
        "icmp",
        "icmpv6",
        "tcp",
        "udp",
        "gre",
        "geneve",
        "mpls",
        "pppoe",
        "llc",
        "sll",
        "igmp",
    ]
)
_ORDERS = ("==", "!=", "===", "!==", "~=", "<", "<=", ">", ">=", "eq", "ne", "gt", "le", "any_ne")
_BYTES = frozenset({FieldType.BYTES, FieldType.ETHER, FieldType.PROTOCOL})
_WRITTEN = INTEGERS | {FieldType.BOOLEAN, FieldType.IPV4, FieldType.IPV6, FieldType.ETHER}


class FilterFuzz:
    """Makes filters; the same ones for the same seed and captures."""

    def __init__(self, seed: int, captures: Iterable[Path]) -> None:
        self._chance = random.Random(seed)
        values: dict[str, set[str]] = {}
        table = all_fields()
        for capture in captures:
            with open_capture(capture) as reader:
                for record in reader:
                    for name, found in dissect(record).values.items():
                        if name.partition(".")[0] in _HEADERS and name in table:
                            texts = values.setdefault(name, set())
                            if table[name].type in _WRITTEN | STRINGS:
                                texts.update(format_value(table[name], value) for value in found)
        self._values = {name: sorted(texts) for name, texts in sorted(values.items())}
        self._fields = [table[name] for name in self._values]
        self._written = [one for one in self._fields if one.type in _WRITTEN]
        self._numbers = [one for one in self._fields if one.type in INTEGERS]
        self._sliced = [one for one in self._fields if one.type in CAN_SLICE]
        self._strings = [one for one in self._fields if one.type in STRINGS]

    def filter(self) -> str:
        """Return one filter of one to four relations."""
        parts = [self._relation() for _ in range(self._chance.choice((1, 1, 1, 2, 3, 4)))]
        text = parts[0]
        for part in parts[1:]:
            text = f"{text} {self._chance.choice(('and', 'or', '&&', '||'))} {part}"
        return f"not ({text})" if self._chance.random() < 0.1 else text

    def _relation(self) -> str:
        chance = self._chance
        form = chance.choice(
            (
                self._existence, self._comparison, self._comparison, self._comparison, self._member,
                self._slice, self._slice, self._arithmetic, self._function, self._pair, self._text,
            )
        )  # fmt: skip
        sign = chance.choice(("", "", "", "not ", "!"))
        text = form()
        if text.startswith(("any ", "all ")):
            return f"{sign}({text})" if sign else text
        return sign + text

    def _quantifier(self) -> str:
        return self._chance.choice(("", "", "", "", "any ", "all "))

    def _value(self, field: Field) -> str:
        chance = self._chance
        text = chance.choice(self._values[field.name] or ["0"])
        if field.type in INTEGERS:
            number = int(text, 0)
            number = max(0, number + chance.choice((0, 0, 0, 0, 1, -1)))
            largest = {"UINT8": 255, "UINT16": 65535, "CHAR": 255}.get(field.type.value, 2**24 - 1)
            number = min(number, largest)
            return chance.choice((str(number), hex(number)))
        if field.type is FieldType.IPV4 and chance.random() < 0.3:
            return f"{text}/{chance.randrange(33)}"
        if field.type is FieldType.IPV6 and chance.random() < 0.3:
            return f"{text}/{chance.randrange(129)}"
        return text

    def _existence(self) -> str:
        return self._chance.choice(self._fields).name

    def _comparison(self) -> str:
        field = self._chance.choice(self._written)
        order = self._chance.choice(_ORDERS)
        return f"{self._quantifier()}{field.name} {order} {self._value(field)}"

    def _member(self) -> str:
        field = self._chance.choice(self._written)
        elements = [self._value(field) for _ in range(self._chance.randrange(1, 4))]
        if field.type in INTEGERS and self._chance.random() < 0.5:
            elements.append(f"{self._value(field)} .. {self._value(field)}")
        return f"{self._quantifier()}{field.name} in {{{', '.join(elements)}}}"

    def _slice(self) -> str:
        chance = self._chance
        name = chance.choice((*(one.name for one in self._sliced), "frame", "frame", "ip", "tcp"))
        start, length = chance.randrange(-6, 14), chance.randrange(1, 5)
        one = chance.choice((f"{start}", f"{start}:{length}", f"{start}:", f":{length}"))
        octets = ":".join(f"{chance.choice((0, 1, 2, 6, 8, 10, 69)):02x}" for _ in range(length))
        kind = chance.choice(("", "compare", "mask", "contains"))
        if kind == "compare":
            return f"{name}[{one}] {chance.choice(('==', '!=', '>', '<'))} {octets}"
        if kind == "mask":
            return f"{name}[{one}] & {octets}"
        return f"{name}[{one}]" if not kind else f"{name}[{one}] contains {octets}"

    def _arithmetic(self) -> str:
        chance = self._chance
        field, other = chance.choice(self._numbers), chance.choice(self._numbers)
        left = f"{field.name} {chance.choice('+-*/%&')} {chance.randrange(1, 40)}"
        if chance.random() < 0.3:
            left = f"{field.name} {chance.choice('+-*')} {other.name}"
        return chance.choice((left, f"{left} {chance.choice(_ORDERS[:9])} {chance.randrange(300)}"))

    def _function(self) -> str:
        chance = self._chance
        field = chance.choice(self._fields)
        order = chance.choice(("==", ">", "<", "!="))
        number = chance.randrange(0, 9)
        numeric = chance.choice(self._numbers).name
        return chance.choice(
            (
                f"len({field.name}) {order} {number * 2}",
                f"count({field.name}) {order} {number % 4}",
                f"max({numeric}) {order} {number * 10}",
                f"min({numeric}, {numeric}) {order} {number * 10}",
                f"abs({numeric} - {number}) {order} {number * 3}",
                f'string({numeric}) contains "{number}"',
                f'string({numeric}) matches "^{number}"',
            )
        )

    def _pair(self) -> str:
        chance = self._chance
        field = chance.choice(self._written)
        alike = [one for one in self._written if one.type is field.type]
        order = chance.choice(_ORDERS)
        return f"{self._quantifier()}{field.name} {order} {chance.choice(alike).name}"

    def _text(self) -> str:
        chance = self._chance
        if chance.random() < 0.5:
            part = chance.choice(("0a:00", "02:00:00", '"GET"', '"Payload"', "08:00", "45:00"))
            name = chance.choice(("frame", "eth", "ip", "tcp", "udp", "tcp.payload", "eth.src"))
            if name == "eth.src" and part.startswith('"'):
                part = "00:0a"
            return f"{name} contains {part}"
        field = chance.choice(self._strings)
        pattern = chance.choice(("^1", "0$", "[a-f]", "a.*b", r"\\d\\.", "SYN|s"))
        return f'{field.name} matches "{pattern}"'
