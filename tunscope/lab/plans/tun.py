"""The lab `tun`: a tun device that nobody answers behind, until tunscope does."""

from __future__ import annotations

from tunscope.lab.plan import LabPlan
from tunscope.lab.topology import ONLY_IPV4, Node, Topology, TunDevice
from tunscope.lab.traffic import Program, ping

DIAGRAM = """\
  box
  +-------------------------+
  | ping 192.168.10.12      |
  | tun0 192.168.10.11/24   | ----> tunscope (nobody, or --respond)
  +-------------------------+
"""


def traffic(ipv6: bool) -> tuple[Program, ...]:
    """A ping into the device's network."""
    del ipv6
    return (ping("box", "192.168.10.12", 1.0),)


TUN = LabPlan(
    summary="IP packets go out of a tun device; nobody answers, or --respond does",
    diagram=DIAGRAM,
    topology=Topology(
        name="tun",
        nodes=(
            Node(
                "box",
                (TunDevice("tun0", "tun", ("192.168.10.11/24",)),),
                sysctls=ONLY_IPV4,
            ),
        ),
    ),
    shown="tun0@box",
    traffic=traffic,
)
