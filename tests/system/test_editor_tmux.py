"""Editing, injecting and holding in the pair lab, as a person does it in a real terminal."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from network_namespace import NetworkNamespace
from test_hold import NAME_CLIENT, NAME_SERVER, python
from test_tui_tmux import command
from tmux_driver import Tmux


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Tmux]:
    tmux = Tmux(tmp_path / "tmux")
    yield tmux
    tmux.stop()


def lab(tmp_path: Path, *words: str) -> str:
    """Return the command line of a lab."""
    return tunscope(tmp_path, "lab", "pair", *words)


def tunscope(tmp_path: Path, *words: str) -> str:
    """Return a command line with a runtime folder of its own."""
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    line = command(tmp_path, *words)
    return line.replace("exec env ", f"exec env XDG_RUNTIME_DIR={shlex.quote(str(runtime))} ", 1)


FIELDS = (
    "frame.comment", "ip.ttl", "ip.checksum.status", "icmp.type", "icmp.seq", "frame.packet_id",
)  # fmt: skip


def tshark(file: Path) -> list[dict[str, str]]:
    """Return what tshark reads in every packet of a file."""
    words = ["tshark", "-n", "-r", str(file), "-o", "ip.check_checksum:TRUE", "-T", "fields"]
    words += [word for field in FIELDS for word in ("-e", field)]
    lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    return [dict(zip(FIELDS, line.split("\t"), strict=True)) for line in lines]


def twins(rows: list[dict[str, str]], one: dict[str, str]) -> list[str]:
    """Return the TTLs of all packets with the packet id of `one`."""
    identity = one["frame.packet_id"]
    assert identity
    return [row["ip.ttl"] for row in rows if row["frame.packet_id"] == identity]


def choose(terminal: Tmux, display_filter: str, pattern: str) -> None:
    """Put the cursor on the first packet that passes a filter."""
    terminal.type(f"/{display_filter}")
    terminal.until(r"✔")
    terminal.keys("Enter")
    terminal.until(r"✔ [1-9][\d,]* of [\d,]+ \(")
    terminal.keys("Home")
    terminal.until(rf"^▌.*{pattern}")


def set_ttl(terminal: Tmux, value: str) -> None:
    """Go to the TTL in the form and write another value."""
    terminal.until(r"^▌  version +4")
    terminal.keys(*["Down"] * 7)
    terminal.until(r"^▌  ttl +64")
    terminal.keys("Enter")
    terminal.type(value)
    terminal.keys("Enter")
    terminal.until(rf"✎ ttl +{value} ")
    terminal.until(r"1 change")


def test_a_ping_with_another_ttl_is_injected_and_answered(terminal: Tmux, tmp_path: Path) -> None:
    saved = tmp_path / "saved.pcapng"
    terminal.start(lab(tmp_path))
    terminal.until(r"Echo \(ping\) request")
    choose(terminal, "icmp.type == 8 and ip", r"Echo \(ping\) request")
    terminal.keys("e")
    set_ttl(terminal, "7")
    terminal.keys("C-s")
    terminal.until(r"Side +wire")
    terminal.keys("Enter")
    (number,) = terminal.until(r"injected 1 packet on tun0, wire side: #(\d+)").groups()
    terminal.keys("Escape")
    terminal.until(r"^ +No\. +Time")
    choose(terminal, 'frame.comment contains "injected"', r"✎.*Echo \(ping\) request")
    terminal.type("/icmp")
    terminal.keys("Enter")
    terminal.until(r"^ / icmp  .*✔ [1-9]\d* of")
    terminal.type(f"{number}Gx")  # at once: the list may follow pings that come meanwhile
    terminal.until(r"#\d+ answers #\d+")
    terminal.until(r"^▌.*Echo \(ping\) reply")
    terminal.type(f":capture.save {saved}")
    terminal.keys("Enter")
    terminal.until(r"[Ss]aved [\d,]+ packets")
    terminal.keys("q")
    terminal.until(r"[Dd]iscard")
    terminal.keys("d")
    assert terminal.wait() == 0

    rows = tshark(saved)
    (edited,) = [row for row in rows if "edited from" in row["frame.comment"]]
    assert "ip.ttl 64 -> 7" in edited["frame.comment"]
    assert (edited["ip.ttl"], edited["ip.checksum.status"]) == ("7", "1")
    assert twins(rows, edited) == ["64", "7"]


def test_a_held_http_request_asks_for_another_page(terminal: Tmux, tmp_path: Path) -> None:
    saved = tmp_path / "saved.pcapng"
    terminal.start(lab(tmp_path, "--hold", "http.request and ip", "--hold-direction", "out"))
    terminal.until(r"⏸ held 1", 40)
    terminal.keys("i")
    terminal.until(r"GET / HTTP/1\.1")
    terminal.keys("e")
    terminal.until(r"^▌  version +4")
    terminal.keys("End")
    terminal.until(r"^▌  user_agent")
    terminal.keys("Up", "Up", "Up")
    terminal.until(r"^▌  request\.uri +/ ")
    terminal.keys("Enter")
    terminal.type("/hello.txt")
    terminal.keys("Enter")
    terminal.until(r"TCP length \+9")
    terminal.keys("C-r")
    terminal.until(r"released #\d+")
    terminal.keys("I")
    terminal.until(r"Hold off")
    terminal.keys("A")
    terminal.keys("Escape")
    terminal.until(r"^ +No\. +Time")
    terminal.type('/ip and tcp contains "other side"')
    terminal.keys("Enter")
    terminal.until(r"✔ [1-9]\d* of [\d,]+ \(")  # the page that was never asked for came
    terminal.type("/tcp.port == 80")
    terminal.keys("Enter")
    terminal.until(r"^ / tcp\.port == 80  .*✔ [1-9][\d,]* of")
    terminal.type(f":capture.save {saved}")
    terminal.keys("Enter")
    terminal.until(r"[Ss]aved [\d,]+ packets")
    terminal.keys("q")
    terminal.until(r"[Dd]iscard")
    terminal.keys("d")
    assert terminal.wait() == 0
    (edited,) = [row for row in tshark(saved) if "edited from" in row["frame.comment"]]
    assert "tcp.payload" in edited["frame.comment"]
    assert edited["ip.checksum.status"] == "1"
    assert len(twins(tshark(saved), edited)) == 2


def test_a_held_ping_is_edited_and_released(terminal: Tmux, tmp_path: Path) -> None:
    saved = tmp_path / "saved.pcapng"
    terminal.start(lab(tmp_path))
    terminal.until(r"Echo \(ping\) request")
    terminal.keys("i")
    terminal.until(r"Hold \(display filter")
    terminal.type("out: icmp.typ == 8")
    terminal.keys("Enter")
    terminal.until(r"✖ .*icmp\.typ")
    terminal.keys(*["BSpace"] * len("typ == 8"))
    terminal.type("type == 8 and ip")
    terminal.keys("Enter")
    terminal.until(r"Hold out: icmp\.type == 8 and ip .* [1-9]\d* held · oldest")
    terminal.until(r"⏸ held \d+")
    terminal.keys("e")
    terminal.until(r"→ release on tun0")
    set_ttl(terminal, "9")
    terminal.keys("C-r")
    terminal.until(r"released #\d+")
    terminal.keys("I")
    terminal.until(r"Hold off")
    terminal.keys("A")
    terminal.until(r"Hold off · 0 held")
    terminal.keys("Escape")
    terminal.until(r"^ +No\. +Time")
    choose(terminal, 'frame.comment contains "edited from"', r"✎.*Echo \(ping\) request")
    terminal.type("/icmp")
    terminal.keys("Enter")
    terminal.until(r"^ / icmp  .*✔ [1-9]\d* of")
    terminal.type(f":capture.save {saved}")
    terminal.keys("Enter")
    terminal.until(r"[Ss]aved [\d,]+ packets")
    terminal.keys("q")
    terminal.until(r"[Dd]iscard")
    terminal.keys("d")
    assert terminal.wait() == 0

    rows = tshark(saved)
    (edited,) = [row for row in rows if "edited from" in row["frame.comment"]]
    assert "ip.ttl 64 -> 9" in edited["frame.comment"]
    assert (edited["ip.ttl"], edited["ip.checksum.status"]) == ("9", "1")
    assert twins(rows, edited) == ["64", "9"]
    seq = edited["icmp.seq"]
    answers = [row for row in rows if row["icmp.type"] == "0" and row["icmp.seq"] == seq]
    assert answers, "the far kernel answered the edited ping"


@dataclass
class Joined:
    """Two kernels and, once started, tunscope between them in a terminal."""

    here: NetworkNamespace
    there: NetworkNamespace
    terminal: Tmux
    folder: Path

    def start(self, *words: str) -> None:
        line = tunscope(
            self.folder, "tun0", "--addr", "10.9.0.1/24", "--peer",
            f"device:tun1@{self.there.name}", "--hold-direction", "out", *words,
        )  # fmt: skip
        inside = f"exec nsenter --net=/run/netns/{self.here.name} env "
        self.terminal.start(line.replace("exec env ", inside, 1))
        self.terminal.until(r"● live")

    def quit(self) -> None:
        self.terminal.keys("q")
        self.terminal.until(r"[Dd]iscard")
        self.terminal.keys("d")
        assert self.terminal.wait() == 0


@pytest.fixture
def joined(terminal: Tmux, tmp_path: Path, netns_factory: Callable[[], NetworkNamespace]) -> Joined:
    here, there = netns_factory(), netns_factory()
    for one in (here, there):
        one.disable_ipv6()
    there.ip("tuntap add dev tun1 mode tun")
    there.ip("addr add 10.9.0.2/24 dev tun1")
    there.ip("link set tun1 up")
    return Joined(here, there, terminal, tmp_path)


def test_a_held_name_query_asks_for_another_name(joined: Joined) -> None:
    terminal = joined.terminal
    joined.start("--hold", "dns")
    server = python(joined.there, NAME_SERVER)
    until_bound(joined.there, 53)
    client = python(joined.here, NAME_CLIENT)
    terminal.until(r"⏸ held 1")
    terminal.keys("i")
    terminal.until(r"Standard query 0x0007 A one\.test")
    terminal.keys("e")
    terminal.until(r"^▌  version +4")
    terminal.keys("End")
    terminal.until(r"^▌  qry\.type")
    terminal.keys("Up")
    terminal.until(r"^▌  qry\.name +one\.test")
    terminal.keys("Enter")
    terminal.type("another.test")
    terminal.keys("Enter")
    terminal.until(r"✎ qry\.name +another\.test")
    terminal.keys("C-r")
    terminal.until(r"released #\d+")
    assert client.stdout is not None
    assert client.stdout.read().strip() == "192.0.2.2"
    assert server.stdout is not None
    assert server.stdout.readline().strip() == "another"
    terminal.keys("Escape")
    terminal.until(r"10\.9\.0\.1 +DNS .*Standard query response 0x0007 A another\.test")
    joined.quit()


def until_bound(netns: NetworkNamespace, port: int) -> None:
    """Wait until a UDP server listens."""
    for _ in range(200):
        if f":{port:04X} " in netns.run("cat", "/proc/net/udp").stdout:
            return
        time.sleep(0.02)
    pytest.fail("nobody listens")


def test_a_held_ping_with_its_last_hop_comes_back_from_the_router(joined: Joined) -> None:
    terminal, router = joined.terminal, joined.there
    router.sysctl("net/ipv4/ip_forward", 1)
    router.ip("link add v0 type veth peer name v1")
    router.ip("addr add 10.20.0.2/24 dev v0")
    for name in ("v0", "v1"):
        router.ip(f"link set {name} up")
    joined.start("--route", "10.20.0.0/24", "--hold", "icmp")
    words = ("ping", "-c", "1", "-W", "20", "10.20.0.1")
    ping = joined.here.popen(*words, stdout=subprocess.PIPE, text=True)
    terminal.until(r"⏸ held 1")
    terminal.keys("i")
    terminal.until(r"Echo \(ping\) request")
    terminal.keys("e")
    set_ttl(terminal, "1")
    terminal.keys("C-r")
    terminal.until(r"released #\d+")
    terminal.keys("Escape")
    terminal.until(r"10\.9\.0\.2 +10\.9\.0\.1 +ICMP .*Time-to-live exceeded")
    assert ping.stdout is not None
    assert "From 10.9.0.2 icmp_seq=1 Time to live exceeded" in ping.stdout.read()
    joined.quit()
