"""`--rule`, `--hold` and their like: checked here, where a mistake can be pointed at."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tunscope.cli.privilege import as_invoking_user
from tunscope.errors import UsageError
from tunscope.packet.direction import Direction
from tunscope.relay.actions import APPLICATIONS, AskEdit
from tunscope.relay.hold_options import HoldOptions
from tunscope.relay.relay_options import RelayOptions
from tunscope.relay.rules import RuleError, parse_rule

#: Options that say more about a hold, and what `HoldOptions` calls them.
_HOLD_DETAILS: Final = {
    "hold_direction": "direction",
    "hold_time": "seconds",
    "hold_then": "then",
    "hold_max": "maximum",
    "hold_full": "when_full",
}


def relay_options(given: Mapping[str, Any]) -> RelayOptions:
    """Return the rules of the command line and, before them, those of the file, and the hold.

    RuleError or FilterError, with its place, for what is wrong.
    """
    texts, file, seed = given["rules"], given["rules_file"], given["seed"]
    if file is not None:
        found, seed_of_file = read_rules(Path(file))
        texts = [*found, *texts]
        seed = seed_of_file if seed is None else seed
    for text in texts:
        check_rule(text)
    return RelayOptions(tuple(texts), seed, _hold_options(given))


def _hold_options(given: Mapping[str, Any]) -> HoldOptions | None:
    details = {
        _HOLD_DETAILS[name]: given[name] for name in _HOLD_DETAILS if given[name] is not None
    }
    if given["hold"] is None:
        for name in _HOLD_DETAILS:
            if given[name] is not None:
                raise UsageError(f"--{name.replace('_', '-')}", "needs --hold FILTER")
        return None
    from tunscope.engine.predicates import packet_predicate

    packet_predicate(given["hold"])
    if "direction" in details:
        details["direction"] = Direction({"inout": 0, "in": 1, "out": 2}[details["direction"]])
    return HoldOptions(filter=given["hold"], **details)


def check_rule(text: str) -> None:
    """Raise RuleError if the rule or its filter is wrong."""
    rule = parse_rule(text)
    if isinstance(rule.action, AskEdit):
        _check_settings(text, rule.action)
    if not rule.filter_text:
        return
    from tunscope.engine.predicates import packet_predicate
    from tunscope.filter.errors import FilterError

    start = text.index(rule.filter_text)
    try:
        packet_predicate(rule.filter_text)
    except FilterError as error:
        span = error.span
        raise RuleError(
            text, start + span.start, start + span.stop, error.message, error.hint
        ) from None


def _check_settings(text: str, action: AskEdit) -> None:
    """Raise RuleError for a field that cannot be set; what sets it is loaded meanwhile."""
    from tunscope.dissect.deep_fields import deep_setter
    from tunscope.dissect.expression import layer_class
    from tunscope.packet.edit import parse_assignment

    layer_class("DNS")
    for setting in action.settings:
        name = setting.partition("=")[0].strip()
        try:
            if name.partition(".")[0] in APPLICATIONS:
                deep_setter(name)
            else:
                parse_assignment(setting)
        except UsageError as error:
            start = text.index(setting)
            why = f"{error.what}: {error.why}"
            raise RuleError(text, start, start + len(setting), why, error.hint) from None


def read_rules(path: Path) -> tuple[list[str], int | None]:
    """Return rules and seed of a TOML file.

    ``seed = 7``, and for each rule ``[[rule]]`` with ``filter = "icmp"`` and ``action = "drop"``.
    UsageError if the file cannot be read or says something else.
    """
    shown = f"--rules {path}"
    try:
        with as_invoking_user(), path.open("rb") as stream:
            document = tomllib.load(stream)
    except OSError as error:
        raise UsageError(shown, f"{error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(shown, f"not TOML: {error}") from error
    unknown = sorted(set(document) - {"seed", "rule"})
    if unknown:
        raise UsageError(shown, f"{unknown[0]!r} is not understood", "seed and [[rule]] are")
    seed = document.get("seed")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
        raise UsageError(shown, "seed is no whole number")
    rules = document.get("rule", [])
    if not isinstance(rules, list):
        raise UsageError(shown, "rules are written as [[rule]]")
    return [_rule(shown, number, rule) for number, rule in enumerate(rules, 1)], seed


def _rule(shown: str, number: int, value: Any) -> str:
    if not isinstance(value, dict) or set(value) - {"filter", "action"} or "action" not in value:
        raise UsageError(shown, f"rule {number} has something else than filter and action")
    parts = [value.get("filter", ""), value["action"]]
    if not all(isinstance(part, str) and "\n" not in part for part in parts):
        raise UsageError(shown, f"filter and action of rule {number} are one line of text each")
    return " => ".join(parts)
