"""The labs there are, by name."""

from __future__ import annotations

from tunscope.errors import UsageError
from tunscope.lab.plan import LabPlan
from tunscope.lab.plans.bridge import BRIDGE
from tunscope.lab.plans.dhcp import DHCP
from tunscope.lab.plans.nat import NAT
from tunscope.lab.plans.overlay import OVERLAY
from tunscope.lab.plans.pair import PAIR
from tunscope.lab.plans.persist import PERSIST
from tunscope.lab.plans.router import ROUTER
from tunscope.lab.plans.tap import TAP
from tunscope.lab.plans.tun import TUN
from tunscope.lab.plans.veth import VETH
from tunscope.lab.plans.vlan import VLAN
from tunscope.lab.plans.vpn import VPN
from tunscope.lab.plans.write import WRITE
from tunscope.packet.printable import printable

_PLANS = (
    TUN, TAP, WRITE, PERSIST, PAIR, VETH, BRIDGE, VLAN, DHCP, NAT, VPN, OVERLAY, ROUTER,
)  # fmt: skip
LABS: dict[str, LabPlan] = {plan.name: plan for plan in _PLANS}


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
