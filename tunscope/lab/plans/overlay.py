"""The lab `overlay`: pods on two hosts, joined as flannel's udp backend does it."""

from __future__ import annotations

from tunscope.lab.plan import LabPlan
from tunscope.lab.topology import (
    FORWARDING,
    ONLY_IPV4,
    Bridge,
    Node,
    Route,
    Topology,
    TunDevice,
    Veth,
)
from tunscope.lab.traffic import Program, ping, web_client, web_server

DIAGRAM = """\
  pod1 10.244.1.2                                     pod2 10.244.2.2
    | veth                                              | veth
  host1                                               host2
  +----------------------------+     +----------------------------+
  | cni0 10.244.1.1            |     | cni0 10.244.2.1            |
  | flannel  a tun, inside: IP |     | flannel                    |
  |   tunscope --peer udp:     |     |   tunscope --peer udp:     |
  | eth0 192.168.50.1          | --- | eth0 192.168.50.2          |
  +----------------------------+     +----------------------------+
                      outside: UDP port 8285
"""
PORT = 8285
POD1, POD2 = "10.244.1.2", "10.244.2.2"


def traffic(ipv6: bool) -> tuple[Program, ...]:
    """Pod talks to pod."""
    del ipv6
    return (
        web_server("pod2", (POD2,)),
        ping("pod1", POD2, 1.0),
        web_client("pod1", (f"http://{POD2}/",), 3.7),
    )


def _host(number: int, other: int) -> Node:
    peer = f"udp:10.244.{other}.0/24=192.168.50.{other}:{PORT}"
    return Node(
        f"host{number}",
        (
            Veth("eth0", f"eth0@host{other}", (f"192.168.50.{number}/24",)),
            Bridge("cni0", (f"10.244.{number}.1/24",)),
            Veth("to-pod", f"eth0@pod{number}", bridge="cni0"),
            # What UDP and IP need of 1500 bytes, as flannel leaves it.
            TunDevice("flannel", "tun", (f"10.244.{number}.0/32",), peer=peer, mtu=1472),
        ),
        routes=(Route("10.244.0.0/16", device="flannel"),),
        sysctls=(*ONLY_IPV4, *FORWARDING),
    )


def _pod(number: int) -> Node:
    return Node(
        f"pod{number}",
        (Veth("eth0", f"to-pod@host{number}", (f"10.244.{number}.2/24",), mtu=1472),),
        routes=(Route("default", via=f"10.244.{number}.1"),),
        sysctls=ONLY_IPV4,
    )


OVERLAY = LabPlan(
    summary="pods on two hosts, tunscope as forwarder between their tuns (flannel)",
    diagram=DIAGRAM,
    topology=Topology(name="overlay", nodes=(_host(1, 2), _host(2, 1), _pod(1), _pod(2))),
    shown="flannel@host1",
    beside=("eth0@host1",),
    traffic=traffic,
)
