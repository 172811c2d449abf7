"""The lab `vpn`: openvpn between two nodes, in clear text so that its packets can be compared."""

from __future__ import annotations

from tunscope.lab.plan import LabPlan, Requirement
from tunscope.lab.topology import ONLY_IPV4, Node, Topology, Veth
from tunscope.lab.traffic import Program, ping, web_client, web_server

DIAGRAM = """\
  here                                       there
  +---------------------+                    +---------------------+
  | ping, web client    |                    | web server          |
  | tun0 10.8.0.1       |   (inside: IP)     | tun0 10.8.0.2       |
  |  openvpn            |                    |  openvpn            |
  | eth0 192.0.2.1/24   | ------ veth ------ | eth0 192.0.2.2/24   |
  +---------------------+ (outside: UDP 1194)+---------------------+
"""
OUTSIDE = {"here": "192.0.2.1", "there": "192.0.2.2"}
INSIDE = {"here": "10.8.0.1", "there": "10.8.0.2"}
# Without TLS or a cipher: the tunnel's own packet is to be seen in the datagram that carries it.
CLEAR_TEXT = ("--cipher", "none", "--auth", "none")


def _openvpn(node: str, other: str) -> Program:
    words = (
        "openvpn", "--dev", "tun0", "--proto", "udp",
        "--local", OUTSIDE[node], "--remote", OUTSIDE[other], "--port", "1194",
        "--ifconfig", INSIDE[node], INSIDE[other], *CLEAR_TEXT, "--ping", "5", "--verb", "1",
    )  # fmt: skip
    return Program("openvpn", node, words, ready="UDPv4 link remote", plain=True)


def owners(ipv6: bool) -> tuple[Program, ...]:
    """openvpn in both nodes, which makes their tun0."""
    del ipv6
    return (_openvpn("here", "there"), _openvpn("there", "here"))


def traffic(ipv6: bool) -> tuple[Program, ...]:
    """What goes through the tunnel."""
    del ipv6
    return (
        web_server("there", (INSIDE["there"],)),
        ping("here", INSIDE["there"], 1.0),
        web_client("here", (f"http://{INSIDE['there']}/",), 3.7),
    )


VPN = LabPlan(
    summary="openvpn between two nodes: its tun0 inside, its UDP datagrams outside",
    diagram=DIAGRAM,
    topology=Topology(
        name="vpn",
        nodes=(
            Node("here", (Veth("eth0", "eth0@there", ("192.0.2.1/24",)),), sysctls=ONLY_IPV4),
            Node("there", (Veth("eth0", "eth0@here", ("192.0.2.2/24",)),), sysctls=ONLY_IPV4),
        ),
    ),
    shown="tun0@here",
    beside=("eth0@here",),
    owners=owners,
    made=("tun0@here", "tun0@there"),
    traffic=traffic,
    requires=(Requirement("openvpn", "openvpn"),),
)
