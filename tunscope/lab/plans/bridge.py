"""The lab `bridge`: two namespaces on a bridge in a third, and a tap as a VM's would be."""

from __future__ import annotations

from tunscope.lab.plan import LabPlan
from tunscope.lab.topology import ONLY_IPV4, Bridge, Node, Topology, TunDevice, Veth
from tunscope.lab.traffic import Program, ping

DIAGRAM = """\
  red                     switch                       vm
  +------------------+    +----------------------+     +------------------+
  | eth0 10.1.2.1/24 | -- | to-red --+           |     | eth0 10.1.2.3/24 |
  +------------------+    |          br0         |     |      a tap       |
  blue                    |          |  |        |     +------------------+
  +------------------+    |          |  +-- tap0 | <-- tunscope --^
  | eth0 10.1.2.2/24 | -- | to-blue -+           |   (as QEMU joins a VM)
  +------------------+    +----------------------+
"""
RED, BLUE, VM = "10.1.2.1", "10.1.2.2", "10.1.2.3"


def traffic(ipv6: bool) -> tuple[Program, ...]:
    """Each talks to another."""
    del ipv6
    return (ping("red", BLUE, 1.0), ping("blue", VM, 1.3), ping("vm", RED, 1.7))


BRIDGE = LabPlan(
    summary="two namespaces and a VM's tap on a bridge, as containers and VMs are",
    diagram=DIAGRAM,
    topology=Topology(
        name="bridge",
        nodes=(
            Node(
                "switch",
                (
                    Bridge("br0", ("10.1.2.254/24",), mac="02:00:00:00:02:fe"),
                    Veth("to-red", "eth0@red", bridge="br0"),
                    Veth("to-blue", "eth0@blue", bridge="br0"),
                    TunDevice("tap0", "tap", peer="device:eth0@vm", bridge="br0"),
                ),
                sysctls=ONLY_IPV4,
            ),
            Node(
                "red",
                (Veth("eth0", "to-red@switch", (f"{RED}/24",), mac="02:00:00:00:02:01"),),
                sysctls=ONLY_IPV4,
            ),
            Node(
                "blue",
                (Veth("eth0", "to-blue@switch", (f"{BLUE}/24",), mac="02:00:00:00:02:02"),),
                sysctls=ONLY_IPV4,
            ),
            Node(
                "vm",
                (
                    TunDevice(
                        "eth0",
                        "tap",
                        (f"{VM}/24",),
                        peer="device:tap0@switch",
                        mac="02:00:00:00:02:03",
                    ),
                ),
                sysctls=ONLY_IPV4,
            ),
        ),
    ),
    shown="br0@switch",
    traffic=traffic,
)
