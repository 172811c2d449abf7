"""The lab `write`: a program writes packets into a tun, and the kernel takes them as received."""

from __future__ import annotations

from tunscope.lab.plan import LabPlan
from tunscope.lab.topology import ONLY_IPV4, Node, Topology, TunDevice
from tunscope.lab.traffic import Program, bare_program

DIAGRAM = """\
  box
  +-------------------------+
  | kernel: echo reply      |  <---- writer: echo request from 192.168.10.12
  | tun0 192.168.10.11/24   |  ----> writer: reads the reply
  +-------------------------+
"""
DEVICE = "tun0"


def owners(ipv6: bool) -> tuple[Program, ...]:
    """The program that writes."""
    del ipv6
    return (
        bare_program("writer", "box", DEVICE, "192.168.10.12", "192.168.10.11", "1", waits=True),
    )


def traffic(ipv6: bool) -> tuple[Program, ...]:
    """Nothing else."""
    del ipv6
    return ()


WRITE = LabPlan(
    summary="a program writes pings into a tun; the kernel unwraps and answers them",
    diagram=DIAGRAM,
    topology=Topology(
        name="write",
        nodes=(Node("box", (TunDevice(DEVICE, "tun", ("192.168.10.11/24",)),), sysctls=ONLY_IPV4),),
    ),
    shown=f"{DEVICE}@box",
    owners=owners,
    held=(f"{DEVICE}@box",),
    traffic=traffic,
)
