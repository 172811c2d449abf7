"""The lab `veth`: two namespaces joined by a veth pair, as containers are."""

from __future__ import annotations

from tunscope.lab.plan import LabPlan
from tunscope.lab.topology import ONLY_IPV4, Node, Topology, Veth
from tunscope.lab.traffic import Program, bandwidth_tests, ping, web_client, web_server

DIAGRAM = """\
  left                                      right
  +------------------+                      +------------------+
  | ping, web client |                      | web server       |
  | eth0 10.1.1.1/24 | ------- veth ------- | eth0 10.1.1.2/24 |
  +------------------+                      +------------------+
"""
LEFT, RIGHT = "10.1.1.1", "10.1.1.2"


def traffic(ipv6: bool) -> tuple[Program, ...]:
    """Pings, pages, and a short burst of iperf3 now and then where it is installed."""
    del ipv6
    return (
        web_server("right", (RIGHT,)),
        ping("left", RIGHT, 1.0),
        web_client("left", (f"http://{RIGHT}/", f"http://{RIGHT}/hello.txt"), 4.3),
        *bandwidth_tests("left", "right", RIGHT, 15),
    )


VETH = LabPlan(
    summary="two namespaces joined by a veth pair: one end watched, its peer named",
    diagram=DIAGRAM,
    topology=Topology(
        name="veth",
        nodes=(
            Node(
                "left",
                (Veth("eth0", "eth0@right", (f"{LEFT}/24",), mac="02:00:00:00:01:01"),),
                sysctls=ONLY_IPV4,
            ),
            Node(
                "right",
                (Veth("eth0", "eth0@left", (f"{RIGHT}/24",), mac="02:00:00:00:01:02"),),
                sysctls=ONLY_IPV4,
            ),
        ),
    ),
    shown="eth0@left",
    traffic=traffic,
)
