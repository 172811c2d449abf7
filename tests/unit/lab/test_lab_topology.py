from __future__ import annotations

import pytest

from tunscope.errors import UsageError
from tunscope.lab.catalogue import LABS
from tunscope.lab.topology import Node, Relay, Topology, TunDevice

TUN0 = TunDevice("tun0", "tun", ("10.0.0.1/24",))
TUN1 = TunDevice("tun1", "tun", ("10.0.0.2/24",))


@pytest.mark.parametrize("plan", LABS.values(), ids=LABS)
def test_a_topology_survives_the_way_to_the_helper(plan):
    assert Topology.from_json(plan.topology.to_json()) == plan.topology


def test_two_devices_of_one_name_are_refused():
    with pytest.raises(ValueError, match="used twice"):
        Topology("twins", (Node("a", (TUN0,)), Node("b", (TUN0,))), Relay("tun0", "tun0"))


def test_a_relay_needs_devices_that_are_there():
    with pytest.raises(KeyError):
        Topology("half", (Node("a", (TUN0,)),), Relay("tun0", "tun1"))


def test_a_name_the_kernel_would_cut_is_refused():
    with pytest.raises(UsageError, match="15 bytes"):
        TunDevice("a" * 16, "tun", ())


def test_an_address_that_is_none_is_refused():
    with pytest.raises(ValueError, match="does not appear"):
        TunDevice("tun0", "tun", ("10.0.0.300/24",))


def test_devices_are_found_with_their_nodes():
    topology = Topology("two", (Node("a", (TUN0,)), Node("b", (TUN1,))), Relay("tun0", "tun1"))
    assert topology.device("tun1") is TUN1
    assert topology.node_of("tun1").name == "b"
    assert topology.relay.other("tun1") == "tun0"
