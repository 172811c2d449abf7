"""The lab `vlan`: two VLANs over one trunk between two bridges that filter them."""

from __future__ import annotations

from tunscope.lab.plan import LabPlan
from tunscope.lab.topology import ONLY_IPV4, Bridge, Node, Topology, Veth, Vlan
from tunscope.lab.traffic import Program, ping

DIAGRAM = """\
  red1 10.10.0.1 -- port 10 +                     + port 10 -- red2 10.10.0.2
                            west ==== trunk ==== east
  blue1 10.20.0.1 - port 20 +   tags 10 and 20    + port 20 - blue2 10.20.0.2
"""
RED, BLUE = 10, 20


def traffic(ipv6: bool) -> tuple[Program, ...]:
    """One ping in each VLAN."""
    del ipv6
    return (ping("red1", "10.10.0.2", 1.0), ping("blue1", "10.20.0.2", 1.3))


def _switch(name: str, other: str, number: int) -> Node:
    return Node(
        name,
        (
            Bridge("br0", vlan_filtering=True),
            Veth("trunk", f"trunk@{other}", bridge="br0", vlans=(Vlan(RED), Vlan(BLUE))),
            Veth("red", f"eth0@red{number}", bridge="br0", vlans=(Vlan(RED, untagged=True),)),
            Veth("blue", f"eth0@blue{number}", bridge="br0", vlans=(Vlan(BLUE, untagged=True),)),
        ),
        sysctls=ONLY_IPV4,
    )


def _host(colour: str, number: int, switch: str, vlan: int) -> Node:
    mac = f"02:00:00:00:{vlan:02d}:0{number}"
    address = f"10.{vlan}.0.{number}/24"
    return Node(
        f"{colour}{number}",
        (Veth("eth0", f"{colour}@{switch}", (address,), mac=mac),),
        sysctls=ONLY_IPV4,
    )


VLAN = LabPlan(
    summary="two VLANs over a trunk: tags between the bridges, none at their ports",
    diagram=DIAGRAM,
    topology=Topology(
        name="vlan",
        nodes=(
            _switch("west", "east", 1),
            _switch("east", "west", 2),
            _host("red", 1, "west", RED),
            _host("red", 2, "east", RED),
            _host("blue", 1, "west", BLUE),
            _host("blue", 2, "east", BLUE),
        ),
    ),
    shown="trunk@west",
    traffic=traffic,
)
