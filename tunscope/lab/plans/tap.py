"""The lab `tap`: the same as `tun` with Ethernet frames, so that ARP comes first."""

from __future__ import annotations

from tunscope.lab.plan import LabPlan
from tunscope.lab.plans.tun import traffic
from tunscope.lab.topology import ONLY_IPV4, Node, Topology, TunDevice

DIAGRAM = """\
  box
  +-------------------------+
  | ping 192.168.10.12      |
  | tap0 192.168.10.11/24   | ----> tunscope (nobody, or --respond)
  |      02:00:00:00:00:11  |
  +-------------------------+
"""

TAP = LabPlan(
    summary="Ethernet frames go out of a tap device: ARP asks first; --respond answers",
    diagram=DIAGRAM,
    topology=Topology(
        name="tap",
        nodes=(
            Node(
                "box",
                (TunDevice("tap0", "tap", ("192.168.10.11/24",), mac="02:00:00:00:00:11"),),
                sysctls=ONLY_IPV4,
            ),
        ),
    ),
    shown="tap0@box",
    traffic=traffic,
)
