"""The lab `router`: the routing table decides which packets go to the tun."""

from __future__ import annotations

from tunscope.lab.plan import LabPlan
from tunscope.lab.topology import ONLY_IPV4, Node, Route, Topology, TunDevice, Veth
from tunscope.lab.traffic import Program, ping

DIAGRAM = """\
  box                                                lan
  +---------------------------------------+          +--------------------+
  | 10.20.0.0/16   dev tun0 ----> tunscope|          |                    |
  | 192.168.7.0/24 dev eth0               | -- veth -| eth0 192.168.7.1   |
  | default        via 192.168.7.1        |          |      203.0.113.9   |
  +---------------------------------------+          +--------------------+
"""


def traffic(ipv6: bool) -> tuple[Program, ...]:
    """Three destinations, of which the tun sees one."""
    del ipv6
    return (
        ping("box", "10.20.1.1", 1.0),
        ping("box", "192.168.7.1", 1.1),
        ping("box", "203.0.113.9", 1.3),
    )


ROUTER = LabPlan(
    summary="routes decide: of three destinations one goes through the tun",
    diagram=DIAGRAM,
    topology=Topology(
        name="router",
        nodes=(
            Node(
                "box",
                (
                    TunDevice("tun0", "tun", ("10.20.0.1/16",)),
                    Veth("eth0", "eth0@lan", ("192.168.7.2/24",), mac="02:00:00:00:07:02"),
                ),
                routes=(Route("default", via="192.168.7.1"),),
                sysctls=ONLY_IPV4,
            ),
            Node(
                "lan",
                (
                    Veth(
                        "eth0",
                        "eth0@box",
                        ("192.168.7.1/24", "203.0.113.9/32"),
                        mac="02:00:00:00:07:01",
                    ),
                ),
                sysctls=ONLY_IPV4,
            ),
        ),
    ),
    shown="tun0@box",
    traffic=traffic,
)
