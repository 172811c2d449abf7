from __future__ import annotations

import errno
import os

import pytest

from tunscope.errors import TunscopeError, UsageError
from tunscope.lab.catalogue import LABS, describe_labs, find_lab
from tunscope.lab.explain import explain
from tunscope.lab.lab import check_programs
from tunscope.lab.namespaces import construction_error
from tunscope.lab.plans.bridge import BRIDGE
from tunscope.lab.plans.overlay import OVERLAY
from tunscope.lab.plans.pair import PAIR, traffic
from tunscope.lab.plans.vpn import VPN
from tunscope.lab.traffic import search_path


def test_every_lab_is_described_by_a_line_and_a_diagram():
    text = describe_labs()
    assert max(map(len, text.splitlines())) <= 80  # a terminal's width
    for plan in LABS.values():
        assert plan.summary in text
        assert plan.diagram in text
        assert plan.diagram.isascii()


def test_an_unknown_lab_is_a_usage_error_that_names_those_there_are():
    with pytest.raises(UsageError, match=r"lab nonesuch: .*there are: tun, tap, write, "):
        find_lab("nonesuch")


def test_there_is_every_lab_of_the_textbook():
    assert list(LABS) == [
        "tun", "tap", "write", "persist", "pair", "veth", "bridge", "vlan", "dhcp", "nat", "vpn",
        "overlay", "router",
    ]  # fmt: skip


def test_a_device_is_meant_by_its_name_or_with_its_node():
    assert OVERLAY.place("cni0@host2") == "cni0@host2"
    assert BRIDGE.place("tap0") == "tap0@switch"
    assert VPN.place("tun0@there") == "tun0@there"
    with pytest.raises(UsageError, match=r"several nodes of lab overlay.*flannel@host1, flannel@h"):
        OVERLAY.place("flannel")
    with pytest.raises(UsageError, match=r"--device tun9: is not in this lab"):
        OVERLAY.place("tun9")


def test_devices_that_need_an_owner_have_one_whatever_is_shown():
    both = ("flannel@host1", "flannel@host2")
    assert OVERLAY.kept(["flannel@host1", "eth0@host1"]) == ("flannel@host2",)
    assert OVERLAY.kept(["eth0@pod1"]) == both
    assert OVERLAY.kept(both) == ()
    assert BRIDGE.kept(["br0@switch"]) == ("tap0@switch",)
    assert BRIDGE.kept(["eth0@vm"]) == BRIDGE.kept(["tap0@switch"]) == ()
    assert PAIR.kept(["tun1@server"]) == ()


def test_a_missing_program_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name, path: None)
    with pytest.raises(TunscopeError, match=r"lab vpn: needs openvpn \(sudo apt install openvpn"):
        check_programs(VPN)
    check_programs(PAIR)


def test_programs_of_root_are_found_by_a_person_whose_path_lacks_their_folder(monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert search_path().split(":")[:2] == ["/usr/bin", "/bin"]
    assert "/usr/sbin" in search_path().split(":")


def test_explain_shows_the_commands_for_every_device():
    lines = explain(PAIR).splitlines()
    assert "ip netns add client" in lines
    assert "ip -n client tuntap add dev tun0 mode tun" in lines
    assert "ip -n client addr add 10.9.0.1/24 dev tun0" in lines
    assert "ip -n server addr add fd00:9::2/64 dev tun1" in lines
    assert "# ip netns exec client tunscope tun0 --peer device:tun1@server &" in lines
    assert lines.index("ip netns add server") < lines.index("ip -n server link set tun1 up")
    assert "ip netns del server" in lines


@pytest.mark.parametrize(
    ("step", "number", "words"),
    [
        ("user namespace", errno.EPERM, "does not let you make user namespaces"),
        ("user namespace", errno.ENOSPC, "does not let you make user namespaces"),
        ("/dev/net/tun", errno.EACCES, "/dev/net/tun may not be opened by you"),
        ("/dev/net/tun", errno.ENOENT, "/dev/net/tun: No such file"),
        ("VLAN filtering", errno.EOPNOTSUPP, "this kernel does not offer it: VLAN filtering"),
    ],
)
def test_what_the_machine_forbids_is_said_with_the_way_out(step, number, words):
    text = str(construction_error("pair", step, number, os.strerror(number)))
    assert text.startswith("lab pair: ")
    assert words in text
    assert text.endswith("(see `tunscope doctor`)")
    assert "\n" not in text


def test_without_ipv6_no_program_uses_an_ipv6_address():
    for program in traffic(False):
        used = [word for word in program.argv if "=" not in word]  # AAAA records travel over IPv4
        assert "fd00" not in " ".join(used)


def test_with_ipv6_the_traffic_uses_both_versions():
    words = " ".join(word for program in traffic(True) for word in program.argv)
    assert "http://10.9.0.2/" in words
    assert "http://[fd00:9::2]/" in words
