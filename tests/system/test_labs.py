"""Every lab as root and as a user without rights: its packets, and nothing left behind."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest
from lab_recordings import counts, packets_in, pipe_of, recording, tshark, wait_until
from lab_witness import LabWitness
from person import TUNSCOPE, USER

from tunscope.lab.catalogue import LABS

PING, REPLY = "icmp.type == 8", "icmp.type == 0"

#: What tshark must find, and what the first words on stderr must say.
SEEN: dict[str, tuple[tuple[str, ...], str]] = {
    "tun": ((f"{PING} && ip.src == 192.168.10.11",), "attached to tun0"),
    "tap": (("arp.opcode == 1 && eth.src == 02:00:00:00:00:11",), "attached to tap0"),
    "write": (
        (f"{PING} && ip.src == 192.168.10.12", f"{REPLY} && ip.src == 192.168.10.11"),
        "observing tun0, owned by python",
    ),
    "persist": ((f"{PING} && ip.dst == 192.168.10.12",), "observing tun0, "),
    "pair": ((f"{REPLY} && ip.src == 10.9.0.2", "dns.a", "http.response"), "attached to tun0"),
    "veth": ((f"{REPLY} && ip.src == 10.1.1.2", "http.response"), "observing eth0"),
    "bridge": (
        ("arp.opcode == 1", f"{REPLY} && ip.src == 10.1.2.3 && eth.src == 02:00:00:00:02:03"),
        "observing br0",
    ),
    "vlan": (("vlan.id == 10 && icmp", "vlan.id == 20 && icmp"), "observing trunk"),
    "dhcp": (
        tuple(f"dhcp.option.dhcp == {kind}" for kind in (1, 2, 3, 5)),
        "observing eth0",
    ),
    "nat": (
        (f"{REPLY} && ip.dst == 192.0.2.2", f"{REPLY} && ip.dst == 10.88.0.2", "http.response"),
        "observing eth0",
    ),
    "vpn": (
        (f"{REPLY} && ip.src == 10.8.0.2", "http.response", "udp.port == 1194"),
        "owned by openvpn",
    ),
    "overlay": (
        (
            f"{REPLY} && ip.src == 10.244.2.2",
            "udp.port == 8285 && ip.src == 192.168.50.1",
            "udp.port == 8285 && ip.src == 192.168.50.2",
        ),
        "attached to flannel",
    ),
    "router": ((f"{PING} && ip.dst == 10.20.1.1",), "attached to tun0"),
}
#: What must not be there.
UNSEEN = {
    "tun": REPLY,
    "tap": "ip",
    "router": "ip.dst == 192.168.7.1 || ip.dst == 203.0.113.9",
}
#: The device inside and the one outside of a tunnel.
TUNNELS = {"vpn": ("tun0", "eth0"), "overlay": ("flannel", "eth0")}


def kernel_filters_vlans() -> bool:
    words = "ip link add name br0 type bridge vlan_filtering 1"
    done = subprocess.run(["unshare", "-n", *words.split()], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.parametrize("lab", LABS)
def test_the_packets_of_the_lab_are_there_and_nothing_is_left(person, lab):
    """As root it ends by Ctrl-C, for a user by SIGKILL."""
    filters, first_words = SEEN[lab]
    witness = LabWitness(person.mark)
    with recording(person, lab) as (child, file):
        if lab == "vlan" and not kernel_filters_vlans():
            _, words = child.communicate(timeout=20)
            assert (child.returncode, words.count("\n")) == (1, 1)
            assert "this kernel does not offer it: VLAN filtering" in words
            assert not file.exists()
            return
        wait_until(lambda: all(counts(file, filters)), 20, f"{filters}")
        witness.look()
        child.send_signal(signal.SIGINT if person.name == "root" else signal.SIGKILL)
        _, words = child.communicate(timeout=20)
    assert child.returncode == (0 if person.name == "root" else -signal.SIGKILL), words
    assert first_words in words.splitlines()[0]
    if lab in UNSEEN:
        assert counts(file, (UNSEEN[lab],)) == [0]
    witness.assert_all_gone()
    if lab in TUNNELS:
        assert_linked(file, *TUNNELS[lab])


def assert_linked(file: Path, inside: str, outside: str) -> None:
    """Packets of one id are a pair: a ping inside, and the datagram whose payload it is."""
    fields = ("frame.packet_id", "frame.interface_name", "ip.id", "udp.payload", "ip.proto")
    pairs: dict[str, dict[str, list[str]]] = {}
    for number, device, *rest in tshark(file, "frame.packet_id", *fields):
        assert device not in pairs.setdefault(number, {}), f"{number} twice on {device}"
        pairs[number][device] = rest
    whole = [pair for pair in pairs.values() if len(pair) == 2]
    assert len(pairs) - len(whole) <= 2  # cut at the end
    assert whole
    for pair in whole:
        identification, carried = pair[inside][0], pair[outside][1].replace(":", "")
        assert carried.startswith("45")
        assert int(carried[8:12], 16) == int(identification, 16)


@pytest.mark.parametrize(
    ("lab", "device", "wanted"),
    [
        ("bridge", "tap0", "icmp && eth.dst == 02:00:00:00:02:03"),
        ("bridge", "eth0@vm", "icmp && eth.src == 02:00:00:00:02:03"),
        ("router", "eth0@box", "ip.dst == 203.0.113.9"),
        ("vpn", "eth0@there", "udp.port == 1194"),
        ("overlay", "flannel@host2", f"{PING} && ip.dst == 10.244.2.2"),
        ("overlay", "eth0@pod1", f"{REPLY} && ip.src == 10.244.2.2"),
    ],
)
def test_another_device_of_the_lab_can_be_shown(user, lab, device, wanted):
    with recording(user, lab, "--device", device) as (child, file):
        wait_until(lambda: counts(file, (wanted,))[0], 20, wanted)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=20)
    assert child.returncode == 0


@pytest.mark.parametrize(
    ("lab", "words", "limited", "limit"),
    [
        ("pair", ("-f", "icmp", "-c", "6", "-s", "60"), "icmp && frame.cap_len <= 60", 6),
        ("overlay", ("-a", "packets:3"), 'frame.interface_name == "flannel"', 3),
    ],
)
def test_a_recording_ends_by_itself_at_its_limit(user, lab, words, limited, limit):
    """In the overlay the limit is that of the first of two devices."""
    with recording(user, lab, *words) as (child, file):
        _, said = child.communicate(timeout=30)
    assert child.returncode == 0, said
    assert counts(file, (limited,)) == [limit]
    if lab == "pair":
        assert packets_in(file) == limit


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("-a", "files:2"), "-a files: there is only one file"),
        (("-a", "weight:2"), "-a weight:2: no such condition"),
        (("-c", "0"), "Invalid value for '-c' / '--count'"),
        (("-f", "tcp prt 80"), "capture filter 'tcp prt 80'"),
    ],
)
def test_a_wrong_limit_is_told_before_anything_is_recorded(user, words, why):
    with recording(user, "pair", *words) as (child, file):
        _, said = child.communicate(timeout=30)
    assert child.returncode == 2
    assert why in said
    assert packets_in(file) == 0


def test_under_sudo_devices_that_are_not_shown_have_their_owner(user):
    witness = LabWitness(user.mark)
    user.uid = 0
    sudo = ("env", f"SUDO_UID={USER}", f"SUDO_GID={USER}")
    wanted = SEEN["bridge"][0]
    with recording(user, "bridge", before=sudo) as (child, file):
        wait_until(lambda: all(counts(file, wanted)), 20, f"{wanted}")
        witness.look()
        child.send_signal(signal.SIGINT)
        _, words = child.communicate(timeout=20)
    assert child.returncode == 0, words
    witness.assert_all_gone()


def test_the_summary_counts_the_packets_of_all_devices(user):
    with recording(user, "overlay") as (child, file):
        wait_until(lambda: all(counts(file, SEEN["overlay"][0])), 20, "packets inside and outside")
        child.send_signal(signal.SIGINT)
        _, words = child.communicate(timeout=20)
    assert child.returncode == 0, words
    assert f"{packets_in(file)} packets captured\n" in words


def test_on_a_full_disk_several_devices_leave_a_whole_file_and_say_so(user):
    limited = ("prlimit", "--fsize=4000")
    with recording(user, "overlay", before=limited) as (child, file):
        _, words = child.communicate(timeout=20)
    assert child.returncode == 1, words
    assert words.splitlines()[-1] == "tunscope: output: the disk is full"
    assert "reader" not in words
    done = subprocess.run(["tshark", "-nr", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr  # 2 for a file that is cut inside a block
    assert done.stdout


def test_a_device_that_goes_while_another_is_recorded_is_told_and_counted(tmp_path):
    from tunscope.engine.ending import end_capture
    from tunscope.engine.options import CaptureOptions
    from tunscope.engine.protocol import StopReason
    from tunscope.lab.catalogue import find_lab
    from tunscope.lab.lab import Lab

    file = tmp_path / "overlay.pcapng"
    news: list[str] = []
    with file.open("wb") as output, Lab(find_lab("overlay")) as running:
        client, _ = running.open(output.fileno(), CaptureOptions())
        client.start()
        running.start_traffic()
        wait_until(lambda: all(counts(file, SEEN["overlay"][0])), 20, "packets inside and outside")
        running.namespaces.spawn("host1", ("ip", "link", "del", "eth0"))
        gone = "eth0@host1 is recorded no more: the device was deleted"
        wait_until(lambda: gone in news or news.extend(running.failures()), 10, gone)
        inside = end_capture(client, client.poll)
        beside = running.end_recording()
        client.close()
    assert inside.reason is StopReason.ASKED
    assert beside.error is not None
    assert beside.error.what == "eth0"
    assert inside.counters.captured + beside.counters.captured == packets_in(file)


@pytest.mark.parametrize("lab", ["tun", "tap"])
def test_with_respond_the_ping_is_answered(user, lab):
    with recording(user, lab, "--respond") as (child, file):
        wait_until(lambda: counts(file, (REPLY,))[0], 20, "reply")
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=20)
    assert counts(file, (f"{REPLY} && ip.src == 192.168.10.12",))[0]


def test_a_lab_that_was_kept_is_entered_and_ended_as_it_says(person):
    witness = LabWitness(person.mark)
    with recording(person, "pair", "--keep") as (child, file):
        wait_until(lambda: packets_in(file) >= 4, 10, "packets")
        witness.look()
        child.send_signal(signal.SIGINT)
        _, words = child.communicate(timeout=20)
    assert child.returncode == 0, words
    lines = [line.strip() for line in words.splitlines()]
    enter = next(line for line in lines if line.startswith("client: ")).removeprefix("client: ")
    end = next(line for line in lines if "kill " in line).partition("kill ")[2]
    try:
        done = person.run(*shlex.split(enter), "ping", "-n", "-c1", "-W5", "10.9.0.2")
        assert "1 received" in done.stdout, done
    finally:
        os.kill(int(end), signal.SIGTERM)
    witness.assert_all_gone()


def test_a_shell_of_the_lab_has_the_device(user):
    script = "ip -br addr show tun0; exit 5\n"
    done = user.run(*TUNSCOPE, "lab", "persist", "--shell", "box", stdin=pipe_of(script))
    assert "192.168.10.11/24" in done.stdout, done
    assert done.returncode == 5


def test_beside_a_shell_held_packets_are_released_and_fields_edited(user, monkeypatch):
    """`tunscope hold` finds the device, and a rule that needs a dissector gets its answer."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(user.folder))
    relayed = ("--rule", "dns.a => set dns.a = 10.9.0.77", "--hold", "icmp.type == 0")
    with recording(user, "pair", "--shell", "client", *relayed, stdin=subprocess.PIPE) as (
        child,
        file,
    ):
        wait_until(lambda: counts(file, ("dns.a == 10.9.0.77",))[0], 20, "edited answer")
        wait_until(lambda: counts(file, (REPLY,))[0], 20, "held reply")
        done = user.run(*TUNSCOPE, "hold", "tun0", "--release", "all")
        assert done.returncode == 0, done
        child.stdin.write("exit 4\n")
        child.stdin.close()
        assert child.wait(20) == 4


def test_a_program_comes_and_goes_and_the_device_stays():
    from test_lab_namespaces import output_of

    from tunscope.lab.namespaces import Namespaces
    from tunscope.lab.plans.persist import PERSIST
    from tunscope.lab.traffic import bare_program

    running = Namespaces(PERSIST.topology)
    try:
        visitor = bare_program("visitor", "box", "tun0", "tun", "0.4", "0.4")
        running.spawn("box", visitor.argv)
        states = []
        deadline = time.monotonic() + 10
        while len(states) < 4:
            assert time.monotonic() < deadline, states
            text = output_of(running, "box", "ip", "-br", "addr", "show", "tun0")
            assert "192.168.10.11/24" in text
            attached = "DOWN" not in text
            if not states or states[-1] != attached:
                states.append(attached)
    finally:
        running.close()


@pytest.mark.parametrize(
    "words", [("vpn", "--respond"), ("pair", "--respond"), ("write", "--respond")]
)
def test_respond_is_refused_where_somebody_is_there_already(user, words):
    done = user.run(*TUNSCOPE, "lab", *words, "--no-tui")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("tunscope: --respond: ")
