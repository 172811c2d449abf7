"""The lab `persist`: a device that outlives the programs that attach to it."""

from __future__ import annotations

from tunscope.lab.plan import LabPlan
from tunscope.lab.topology import ONLY_IPV4, Node, Topology, TunDevice
from tunscope.lab.traffic import Program, bare_program, ping

DIAGRAM = """\
  box
  +-------------------------+
  | ping 192.168.10.12      |  <---> visitor: attached for 4 s, away for 4 s,
  | tun0 192.168.10.11/24   |        attached again; tun0 and its address stay
  |      user 0, group 0    |        (away: no carrier, and the pings are lost)
  +-------------------------+
"""
DEVICE = TunDevice("tun0", "tun", ("192.168.10.11/24",), uid=0, gid=0)


def owners(ipv6: bool) -> tuple[Program, ...]:
    """The program that comes and goes."""
    del ipv6
    return (bare_program("visitor", "box", DEVICE.name, DEVICE.kind, "4", "4", waits=True),)


def traffic(ipv6: bool) -> tuple[Program, ...]:
    """A ping, which only leaves while somebody is attached."""
    del ipv6
    return (ping("box", "192.168.10.12", 0.5),)


PERSIST = LabPlan(
    summary="a persistent tun with an owner: attached, left, attached again",
    diagram=DIAGRAM,
    topology=Topology(name="persist", nodes=(Node("box", (DEVICE,), sysctls=ONLY_IPV4),)),
    shown="tun0@box",
    owners=owners,
    held=("tun0@box",),
    traffic=traffic,
)
