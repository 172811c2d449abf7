"""The labs there are, by name."""

from __future__ import annotations

from tunscope.errors import UsageError
from tunscope.lab.pair import PAIR
from tunscope.lab.plan import LabPlan
from tunscope.packet.printable import printable

LABS: dict[str, LabPlan] = {plan.name: plan for plan in (PAIR,)}


def find_lab(name: str) -> LabPlan:
    """Return the lab called `name`, or say which there are."""
    try:
        return LABS[name]
    except KeyError:
        known = ", ".join(LABS)
        raise UsageError(
            f"lab {printable(name)}", "there is no such lab", f"there are: {known}"
        ) from None


def describe_labs() -> str:
    """Return every lab with its line and its diagram."""
    return "\n".join(f"{plan.name}: {plan.summary}\n\n{plan.diagram}" for plan in LABS.values())
