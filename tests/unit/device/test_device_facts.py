from __future__ import annotations

import json

from tunscope.device.facts import DeviceFacts, Owner, VethPeer
from tunscope.packet.linktype import LinkType


def test_facts_survive_json_with_owner_and_peer() -> None:
    facts = DeviceFacts(
        "tun0",
        3,
        "tun",
        "up",
        1500,
        65534,
        addresses=("10.9.0.1/24",),
        peer=VethPeer(4, "veth1", "blue"),
        owner=Owner(77, "/usr/sbin/openvpn --config a"),
    )
    value = json.loads(json.dumps(facts.to_json()))
    assert value["linktype"] == LinkType.RAW
    assert DeviceFacts.from_json(value) == facts


def test_an_unknown_hardware_type_has_no_link_type() -> None:
    facts = DeviceFacts("mon0", 3, "wifi", "up", 1500, 803)
    assert facts.linktype is None
    assert facts.to_json()["linktype"] is None


def test_an_owner_is_shown_by_program_and_pid() -> None:
    assert str(Owner(7748, "/usr/sbin/openvpn --config x")) == "openvpn (pid 7748)"
