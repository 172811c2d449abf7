"""Rules on a real device: the kernel feels them, and the file tells of them."""

from __future__ import annotations

from pathlib import Path

from capturing import capturing, tshark_fields
from network_namespace import NetworkNamespace


def test_rules_act_and_are_recorded(netns: NetworkNamespace, tmp_path: Path) -> None:
    netns.disable_ipv6()
    file, rules = tmp_path / "out.pcapng", tmp_path / "rules.toml"
    rules.write_text('seed = 7\n[[rule]]\nfilter = "ip.dst == 10.9.0.5"\naction = "drop"\n')
    words = ("tun0", "--addr", "10.9.0.1/24", "--pcap", file, "--peer", "respond")
    words += ("--rules", rules, "--rule", "icmp.type == 0 => delay 80ms", "--rule")
    with capturing(netns, *words, "icmp.type == 8 => set ip.ttl=3") as capture:
        lost = netns.run("ping", "-c", "1", "-W", "1", "10.9.0.5", check=False)
        assert lost.returncode == 1
        slow = netns.run("ping", "-c", "2", "-i", "0.2", "10.9.0.2").stdout
        fastest = float(slow.rsplit("= ", 1)[1].split("/")[0])
        assert fastest >= 80
        assert capture.interrupt() == 0
    assert "1 packets chosen by rule 1: ip.dst == 10.9.0.5 => drop" in capture.stderr
    assert "(seed 7)" in capture.stderr
    rows = tshark_fields(file, "ip.ttl", "frame.packet_id", "frame.comment", "icmp.type")
    assert rows[0] == ["64", "", "tunscope: dropped by rule 1", "8"]
    assert rows[1] == ["64", "1", "tunscope: edited by rule 3", "8"]
    assert rows[2] == ["3", "1", "tunscope: edited from #2: ip.ttl 64 -> 3", "8"]
    assert rows[3][2].startswith("tunscope: delayed 80.0")


def test_an_application_field_is_set_by_the_front_end(
    netns: NetworkNamespace, tmp_path: Path
) -> None:
    netns.disable_ipv6()
    file, hosts = tmp_path / "out.pcapng", tmp_path / "hosts"
    hosts.write_text("10.9.0.42 answer.test\n")
    peer = f"respond:dns={hosts}"
    words = ("tun0", "--addr", "10.9.0.1/24", "--pcap", file, "--peer", peer)
    rule = "dns.flags.response == 0 => set dns.qry.name=answer.test"
    code = """
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5)
query = struct.pack(">6H", 7, 256, 1, 0, 0, 0) + b"\\5wrong\\4test\\0" + struct.pack(">2H", 1, 1)
s.sendto(query, ("10.9.0.53", 53)); print(socket.inet_ntoa(s.recv(512)[-4:]))
"""
    with capturing(netns, *words, "--rule", rule) as capture:
        assert netns.python(code).stdout.strip() == "10.9.0.42"
        assert capture.interrupt() == 0
    rows = tshark_fields(file, "dns.qry.name", "frame.comment")
    assert [row[0] for row in rows] == ["wrong.test", "answer.test", "answer.test"]
    assert rows[1][1] == "tunscope: edited from #1: dns.qry.name -> answer.test"


def test_a_mistake_makes_no_device(netns: NetworkNamespace, tmp_path: Path) -> None:
    file = str(tmp_path / "x.pcapng")
    done = netns.tunscope("tun0", "--pcap", file, "--rule", "icmp.typ == 8 => drop")
    assert done.returncode == 2
    first, second, third = done.stderr.splitlines()
    assert "did you mean icmp.type" in first
    assert second == "icmp.typ == 8 => drop"
    assert third == "^~~~~~~~"
    done = netns.tunscope("lo", "--pcap", file, "--rule", "icmp => drop")
    assert done.returncode == 2
    assert "need a device that tunscope owns" in done.stderr
