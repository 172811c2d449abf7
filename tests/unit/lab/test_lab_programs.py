from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import tunscope
from tunscope.lab.barepython import bare_command
from tunscope.lab.programs.echo import ICMP_ECHO, ICMPV6_ECHO, echo_request
from tunscope.lab.programs.writer import echo_packet
from tunscope.lab.traffic import nameserver, ping

PROGRAMS = Path(tunscope.__file__).parent / "lab" / "programs"
BARE = [
    "tunscope.lab.helper",
    "tunscope.lab.enter",
    "tunscope.lab.caretaker",
    "tunscope.lab.weaver",
    *(f"tunscope.lab.programs.{path.stem}" for path in sorted(PROGRAMS.glob("[a-z]*.py"))),
]


@pytest.mark.parametrize("module", BARE)
def test_a_bare_interpreter_can_import_it(module):
    root = str(Path(tunscope.__file__).parent.parent)
    code = (
        f"import sys, json; sys.path.append({root!r}); import {module}; "
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    tops = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert tops - sys.stdlib_module_names <= {"tunscope", "__main__", "__mp_main__"}


def test_the_callers_python_settings_do_not_reach_a_program(tmp_path):
    (tmp_path / "socket.py").write_text("raise SystemExit('the current folder was searched')")
    done = subprocess.run(
        bare_command("tunscope.lab.programs.lookup"),
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "current folder" not in done.stderr
    assert "ValueError" in done.stderr  # it ran as far as its missing arguments


def test_scapy_finds_the_checksum_of_an_echo_request_right():
    from scapy.layers.inet import ICMP

    raw = echo_request(ICMP_ECHO, 77, 3)
    message = ICMP(raw)
    assert (message.type, message.id, message.seq) == (8, 77, 3)
    del message.chksum
    assert bytes(message) == raw


def test_an_icmpv6_echo_request_leaves_its_checksum_to_the_kernel():
    assert echo_request(ICMPV6_ECHO, 77, 0x10003)[:8] == bytes([128, 0, 0, 0, 0, 77, 0, 3])


def test_ping_is_the_systems_where_there_is_one(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name, path: f"/bin/{name}")
    assert ping("client", "10.9.0.2", 1.5).argv == ("ping", "-n", "-i", "1.5", "10.9.0.2")


def test_without_a_ping_our_own_takes_its_place(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name, path: None)
    argv = ping("client", "10.9.0.2", 1.5).argv
    assert argv == bare_command("tunscope.lab.programs.echo", "1.5", "10.9.0.2")


def test_a_nameserver_is_told_every_address_of_a_name():
    program = nameserver("server", ["10.9.0.2"], {"a.test": ("10.9.0.2", "fd00::2")})
    assert program.ready
    assert program.argv[-3:] == ("10.9.0.2", "a.test=10.9.0.2", "a.test=fd00::2")


def test_scapy_finds_what_the_writer_writes_right():
    from scapy.layers.inet import ICMP, IP

    raw = echo_packet("192.168.10.12", "192.168.10.11", 5)
    packet = IP(raw)
    assert (packet.src, packet.dst, packet.ttl, packet.proto) == (
        "192.168.10.12", "192.168.10.11", 64, 1,
    )  # fmt: skip
    assert (packet[ICMP].type, packet[ICMP].seq) == (8, 5)
    del packet.chksum, packet.len, packet[ICMP].chksum
    assert bytes(packet) == raw
