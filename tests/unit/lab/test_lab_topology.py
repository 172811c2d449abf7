from __future__ import annotations

import pytest

from tunscope.errors import UsageError
from tunscope.lab.catalogue import LABS
from tunscope.lab.topology import Bridge, Node, Route, Topology, TunDevice, Veth, Vlan

TUN0 = TunDevice("tun0", "tun", ("10.0.0.1/24",))

EVERYTHING = Topology(
    "everything",
    (
        Node(
            "switch",
            (
                Bridge("br0", ("10.1.0.1/24",), vlan_filtering=True),
                Veth("port1", "eth0@host", bridge="br0", vlans=(Vlan(10, untagged=True), Vlan(20))),
                TunDevice("tap0", "tap", bridge="br0", mac="02:00:00:00:00:01", uid=0, gid=0),
            ),
            sysctls=(("net.ipv4.ip_forward", "1"),),
            commands=(("true", "a b"),),
        ),
        Node(
            "host",
            (Veth("eth0", "port1@switch", ("10.1.0.2/24", "fd00::2/64"), mtu=1400), TUN0),
            routes=(Route("default", via="10.1.0.1"), Route("10.9.0.0/16", device="tun0")),
        ),
    ),
    nameserver="10.1.0.1",
)


@pytest.mark.parametrize(
    "topology", [EVERYTHING, *(plan.topology for plan in LABS.values())], ids=lambda one: one.name
)
def test_a_topology_survives_the_way_to_the_helper(topology):
    assert Topology.from_json(topology.to_json()) == topology


def test_two_devices_of_one_name_in_one_node_are_refused():
    with pytest.raises(ValueError, match="used twice"):
        Topology("twins", (Node("a", (TUN0, TUN0)),))
    Topology("cousins", (Node("a", (TUN0,)), Node("b", (TUN0,))))


def test_two_nodes_of_one_name_are_refused():
    with pytest.raises(ValueError, match="used twice"):
        Topology("twins", (Node("a"), Node("a")))


@pytest.mark.parametrize("end", ["eth1@b", "eth0@c", "eth0", "tun0@b"])
def test_a_veth_whose_other_end_does_not_lead_back_is_refused(end):
    with pytest.raises(ValueError, match="other end of eth0@a"):
        Topology("open", (Node("a", (Veth("eth0", end),)), Node("b", (TUN0,))))


def test_a_port_without_its_bridge_is_refused():
    with pytest.raises(ValueError, match="no bridge"):
        Topology("loose", (Node("a", (TunDevice("tap0", "tap", bridge="br0"),)),))


def test_a_route_goes_one_way():
    for wrong in ({}, {"via": "10.0.0.1", "device": "tun0"}):
        with pytest.raises(ValueError, match="gateway or a device"):
            Route("default", **wrong)


def test_a_name_the_kernel_would_cut_is_refused():
    with pytest.raises(UsageError, match="15 bytes"):
        TunDevice("a" * 16, "tun")


def test_an_address_that_is_none_is_refused():
    with pytest.raises(ValueError, match="does not appear"):
        TunDevice("tun0", "tun", ("10.0.0.300/24",))


def test_devices_are_found_by_name_and_node():
    node, device = EVERYTHING.find("tun0@host")
    assert (node.name, device) == ("host", TUN0)
    for nowhere in ("tun0@switch", "tun0@nowhere", "tun0"):
        with pytest.raises(KeyError):
            EVERYTHING.find(nowhere)
    assert EVERYTHING.places == (
        "br0@switch", "port1@switch", "tap0@switch", "eth0@host", "tun0@host",
    )  # fmt: skip
