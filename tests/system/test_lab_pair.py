"""The lab `pair` as root and as a user without rights: traffic, and nothing left behind."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import termios
import time
from pathlib import Path

import pytest
from lab_recordings import packets_in, pipe_of, recording, tshark, wait_until
from lab_witness import LabWitness
from person import TUNSCOPE, USER
from terminal_transcript import Transcript


def test_ping_dns_and_http_flow_over_both_ip_versions_and_nothing_stays(person):
    witness = LabWitness(person.mark)
    with recording(person, "pair") as (child, file):
        wait_until(lambda: packets_in(file) >= 4, 10, "packets")
        witness.look()
        wait_until(
            lambda: tshark(file, "http and ipv6") and tshark(file, "dns and ipv6"), 15, "HTTP on v6"
        )
        child.send_signal(signal.SIGINT)
        _, words = child.communicate(timeout=10)
    assert child.returncode == 0, words
    assert "packets captured" in words
    for reply in ("icmp.type == 0", "icmpv6.type == 129", "dns.flags.response == 1 && dns.a"):
        assert tshark(file, reply), f"no {reply}"
    assert tshark(file, "dns.aaaa == fd00:9::2")
    assert tshark(file, "http.response.code == 200 and ip.src == 10.9.0.2")
    assert tshark(file, "http.response.code == 200 and ipv6.src == fd00:9::2")
    assert len(witness.namespaces) >= 5  # user, mount, PID and two network namespaces
    witness.assert_all_gone()


@pytest.mark.serial
def test_a_ping_is_answered_within_two_seconds_of_the_start(person):
    start = time.time()
    with recording(person, "pair") as (child, file):
        wait_until(lambda: packets_in(file) >= 4, 10, "packets")
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=10)
    ((first,), *_) = tshark(file, "icmp.type == 0", "frame.time_epoch")
    assert float(first) - start < 2


def test_directions_are_the_clients(person):
    with recording(person, "pair") as (child, file):
        wait_until(lambda: packets_in(file) >= 6, 10, "packets")
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=10)
    flags = {
        (source, flag[-1]) for source, flag in tshark(file, "ip", "ip.src", "frame.packet_flags")
    }
    assert flags == {("10.9.0.1", "2"), ("10.9.0.2", "1")}  # 2 outbound, 1 inbound


def test_the_servers_device_sees_the_same_packets_the_other_way(user):
    with recording(user, "pair", "--device", "tun1") as (child, file):
        wait_until(lambda: packets_in(file) >= 6, 10, "packets")
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=10)
    flags = {
        (source, flag[-1]) for source, flag in tshark(file, "ip", "ip.src", "frame.packet_flags")
    }
    assert flags == {("10.9.0.1", "1"), ("10.9.0.2", "2")}


def test_under_sudo_the_file_belongs_to_the_person_and_nothing_stays(user):
    witness = LabWitness(user.mark)
    user.uid = 0
    sudo = ("env", f"SUDO_UID={USER}", f"SUDO_GID={USER}")
    with recording(user, "pair", before=sudo) as (child, file):
        wait_until(lambda: packets_in(file) >= 6, 10, "packets")
        assert file.stat().st_uid == USER
        assert Path(f"/proc/{child.pid}").stat().st_uid == USER  # rights were dropped
        witness.look()
        child.send_signal(signal.SIGINT)
        _, words = child.communicate(timeout=10)
    assert child.returncode == 0, words
    witness.assert_all_gone()


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.25, 0.35, 0.5, 0.7, 1.5])
def test_nothing_is_left_when_tunscope_is_killed_at_any_moment(person, delay):
    witness = LabWitness(person.mark)
    with recording(person, "pair") as (child, _):
        time.sleep(delay)
        witness.look()
        child.kill()
        witness.look()
        child.communicate()
    witness.assert_all_gone()


def test_a_daemon_started_in_a_shell_does_not_outlive_a_killed_tunscope(person):
    witness = LabWitness(person.mark)
    child = person.popen(
        *TUNSCOPE, "lab", "pair", "--shell", "server",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        child.stdin.write("setsid sh -c 'sleep 600 & sleep 600' & echo started; cat >/dev/null\n")
        child.stdin.flush()
        assert child.stdout.readline() == "started\n"
        time.sleep(0.2)
        witness.look()
        left = witness.remaining()
        assert any("sleep 600" in words for words in left.values())
    finally:
        child.kill()
        child.communicate()
    witness.assert_all_gone()


def test_a_shell_runs_in_its_node_and_its_status_is_ours(person):
    script = (
        "hostname; id -u; ip -o -4 addr show dev tun1 | grep -o '10[.0-9/]*' | head -1\n"
        "ping -c1 -W2 client.lab.test >/dev/null && echo resolved; exit 7\n"
    )
    witness = LabWitness(person.mark)
    done = person.run(*TUNSCOPE, "lab", "pair", "--shell", "server", stdin=pipe_of(script))
    assert done.stdout.splitlines() == ["server", "0", "10.9.0.2/24", "resolved"], done.stderr
    assert done.returncode == 7
    witness.assert_all_gone()


def test_a_shell_in_no_node_is_refused_before_anything_is_written(person, tmp_path):
    kept = tmp_path / "kept.pcapng"
    done = person.run(*TUNSCOPE, "lab", "pair", "--shell", "blue", "--pcap", kept)
    assert done.returncode == 2
    assert done.stderr == (
        "tunscope: node blue: lab pair has no such node (it has client, server)\n"
    )
    assert not kept.exists()


def test_a_shell_in_a_terminal_has_job_control_and_gives_the_terminal_back(user):
    leader, follower = pty.openpty()
    os.set_blocking(leader, False)
    command = " ".join(TUNSCOPE)
    child = user.popen(
        "sh", "-c", f"{command} lab pair --shell client; echo status $?; read word; exit $word",
        stdin=follower, stdout=follower, stderr=follower,
        preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)),
    )  # fmt: skip
    os.close(follower)
    try:
        screen = Transcript(leader)
        screen.wait_for("ends the lab")
        screen.type("echo rea''dy; sleep 300\n")
        screen.wait_for("ready")
        time.sleep(0.3)
        screen.type("\x03")  # ends sleep, not the shell and not tunscope
        screen.type("echo st''ill in $(hostname)\n")
        screen.wait_for("still in client")
        screen.type("exit 3\n")
        screen.wait_for("status 3")
        screen.type("4\n")  # only the terminal's foreground process group may read this
        assert child.wait(10) == 4
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
        os.close(leader)


def test_where_user_namespaces_are_not_allowed_one_line_says_so(user):
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
    done = user.run(
        "unshare", "-Ur", "sh", "-c", forbid, "sh", *TUNSCOPE, "lab", "pair", "--no-tui"
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "tunscope: lab pair: this machine does not let you make user namespaces: "
        "No space left on device (see `tunscope doctor`)"
    ]


def test_where_dev_net_tun_is_closed_one_line_says_so(user):
    user.tun_mode = "600"
    witness = LabWitness(user.mark)
    file = user.folder / "none.pcapng"
    done = user.run(*TUNSCOPE, "lab", "pair", "--pcap", str(file))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "tunscope: lab pair: /dev/net/tun may not be opened by you: Permission denied "
        "(see `tunscope doctor`)"
    ]
    assert not file.exists()
    witness.assert_all_gone()


@pytest.mark.parametrize("option", ["--device", "--shell"])
def test_a_device_or_node_the_lab_has_not_is_a_usage_error(user, option):
    done = user.run(*TUNSCOPE, "lab", "pair", "--no-tui", option, "nonesuch")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "nonesuch" in done.stderr
    assert ("tun0@client, tun1@server" if option == "--device" else "client, server") in done.stderr
