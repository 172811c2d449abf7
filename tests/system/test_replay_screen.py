"""Replays from the screen, in a terminal, on real devices."""

from __future__ import annotations

from pathlib import Path

import pytest
from capturing import tshark_fields
from network_namespace import NetworkNamespace
from scapy.layers.inet import ICMP, IP
from terminal_screen import tunscope
from test_replay import RAW, pcap

PINGS = [bytes(IP(src="10.9.0.2", dst="10.9.0.1") / ICMP(id=7, seq=n)) for n in range(6)]
DEVICE = ("tun0", "--addr", "10.9.0.1/24")


def test_a_replay_is_shown_with_its_answers_paused_stepped_and_stopped(
    quiet: NetworkNamespace, home: Path, tmp_path: Path
) -> None:
    file, out = pcap(tmp_path / "in", RAW, PINGS, gap=3600), tmp_path / "out.pcapng"
    words = (*DEVICE, "--replay", str(file), "--pcap", str(out), "--tui")
    with tunscope(quiet, home, *words) as screen:
        screen.until("sent 1 of 6")
        screen.until("answers 1")
        screen.press("R", "s")
        screen.until("sent 2 of 6")
        screen.until("⏸ paused")
        screen.press("n", "s")
        screen.until("sent 3 of 6 · failed 0 · skipped 1 (1 passed over by hand) · answers 3")
        screen.press("x")
        screen.until("■ stopped")
        screen.press("\x11")
        assert screen.end() == 0
        text = screen.text()
        assert "3 packets sent" in text
        assert "1 packets skipped: passed over by hand" in text
        assert "3 answers seen" in text
        assert "ended early: stopped" in text
    rows = tshark_fields(out, "frame.comment", "icmp.type", "icmp.seq")
    assert [row[1:] for row in rows if row[0]] == [["8", "0"], ["8", "1"], ["8", "3"]]
    assert [row[1:] for row in rows if not row[0]] == [["0", "0"], ["0", "1"], ["0", "3"]]


def test_what_was_captured_is_sent_again_from_the_form(
    quiet: NetworkNamespace, home: Path, tmp_path: Path
) -> None:
    file = pcap(tmp_path / "in", RAW, PINGS[:2])
    with tunscope(quiet, home, *DEVICE, "--replay", str(file)) as screen:
        screen.until("■ done")
        screen.until("answers 2")
        screen.press("R")
        screen.until("Replay packets")
        screen.press("\x15", "1", "down", "down", "down", "\x15", "top", "down")
        screen.press("--loop 4 --ttl 9", "enter")
        screen.until("sent 4 of 4")
        screen.until("answers 4")
        assert "⟳" in screen.until("12 packets")
        screen.press("\x11", "d")
        assert screen.end() == 0


def test_packets_of_a_file_go_to_a_device_that_is_captured_on_then(
    quiet: NetworkNamespace, home: Path, tmp_path: Path
) -> None:
    file = pcap(tmp_path / "in", RAW, PINGS)
    with tunscope(quiet, home, str(file), TMPDIR=str(tmp_path)) as screen:
        screen.until("6 packets")
        screen.press("R")
        screen.until("say where")
        screen.press("\x15", "2-4", "down", "tun0", "enter")
        screen.until("Replay of 3 packets of")
        screen.until("sent 3 of 3")
        screen.until("tun0  tun · created")
        screen.until(lambda text: text.count("⟳") >= 4)
        screen.press("\x11", "d")
        assert screen.end() == 0
        screen.assert_restored()
    assert list(tmp_path.glob("tunscope-replay-*")) == []
    assert quiet.links() == []


def test_a_replay_of_another_terminal_is_shown_and_controlled(
    quiet: NetworkNamespace, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    file = pcap(tmp_path / "in", RAW, PINGS, gap=3600)
    with tunscope(quiet, home, *DEVICE) as screen:
        screen.until("nothing yet on tun0")
        words = ("replay", str(file), "tun0", "--wait", "0")
        with tunscope(quiet, home, *words) as other:
            screen.until("sent 1 of 6")
            screen.press("R", "x")
            assert other.end() == 0
            text = other.text()
        assert "1 packets sent" in text
        assert "ended early: stopped" in text
        screen.press("\x11", "d")
        assert screen.end() == 0


def test_a_refusal_is_told_in_the_screen(
    quiet: NetworkNamespace, home: Path, tmp_path: Path
) -> None:
    file = pcap(tmp_path / "in", RAW, PINGS[:1])
    with tunscope(quiet, home, *DEVICE, "--replay", str(file)) as screen:
        screen.until("■ done")
        screen.press("R")
        screen.until("Replay packets")
        screen.press("down", "down", "\x15", "wire", "enter")
        screen.until("nobody is at the far end")
        screen.press("\x11", "d")
        assert screen.end() == 0
