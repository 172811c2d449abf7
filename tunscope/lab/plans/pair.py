"""The lab `pair`: two namespaces whose only cable is tunscope itself."""

from __future__ import annotations

from tunscope.lab.plan import LabPlan
from tunscope.lab.topology import Node, Topology, TunDevice
from tunscope.lab.traffic import Program, lookups, nameserver, ping, web_client, web_server

CLIENT4, CLIENT6 = "10.9.0.1", "fd00:9::1"
SERVER4, SERVER6 = "10.9.0.2", "fd00:9::2"
# .test is reserved for this (RFC 6761).
WEB_NAME = "www.lab.test"
RECORDS = {
    WEB_NAME: (SERVER4, SERVER6),
    "server.lab.test": (SERVER4, SERVER6),
    "client.lab.test": (CLIENT4, CLIENT6),
}

DIAGRAM = """\
  client                                    server
  +------------------+                      +------------------+
  | ping, lookups,   |                      | nameserver,      |
  | web client       |                      | web server       |
  |                  |                      |                  |
  | tun0 10.9.0.1/24 | <---- tunscope ----> | tun1 10.9.0.2/24 |
  |      fd00:9::1   |                      |      fd00:9::2   |
  +------------------+                      +------------------+
"""

CLIENT = TunDevice("tun0", "tun", (f"{CLIENT4}/24", f"{CLIENT6}/64"), peer="device:tun1@server")
SERVER = TunDevice("tun1", "tun", (f"{SERVER4}/24", f"{SERVER6}/64"), peer="device:tun0@client")
TOPOLOGY = Topology(
    name="pair",
    nodes=(Node("client", (CLIENT,)), Node("server", (SERVER,))),
    nameserver=SERVER4,
)


def traffic(ipv6: bool) -> tuple[Program, ...]:
    """About six packets a second that a person can follow, and a burst of some 40 now and then.

    The intervals have no common multiple, so that the programs take turns.
    """
    servers = (SERVER4, SERVER6) if ipv6 else (SERVER4,)
    sites = (SERVER4, f"[{SERVER6}]") if ipv6 else (SERVER4, SERVER4)
    first, second = (f"http://{site}" for site in sites)
    urls = (
        f"{first}/",
        f"{second}/hello.txt",
        f"{second}/",
        f"{first}/missing",
        f"{first}/numbers.txt",
    )
    pings = (ping("client", SERVER4, 1.5), *([ping("client", SERVER6, 2.1)] if ipv6 else []))
    return (
        nameserver("server", servers, RECORDS),
        web_server("server", servers),
        *pings,
        lookups("client", WEB_NAME, servers, 2.7),
        web_client("client", urls, 4.7),
    )


PAIR = LabPlan(
    summary="two namespaces joined by tunscope itself; ping, DNS, HTTP, both IPs",
    diagram=DIAGRAM,
    topology=TOPOLOGY,
    shown="tun0@client",
    traffic=traffic,
)
