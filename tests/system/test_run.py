"""`tunscope run -- CMD` as root and as a user without rights, with whatever leads outside."""

from __future__ import annotations

import contextlib
import fcntl
import http.server
import os
import pty
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_witness import LabWitness
from person import CHECKOUT, TUNSCOPE, Person, person_of
from terminal_transcript import Transcript

HOST = "10.0.2.2"  # the host's loopback, as the command sees it
GET = """
import sys, urllib.request
sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=9).read().decode())
"""
UPLINKS = ["slirp4netns", "passt"]
EVERY_WAY_OUTSIDE = pytest.mark.parametrize(
    "words",
    [
        ("--via", "slirp4netns"),
        ("--via", "passt"),
        ("--observe", "--via", "slirp4netns"),
        ("--observe", "--via", "pasta"),
    ],
    ids=["slirp4netns", "passt", "slirp4netns-tap", "pasta-tap"],
)
#: For a shell: the command that follows, alone, with nothing said of it.
ALONE = f"{' '.join(TUNSCOPE)} run --offline --no-tui -q --"


class _Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"x" * int(self.path.rpartition("=")[2]) if "=" in self.path else b"the answer"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a web server on the host's loopback."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def run(person: Person, *words: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
    return person.run(*TUNSCOPE, "run", *words, **kwargs)


def get(url: str) -> tuple[str, ...]:
    return ("--", sys.executable, "-c", GET, url)


def tshark(file: Path, display_filter: str, *fields: str) -> list[list[str]]:
    words = ["tshark", "-n", "-r", str(file), "-Y", display_filter, "-T", "fields"]
    for name in fields or ("frame.number",):
        words += ["-e", name]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.parametrize("via", UPLINKS)
def test_request_and_answer_are_in_the_file_and_nothing_else_of_the_host(person, port, via):
    witness = LabWitness(person.mark)
    file = person.folder / "run.pcapng"
    url = f"http://127.0.0.1:{port}/of-the-host"
    stop = threading.Event()

    def chatter() -> None:
        while not stop.wait(0.01):
            urllib.request.urlopen(url).read()

    thread = threading.Thread(target=chatter)
    thread.start()
    try:
        done = run(person, "--via", via, "--pcap", str(file), *get(f"http://{HOST}:{port}/mine"))
    finally:
        stop.set()
        thread.join()
    assert (done.returncode, done.stdout) == (0, "the answer"), done.stderr
    assert done.stderr.startswith("tunscope: ")
    assert len(done.stderr.splitlines()) == 1
    assert tshark(file, "http.request", "http.request.uri") == [["/mine"]]
    assert tshark(file, "http.response.code == 200", "ip.src") == [[HOST]]
    ends = {end for row in tshark(file, "ip", "ip.src", "ip.dst") for end in row}
    assert ends == {"10.0.2.100", HOST}
    assert not tshark(file, "ipv6")
    assert file.stat().st_uid == (0 if person.name == "root" else person.uid)
    witness.assert_all_gone()


@pytest.mark.parametrize("via", ["slirp4netns", "pasta"])
def test_observed_the_packets_of_the_programs_own_tap_are_seen(person, port, via):
    witness = LabWitness(person.mark)
    file = person.folder / "run.pcapng"
    words = ("--observe", "--via", via, "--pcap", str(file))
    done = run(person, *words, *get(f"http://{HOST}:{port}/mine"))
    assert (done.returncode, done.stdout) == (0, "the answer"), done.stderr
    assert tshark(file, 'http.request.uri == "/mine"')
    assert tshark(file, "http.response.code == 200")
    witness.assert_all_gone()


@pytest.mark.parametrize("via", UPLINKS)
def test_a_large_mtu_carries_large_segments_whole(user, port, via):
    file = user.folder / "run.pcapng"
    words = ("--via", via, "--mtu", "65520", "-s", "256", "--pcap", str(file))
    done = run(user, *words, *get(f"http://{HOST}:{port}/bytes=3000000"))
    assert (done.returncode, len(done.stdout)) == (0, 3_000_000), done.stderr
    rows = tshark(file, f"tcp.srcport == {port}", "frame.len", "frame.cap_len", "tcp.len")
    assert max(int(length) for length, _, _ in rows) > 20_000
    assert max(int(kept) for _, kept, _ in rows) == 256
    assert sum(int(payload) for _, _, payload in rows) >= 3_000_000


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (("sh", "-c", "exit 7"), 7),
        (("sh", "-c", "kill -9 $$"), 137),
        (("no-such-program",), 127),
        (("/etc/passwd",), 126),
    ],
)
def test_the_exit_status_is_the_commands(user, command, status):
    done = run(user, "--offline", "--no-tui", "-q", "--", *command)
    assert (done.returncode, done.stdout) == (status, "")
    assert len(done.stderr.splitlines()) == (status in {126, 127})


def test_standard_streams_are_the_commands_and_it_runs_as_the_person(person):
    script = "cat; id -u; echo oops >&2"
    read_end, write_end = os.pipe()
    os.write(write_end, b"given\n")
    os.close(write_end)
    done = run(person, "--offline", "--no-tui", "-q", "--", "sh", "-c", script, stdin=read_end)
    os.close(read_end)
    uid = 0 if person.name == "root" else person.uid
    assert (done.returncode, done.stdout, done.stderr) == (0, f"given\n{uid}\n", "oops\n")


def test_behind_sudo_the_command_is_the_persons_and_so_is_what_it_writes(tmp_path):
    with person_of("sudo", tmp_path) as person:
        made, file = person.folder / "made", person.folder / "run.pcapng"
        witness = LabWitness(person.mark)
        script = f"id -u; cat /etc/shadow; grep -E '^(Uid|CapEff)' /proc/self/status; echo >{made}"
        done = run(person, "--pcap", str(file), "--", "sh", "-c", script)
        uid = str(person.uid)
        assert done.stdout.split() == [uid, "Uid:", *[uid] * 4, "CapEff:", "0" * 16], done.stderr
        assert "/etc/shadow: Permission denied" in done.stderr
        assert (made.stat().st_uid, file.stat().st_uid) == (person.uid, person.uid)
        witness.assert_all_gone()


def test_a_capture_on_stdout_moves_the_commands_output_to_stderr(user):
    with user.popen(
        *TUNSCOPE, "run", "--offline", "-q", "--pcap", "-", "--",
        "sh", "-c", "echo words; ping -c1 -W2 192.0.2.7 >/dev/null",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as child:  # fmt: skip
        out, err = child.communicate(timeout=30)
    assert (child.returncode, err) == (0, b"words\n")
    judged = subprocess.run(
        ["tshark", "-n", "-r", "-", "-Y", "icmp", "-T", "fields", "-e", "icmp.type"],
        input=out, capture_output=True, check=True,
    )  # fmt: skip
    assert judged.stdout.split() == [b"8", b"0"]


def test_who_stops_reading_the_capture_hangs_the_command_up_and_says_so(user):
    script = "trap 'echo hung up; exit 4' HUP; echo ready; while :; do ping -c1 -W1 192.0.2.7; done"
    with user.popen(
        *TUNSCOPE, "run", "--offline", "-q", "--pcap", "-", "--", "sh", "-c", f"{script} >&2",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        assert child.stderr.readline() == "ready\n"
        child.stdout.close()
        lines = child.stderr.read().splitlines()
        assert child.wait(10) == 4
    assert "tunscope: sh is hung up, since the capture ended: reader gone" in lines
    assert "hung up" in lines


def test_rules_act_on_the_commands_packets_before_they_get_outside(user):
    file = user.folder / "run.pcapng"
    rule = "icmp.type == 0 => set ip.ttl=7"
    done = run(
        user, "--via", "slirp4netns", "--rule", rule, "--pcap", str(file), "--",
        "ping", "-c1", "-W5", HOST,
    )  # fmt: skip
    assert "ttl=7 " in done.stdout, done.stderr
    assert tshark(file, "icmp.type == 0 and ip.ttl == 7", "ip.src") == [[HOST]]


def test_held_packets_wait_and_go_on(user):
    file = user.folder / "run.pcapng"
    done = run(
        user, "--offline", "--hold", "icmp.type == 8", "--hold-time", "0.4", "--pcap", str(file),
        "--", "ping", "-c1", "-W5", "192.0.2.7",
    )  # fmt: skip
    assert "1 received" in done.stdout, done.stderr
    ((comments,),) = tshark(file, 'frame.comment contains "released"', "frame.comment")
    assert "released after 0.4 s" in comments


@pytest.mark.parametrize("via", UPLINKS)
def test_known_names_are_answered_by_tunscope(user, port, via):
    (user.folder / "hosts").write_text(f"{HOST} known.test\n")
    file = user.folder / "run.pcapng"
    words = ("--via", via, "--respond", f"dns={user.folder}/hosts", "--pcap", str(file))
    done = run(user, *words, *get(f"http://known.test:{port}/named"))
    assert (done.returncode, done.stdout) == (0, "the answer"), done.stderr
    assert tshark(file, 'dns.a == 10.0.2.2 and dns.resp.name == "known.test"')
    assert tshark(file, 'http.request.uri == "/named"')


def test_offline_responders_answer_and_nothing_gets_outside(person, port):
    file = person.folder / "run.pcapng"
    done = run(
        person, "--offline", "--respond", "tcp-rst", "--pcap", str(file), "--",
        sys.executable, "-c",
        "import socket, subprocess, sys\n"
        "sys.stdout.write(subprocess.run(['ping', '-c1', '-W2', '192.0.2.7'],\n"
        "    capture_output=True, text=True).stdout.splitlines()[-2])\n"
        "try:\n"
        f"    socket.create_connection(('{HOST}', {port}), 5)\n"
        "except ConnectionRefusedError:\n"
        "    print(', refused')\n",
    )  # fmt: skip
    assert "1 received" in done.stdout, done.stderr
    assert done.stdout.endswith(", refused\n")
    assert tshark(file, f"tcp.flags.reset == 1 and tcp.srcport == {port}")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.mark.parametrize("via", UPLINKS)
def test_a_port_of_the_host_leads_to_the_command(user, via):
    serve = (
        "import socket\n"
        "server = socket.create_server(('', 80))\n"
        "print('ready', flush=True)\n"
        "connection, _ = server.accept()\n"
        "connection.sendall(b'from inside: ' + connection.recv(9))\n"
    )
    outside = free_port()
    with user.popen(
        *TUNSCOPE, "run", "--via", via, "--forward", f"{outside}:80", "--no-tui", "-q", "--",
        sys.executable, "-c", serve, stdout=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        assert child.stdout.readline() == "ready\n"
        with socket.create_connection(("127.0.0.1", outside), 10) as sock:
            sock.settimeout(10)
            sock.sendall(b"hello")  # passt 2023 forwards only what the client begins
            assert sock.recv(100) == b"from inside: hello"
        assert child.wait(10) == 0


@pytest.mark.parametrize("via", UPLINKS)
def test_a_port_that_is_taken_is_one_line(user, port, via):
    done = run(user, "--via", via, "--forward", f"{port}:80", "--no-tui", "--", "echo", "never")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert str(port) in done.stderr


DNS_STAGE = """
set -e
ip link set lo up
ip tuntap add dev out mode tap; ip addr add 198.51.100.1/24 dev out; ip link set out up
ip route add default via 198.51.100.2
mount --bind "$1" /etc/resolv.conf
shift
exec "$@"
"""
SERVE_NAMES = (
    "import sys; sys.path.append(sys.argv.pop(1))\n"
    "from tunscope.lab.programs.nameserver import main; main()\n"
)


@EVERY_WAY_OUTSIDE
def test_names_are_asked_of_the_hosts_resolver(tmp_path, words):
    """On a stage with a resolver and a route of its own: nothing of the host is changed."""
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    file = tmp_path / "run.pcapng"
    script = (
        '"$PYTHON" -c "$SERVE_NAMES" "$CHECKOUT" 127.0.0.1 web.test=192.0.2.9 >"$READY" & '
        'until [ -s "$READY" ]; do sleep 0.02; done; "$@"; status=$?; kill $!; exit $status'
    )
    environment = os.environ | {
        "PYTHON": sys.executable, "SERVE_NAMES": SERVE_NAMES, "CHECKOUT": str(CHECKOUT),
        "READY": str(tmp_path / "ready"),
    }  # fmt: skip
    done = subprocess.run(
        [
            "unshare", "-n", "-m", "--propagation", "private", "sh", "-c", DNS_STAGE, "sh",
            str(tmp_path / "resolv.conf"), "sh", "-c", script, "sh",
            *TUNSCOPE, "run", *words, "--pcap", str(file), "--", "getent", "hosts", "web.test",
        ],
        env=environment, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["192.0.2.9", "web.test"], done.stderr
    assert tshark(file, "dns.a == 192.0.2.9", "ip.src") == [["10.0.2.3"]]


@EVERY_WAY_OUTSIDE
def test_nothing_is_left_when_tunscope_is_killed(person, words):
    witness = LabWitness(person.mark)
    script = "setsid sleep 600 & echo ready; exec sleep 600"
    child = person.popen(
        *TUNSCOPE, "run", *words, "--no-tui", "--", "sh", "-c", script,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.1)
        witness.look()
        left = " ".join(witness.remaining().values())
        assert words[-1] in left
        assert "sleep 600" in left
    finally:
        child.kill()
        child.communicate()
    witness.assert_all_gone()


@pytest.mark.parametrize("delay", [0.1, 0.3, 0.5, 0.8])
def test_nothing_is_left_when_tunscope_is_killed_at_any_moment(user, delay):
    witness = LabWitness(user.mark)
    child = user.popen(*TUNSCOPE, "run", "--no-tui", "--", "sleep", "600")
    time.sleep(delay)
    witness.look()
    child.kill()
    child.wait()
    witness.assert_all_gone()


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2"])
def test_a_signal_to_tunscope_goes_to_the_command(user, name):
    script = f"trap 'echo got; exit 3' {name}; echo ready; while :; do sleep 0.05; done"
    with user.popen(
        *TUNSCOPE, "run", "--offline", "--no-tui", "-q", "--", "sh", "-c", script,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True,
    ) as child:  # fmt: skip
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.Signals[f"SIG{name}"])
        assert child.stdout.read() == "got\n"
        assert child.wait(10) == 3


@contextlib.contextmanager
def in_a_terminal(
    person: Person, script: str
) -> Iterator[tuple[subprocess.Popen[bytes], Transcript]]:
    leader, follower = pty.openpty()
    os.set_blocking(leader, False)
    child = person.popen(
        "sh", "-c", script, stdin=follower, stdout=follower, stderr=follower,
        preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)),
    )  # fmt: skip
    os.close(follower)
    try:
        yield child, Transcript(leader)
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
        os.close(leader)


def test_ctrl_c_is_the_commands_and_the_terminal_is_given_back(user):
    script = f"{ALONE} sh -c 'echo rea''dy; sleep 300'; echo status $?; read word; exit $word"
    with in_a_terminal(user, script) as (child, terminal):
        terminal.wait_for("ready")
        time.sleep(0.2)
        terminal.type("\x03")
        terminal.wait_for("status 130")
        terminal.type("4\n")  # only the terminal's foreground process group may read this
        assert child.wait(10) == 4


def test_ctrl_z_does_not_leave_the_command_stopped_for_ever(user):
    script = f"{ALONE} sh -c 'echo rea''dy; read word; echo got $word'; echo status $?"
    with in_a_terminal(user, script) as (child, terminal):
        terminal.wait_for("ready")
        time.sleep(0.2)
        terminal.type("\x1a")
        terminal.type("on\n")
        terminal.wait_for("got on")
        terminal.wait_for("status 0")
        assert child.wait(10) == 0


def test_in_the_background_the_terminal_stays_with_who_has_it(user):
    inside = "echo ru''nning; until [ -e go ]; do sleep 0.05; done; echo en''ded"
    with in_a_terminal(user, "exec sh -i") as (child, terminal):
        terminal.type(f'cd {user.folder}; {ALONE} sh -c "{inside}" &\n')
        terminal.wait_for("running")
        terminal.type("echo still he''re; read word; echo wo''rd $word; touch go\nline\n")
        terminal.wait_for("still here")
        terminal.wait_for("word line")
        terminal.wait_for("ended")
        terminal.type("wait; read word; echo af''ter $word; exit 5\nwards\n")
        terminal.wait_for("after wards")
        assert child.wait(10) == 5


def test_a_command_that_asks_in_the_background_is_stopped_and_brought_to_the_front(user):
    with in_a_terminal(user, "exec sh -i") as (child, terminal):
        terminal.type(f"{ALONE} sh -c 'read word; echo go''t $word; exit 3' &\n")
        terminal.type(
            "until grep -q 'State:.T' /proc/$!/status; do sleep 0.1; done; echo sto''pped\n"
        )
        terminal.wait_for("stopped")
        terminal.type("fg\nit\n")
        terminal.wait_for("got it")
        terminal.type("exit $?\n")
        assert child.wait(10) == 3


def test_in_a_pipeline_who_reads_it_may_read_the_terminal_too(user):
    pager = "read first; echo ready $first; read key </dev/tty; echo ke''y $key"
    script = f"{ALONE} sh -c 'echo line; exec sleep 300' | sh -c '{pager}; read rest'"
    with in_a_terminal(user, f"set -m; {script}") as (child, terminal):
        terminal.wait_for("ready line")
        terminal.type("q\n")
        terminal.wait_for("key q")
        terminal.type("\x03")
        assert child.wait(10) == -signal.SIGINT


def test_an_interactive_shell_has_job_control(user):
    with in_a_terminal(user, f"{ALONE} sh -i; echo status $?") as (child, terminal):
        terminal.type("echo rea''dy; sleep 300\n")
        terminal.wait_for("ready")
        time.sleep(0.2)
        terminal.type("\x03")
        terminal.type("echo st''ill here\n")
        terminal.wait_for("still here")
        terminal.type("exit 3\n")
        terminal.wait_for("status 3")
        assert child.wait(10) == 0


def test_without_a_program_that_leads_outside_one_line_says_what_to_install(user):
    done = user.run(
        "env", "PATH=/nonexistent", *TUNSCOPE, "run", "--no-tui", "--", "/bin/echo", "never"
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "tunscope: the way outside: neither slirp4netns nor passt is installed "
        "(sudo apt-get install slirp4netns, or passt; --offline needs neither)"
    ]


def test_where_dev_net_tun_is_closed_one_line_says_so(user):
    user.tun_mode = "600"
    file = user.folder / "none.pcapng"
    done = run(user, "--pcap", str(file), "--", "echo", "never")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "tunscope: run: /dev/net/tun may not be opened by you: Permission denied "
        "(see `tunscope doctor`)"
    ]
    assert not file.exists()


def test_where_user_namespaces_are_not_allowed_one_line_says_so(user):
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
    done = user.run(
        "unshare", "-Ur", "sh", "-c", forbid, "sh", *TUNSCOPE, "run", "--no-tui", "--", "true"
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "tunscope: run: this machine does not let you make user namespaces: "
        "No space left on device (see `tunscope doctor`)"
    ]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "needs a command"),
        (("--", "true"), "--pcap FILE or --no-tui"),
        (("--offline", "--forward", "80", "--", "true"), "--offline"),
        (("--observe", "--rule", "drop", "--", "true"), "--observe"),
        (("--via", "socat", "--no-tui", "--", "true"), "slirp4netns and passt can"),
        (("--no-tui", "-Y", "dns", "--", "true"), "-Y"),
        (("--forward", "x", "--", "true"), "no port"),
        (("--mtu", "10", "--", "true"), "576"),
        (("--rule", "ip.tll => drop", "--", "true"), "ip.tll"),
    ],
)
def test_wrong_words_are_a_usage_error_before_anything_is_built(words, why):
    done = subprocess.run(
        [*TUNSCOPE, "run", *words], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr
