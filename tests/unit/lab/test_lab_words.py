from __future__ import annotations

import errno
import os

import pytest

from tunscope.errors import UsageError
from tunscope.lab.catalogue import LABS, describe_labs, find_lab
from tunscope.lab.explain import explain
from tunscope.lab.namespaces import construction_error
from tunscope.lab.plans.pair import PAIR, traffic


def test_every_lab_is_described_by_a_line_and_a_diagram():
    text = describe_labs()
    for plan in LABS.values():
        assert plan.summary in text
        assert plan.diagram in text
        assert len(plan.summary) <= 90
        assert max(len(line) for line in plan.diagram.splitlines()) <= 80
        assert plan.diagram.isascii()


def test_an_unknown_lab_is_a_usage_error_that_names_those_there_are():
    with pytest.raises(UsageError, match=r"lab nonesuch: .*there are: pair"):
        find_lab("nonesuch")


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
