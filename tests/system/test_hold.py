"""Hold, edit, release between two kernels: the connection lives, the other side sees the edit."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from capturing import Capturing, capturing, tshark_fields
from network_namespace import NetworkNamespace

from tunscope.dissect.editing import assign
from tunscope.engine.control_socket import control_sockets
from tunscope.engine.protocol import HeldPacket, Op, RelayEvent, all_held, decode_event
from tunscope.engine.remote import RemoteEngine
from tunscope.packet.linktype import LinkType
from tunscope.relay.relay_options import RelayOptions

RAW = LinkType.RAW

WEB_SERVER = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        print(self.path, flush=True)
        body = b"you asked for " + self.path.encode() + b"." * 5000
        self.send_response(200); self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(("10.9.0.2", 80), Handler).serve_forever()
"""
WEB_CLIENT = """
import http.client
connection = http.client.HTTPConnection("10.9.0.2", timeout=20)
for path in ("/first", "/second", "/third"):
    connection.request("GET", path); answer = connection.getresponse()
    body = answer.read(); print(answer.status, len(body), body.split(b".")[0].decode(), flush=True)
"""
NAME_SERVER = """
import socket
names = {b"one": "192.0.2.1", b"another": "192.0.2.2"}
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("10.9.0.2", 53))
while True:
    query, client = s.recvfrom(512); label = query[13:13 + query[12]]
    print(label.decode(), flush=True)
    reply = query[:2] + b"\\x81\\x80" + query[4:6] + b"\\0\\1\\0\\0\\0\\0" + query[12:]
    reply += b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4" + socket.inet_aton(names[label])
    s.sendto(reply, client)
"""
NAME_CLIENT = """
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(20)
s.connect(("10.9.0.2", 53))
s.send(struct.pack(">6H", 7, 256, 1, 0, 0, 0) + b"\\3one\\4test\\0" + struct.pack(">2H", 1, 1))
print(socket.inet_ntoa(s.recv(512)[-4:]), flush=True)
"""


@dataclass
class Pair:
    """Two namespaces joined by tunscope, as in the lab `pair`."""

    client: NetworkNamespace
    server: NetworkNamespace
    file: Path
    runtime: Path

    def capture(self, *words: str) -> object:
        peer = f"device:tun1@{self.server.name}"
        return capturing(
            self.client, "tun0", "--addr", "10.9.0.1/24", "--peer", peer, "--pcap", self.file,
            *words,
        )  # fmt: skip

    def engine(self) -> RemoteEngine:
        (path,) = control_sockets("tun0", self.runtime)
        return RemoteEngine(path)


@pytest.fixture
def pair(
    netns_factory: Callable[[], NetworkNamespace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Pair:
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    client, server = netns_factory(), netns_factory()
    for one in (client, server):
        one.disable_ipv6()
    server.ip("tuntap add dev tun1 mode tun")
    server.ip("addr add 10.9.0.2/24 dev tun1")
    server.ip("link set tun1 up")
    return Pair(client, server, tmp_path / "out.pcapng", runtime / "tunscope")


def python(netns: NetworkNamespace, code: str) -> subprocess.Popen[str]:
    return netns.popen(sys.executable, "-c", code, stdout=subprocess.PIPE, text=True)


def waiting(engine: RemoteEngine, count: int = 1) -> list[HeldPacket]:
    """Wait until `count` packets are held, and return them."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        held = all_held(lambda after: engine.request(Op.HELD, after=after))
        if len(held) >= count:
            return held
        time.sleep(0.02)
    pytest.fail("nothing was held")


def until_line(stream: IO[str], text: str) -> None:
    """Read up to the line with `text`."""
    for line in stream:
        if text in line:
            return
    pytest.fail(f"ended without {text!r}")


def edit_and_release(engine: RemoteEngine, packet: HeldPacket, *settings: str) -> None:
    data = assign(packet.data, RAW, settings).data
    engine.request(Op.EDIT, held=packet.identity, data=data.hex(), release=True)


def end(capture: object) -> Capturing:
    assert isinstance(capture, Capturing)
    assert capture.interrupt() == 0
    return capture


@pytest.mark.parametrize("path", ["/a/much/longer/path/than/before", "/x"])
def test_an_http_request_is_changed_and_the_connection_goes_on(pair: Pair, path: str) -> None:
    server = python(pair.server, WEB_SERVER)
    with pair.capture("--hold", 'http.request.uri == "/first"') as capture:
        time.sleep(0.3)
        client = python(pair.client, WEB_CLIENT)
        engine = pair.engine()
        (packet,) = waiting(engine)
        time.sleep(0.9)  # the client's kernel sends it again meanwhile
        assert b"GET /first" in packet.data
        (packet,) = waiting(engine)
        assert packet.repeats >= 1
        edit_and_release(engine, packet, f"http.request.uri={path}")
        assert client.stdout is not None
        answers = client.stdout.read().splitlines()
        assert answers[0] == f"200 {5014 + len(path)} you asked for {path}"
        assert [line.split()[-1] for line in answers[1:]] == ["/second", "/third"]
        engine.close()
        end(capture)
    assert server.stdout is not None
    assert [server.stdout.readline().strip() for _ in range(3)] == [path, "/second", "/third"]
    rows = tshark_fields(pair.file, "tcp.payload", "frame.comment", "frame.packet_id")
    first = next(row for row in rows if bytes.fromhex(row[0]).startswith(b"GET /first"))
    assert first[1:] == ["tunscope: held", "1"]
    request = f"GET {path} HTTP/1.1".encode()
    edited = next(row for row in rows if bytes.fromhex(row[0]).startswith(request))
    assert "edited from #" in edited[1]
    assert edited[2] == "1"
    assert any("which is held" in row[1] for row in rows)


def test_a_dns_question_for_another_name_brings_its_answer(pair: Pair) -> None:
    server = python(pair.server, NAME_SERVER)
    with pair.capture("--hold", "dns.flags.response == 0") as capture:
        time.sleep(0.3)
        client = python(pair.client, NAME_CLIENT)
        engine = pair.engine()
        (packet,) = waiting(engine)
        edit_and_release(engine, packet, "dns.qry.name=another.test")
        assert client.stdout is not None
        assert client.stdout.read().strip() == "192.0.2.2"
        engine.close()
        end(capture)
    assert server.stdout is not None
    assert server.stdout.readline().strip() == "another"


def test_a_ping_with_its_last_hop_comes_back_as_time_exceeded(pair: Pair) -> None:
    pair.server.sysctl("net/ipv4/ip_forward", 1)
    pair.server.ip("link add v0 type veth peer name v1")
    pair.server.ip("addr add 10.20.0.2/24 dev v0")
    for name in ("v0", "v1"):
        pair.server.ip(f"link set {name} up")
    with pair.capture(
        "--route", "10.20.0.0/24", "--hold", "icmp", "--hold-direction", "out"
    ) as capture:
        ping = pair.client.popen(
            "ping", "-c", "1", "-W", "10", "10.20.0.1", stdout=subprocess.PIPE, text=True
        )
        engine = pair.engine()
        (packet,) = waiting(engine)
        edit_and_release(engine, packet, "ip.ttl=1")
        assert ping.stdout is not None
        assert "From 10.9.0.2 icmp_seq=1 Time to live exceeded" in ping.stdout.read()
        engine.close()
        end(capture)


def test_the_hold_command_lists_releases_and_drops(pair: Pair) -> None:
    with pair.capture("--hold", "icmp.type == 8") as capture:
        ping = pair.client.popen(
            "ping", "-c", "2", "-i", "0.2", "-W", "10", "10.9.0.2",
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        engine = pair.engine()
        waiting(engine, 2)
        engine.close()
        listed = pair.client.tunscope("hold", "tun0")
        first, second = listed.stdout.splitlines()
        assert "10.9.0.1 → 10.9.0.2 ICMP" in first
        assert second.split()[0] == "2"
        assert "×" not in listed.stdout
        assert pair.client.tunscope("hold", "tun0", "--duplicate", "1").returncode == 0
        assert pair.client.tunscope("hold", "tun0").stdout.splitlines()[0].endswith(" ×2")
        done = pair.client.tunscope("hold", "tun0", "--drop", "1")
        assert done.returncode == 0, done.stderr
        words = ("--edit", "2", "--set", "ip.ttl=9", "--release", "2")  # which the edit does
        done = pair.client.tunscope("hold", "tun0", *words)
        assert (done.returncode, done.stdout) == (0, "ip.ttl 64 -> 9\n"), done.stderr
        assert ping.stdout is not None
        until_line(ping.stdout, "icmp_seq=2")
        ping.send_signal(signal.SIGINT)  # it would wait ten seconds for the one that was dropped
        assert "2 packets transmitted, 1 received" in ping.stdout.read()
        gone = pair.client.tunscope("hold", "tun0", "--release", "2")
        assert gone.returncode == 2
        assert "no such packet waits" in gone.stderr
        off = pair.client.tunscope("hold", "tun0", "--off")
        assert "no rules" in off.stderr
        assert " 0% packet loss" in pair.client.run("ping", "-c", "1", "10.9.0.2").stdout
        stopped = end(capture)
    assert "1 held packets released, 1 dropped" in stopped.stderr


def test_who_watches_is_told_what_another_holds(pair: Pair) -> None:
    with pair.capture("--hold", "icmp", "--hold-max", "7") as capture:
        engine = pair.engine()
        engine.request(Op.WATCH)
        assert pair.client.tunscope("hold", "tun0", "--filter", "udp").returncode == 0
        relay = next(e for e in map(decode_event, engine.events()) if isinstance(e, RelayEvent))
        hold = RelayOptions.from_json(relay.relay).hold
        assert hold is not None
        assert (hold.filter, hold.maximum) == ("udp", 7)
        engine.close()
        end(capture)


@pytest.mark.parametrize(("then", "received"), [("release", 1), ("drop", 0)])
def test_the_time_limit_decides(pair: Pair, then: str, received: int) -> None:
    words = ("--hold", "icmp.type == 8", "--hold-time", "0.3", "--hold-then", then)
    with pair.capture(*words) as capture:
        done = pair.client.run("ping", "-c", "1", "-W", "1", "10.9.0.2", check=False)
        assert f"1 packets transmitted, {received} received" in done.stdout
        end(capture)


@pytest.mark.parametrize("limit", [(), ("-c", "1")])
def test_the_end_of_a_capture_lets_everything_go(pair: Pair, limit: tuple[str, ...]) -> None:
    with pair.capture("--hold", "icmp", *limit) as capture:
        ping = pair.client.popen(
            "ping", "-c", "1", "-W", "10", "10.9.0.2", stdout=subprocess.PIPE, text=True
        )
        if limit:
            assert isinstance(capture, Capturing)
            assert capture.wait() == 0
        else:
            engine = pair.engine()
            waiting(engine)
            engine.close()
            end(capture)
    ping.kill()
    rows = tshark_fields(pair.file, "frame.comment")
    assert rows[0] == ["tunscope: held"]
    if not limit:
        assert rows[1][0].startswith("tunscope: released after")


def test_what_cannot_be_held_is_refused(pair: Pair) -> None:
    done = pair.client.tunscope("tun5", "--hold", "icmp", "--pcap", str(pair.file))
    assert done.returncode == 2
    assert "nobody is at the far end" in done.stderr
    done = pair.client.tunscope("lo", "--hold", "icmp", "--pcap", str(pair.file))
    assert "is observed" in done.stderr
    done = pair.client.tunscope("tun5", "--hold", "icm", "--pcap", str(pair.file))
    assert done.stderr.splitlines()[1:] == ["icm", "^~~"]
    for detail in ("direction=out", "time=3", "then=drop", "max=7", "full=pass"):
        done = pair.client.tunscope("tun5", f"--hold-{detail}", "--pcap", str(pair.file))
        name = detail.partition("=")[0]
        assert done.stderr == f"tunscope: --hold-{name}: needs --hold FILTER\n"
    done = pair.client.tunscope("hold", "tun5", "--keep")
    assert done.stderr == "tunscope: --keep: needs --edit ID\n"
    done = pair.client.tunscope("hold", "tun5", "--off", "--filter", "icmp")
    assert done.stderr == "tunscope: --off: and --filter exclude each other\n"
    done = pair.client.tunscope("hold", "tun5")
    assert "no capture of yours runs on it" in done.stderr
