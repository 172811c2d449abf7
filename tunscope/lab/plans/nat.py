"""The lab `nat`: a container behind a bridge whose host masquerades it."""

from __future__ import annotations

from tunscope.lab.plan import LabPlan, Requirement
from tunscope.lab.topology import FORWARDING, ONLY_IPV4, Bridge, Node, Route, Topology, Veth
from tunscope.lab.traffic import Program, ping, web_client, web_server

DIAGRAM = """\
  container              host                                  internet
  +-----------------+    +---------------------------------+   +---------------+
  | eth0 10.88.0.2  | -- | br0 10.88.0.1   masquerading    |   | web server    |
  +-----------------+    |                 eth0 192.0.2.2  | - | eth0 192.0.2.1|
                         +---------------------------------+   +---------------+
"""
HOST, INTERNET = "192.0.2.2", "192.0.2.1"
MASQUERADING = (
    ("nft", "add", "table", "ip", "nat"),
    (
        "nft", "add", "chain", "ip", "nat", "postrouting",
        "{ type nat hook postrouting priority srcnat; }",
    ),
    (
        "nft", "add", "rule", "ip", "nat", "postrouting",
        "ip", "saddr", "10.88.0.0/24", "oifname", "eth0", "masquerade",
    ),
)  # fmt: skip


def traffic(ipv6: bool) -> tuple[Program, ...]:
    """The container talks to a server that knows nothing of its network."""
    del ipv6
    return (
        web_server("internet", (INTERNET,)),
        ping("container", INTERNET, 1.0),
        web_client("container", (f"http://{INTERNET}/", f"http://{INTERNET}/hello.txt"), 3.1),
    )


NAT = LabPlan(
    summary="a container behind a masquerading host, both sides visible",
    diagram=DIAGRAM,
    topology=Topology(
        name="nat",
        nodes=(
            Node(
                "host",
                (
                    Bridge("br0", ("10.88.0.1/24",), mac="02:00:00:00:88:01"),
                    Veth("to-container", "eth0@container", bridge="br0"),
                    Veth("eth0", "eth0@internet", (f"{HOST}/24",), mac="02:00:00:00:99:02"),
                ),
                sysctls=(*ONLY_IPV4, *FORWARDING),
                commands=MASQUERADING,
            ),
            Node(
                "container",
                (Veth("eth0", "to-container@host", ("10.88.0.2/24",), mac="02:00:00:00:88:02"),),
                routes=(Route("default", via="10.88.0.1"),),
                sysctls=ONLY_IPV4,
            ),
            Node(
                "internet",
                (Veth("eth0", "eth0@host", (f"{INTERNET}/24",), mac="02:00:00:00:99:01"),),
                sysctls=ONLY_IPV4,
            ),
        ),
    ),
    shown="eth0@host",
    beside=("br0@host",),
    traffic=traffic,
    requires=(Requirement("nft", "nftables"),),
)
