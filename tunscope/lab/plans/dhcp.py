"""The lab `dhcp`: a namespace gets its address from dnsmasq through a veth and a bridge."""

from __future__ import annotations

from tunscope.lab.plan import LabPlan, Requirement
from tunscope.lab.topology import ONLY_IPV4, Bridge, Node, Topology, Veth
from tunscope.lab.traffic import Program, bare_program

DIAGRAM = """\
  client                   switch                  server
  +------------------+     +---------------+       +-----------------------+
  | DHCP client      |     | to-client     |       | dnsmasq               |
  | eth0 no address  | --- |   br0         |       | hands out .50 to .99  |
  |      yet         |     |    to-server  | ----- | eth0 192.168.77.1/24  |
  +------------------+     +---------------+       +-----------------------+
"""
SERVER = "192.168.77.1"


def traffic(ipv6: bool) -> tuple[Program, ...]:
    """A server, and a client that gets an address, gives it back, and asks again."""
    del ipv6
    server = (
        "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--user=root", "--group=",
        "--port=0", "--bind-interfaces", "--interface=eth0", "--leasefile-ro", "--no-ping",
        "--pid-file=", "--dhcp-range=192.168.77.50,192.168.77.99,255.255.255.0,2m",
    )  # fmt: skip
    return (
        Program("dnsmasq", "server", server, ready="DHCP, sockets bound", plain=True),
        bare_program("dhcp_client", "client", "eth0", "6", "3"),
        bare_program("echo", "client", "1", SERVER),
    )


DHCP = LabPlan(
    summary="a namespace gets its address from dnsmasq: DISCOVER, OFFER, REQUEST, ACK",
    diagram=DIAGRAM,
    topology=Topology(
        name="dhcp",
        nodes=(
            Node(
                "switch",
                (
                    Bridge("br0", mac="02:00:00:00:77:fe"),
                    Veth("to-client", "eth0@client", bridge="br0"),
                    Veth("to-server", "eth0@server", bridge="br0"),
                ),
                sysctls=ONLY_IPV4,
            ),
            Node(
                "client",
                (Veth("eth0", "to-client@switch", mac="02:00:00:00:77:02"),),
                # an answer comes before there is an address that it could be checked against
                sysctls=(
                    *ONLY_IPV4,
                    ("net.ipv4.conf.all.rp_filter", "0"),
                    ("net.ipv4.conf.default.rp_filter", "0"),
                ),
            ),
            Node(
                "server",
                (Veth("eth0", "to-server@switch", (f"{SERVER}/24",), mac="02:00:00:00:77:01"),),
                sysctls=ONLY_IPV4,
            ),
        ),
    ),
    shown="eth0@client",
    traffic=traffic,
    requires=(Requirement("dnsmasq", "dnsmasq-base"),),
)
