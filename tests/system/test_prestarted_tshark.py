"""The prestarted tshark says what the one installed says."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from prestarted_tshark import prestarted_tshark

DATA = Path(__file__).parent.parent / "data"
CAPTURE = str(DATA / "browser_tun.pcapng")
TAP = """\
local tap = Listener.new("frame", "ip.ttl > 3")
tap.packet = function(pinfo) io.stdout:write(pinfo.number, "\\n") end
"""


def tsharks() -> tuple[str, str]:
    """Return the prestarted one and the one installed."""
    folder, _, others = os.environ["PATH"].partition(":")
    prestarted = shutil.which("tshark", path=folder)
    installed = shutil.which("tshark", path=others)
    assert prestarted is not None
    assert installed is not None
    return prestarted, installed


def outcome(program: str, words: list[str], folder: Path) -> tuple[int, bytes, list[bytes]]:
    with open(CAPTURE, "rb") as stream:
        done = subprocess.run(
            [program, *words], stdin=stream, cwd=folder, capture_output=True, check=False
        )
    told = [line for line in done.stderr.splitlines() if not line.startswith(b"Running as")]
    return done.returncode, done.stdout, told


@pytest.mark.parametrize(
    "words",
    [
        ["-n", "-r", CAPTURE],
        ["-nr", CAPTURE, "-T", "jsonraw"],
        ["-n", "-r", CAPTURE, "-T", "json", "udp && !icmp"],
        [
            "-n",
            "-r",
            CAPTURE,
            "-T",
            "fields",
            "-e",
            "frame.number",
            "-Y",
            "tcp.analysis.acks_frame",
        ],
        ["-n", "-o", "tcp.relative_sequence_numbers:FALSE", "-r", CAPTURE, "-t", "ad"],
        ["-n", "-q", "-z", "conv,tcp", "-r", CAPTURE],
        ["-n", "-q", "-X", "lua_script:tap.lua", "-r", CAPTURE],
        ["-n", "-r", "-", "-c", "3"],
        ["-n", "-r", "here.pcapng", "-V"],
        ["-n", "-r", "nowhere.pcapng"],
        ["-n", "-r", CAPTURE, "-Y", "no.such"],
        ["-r", CAPTURE, "-N", "n"],
    ],
    ids=lambda words: " ".join(words).replace(CAPTURE, "it"),
)
def test_it_says_what_the_installed_one_says(words: list[str], tmp_path: Path) -> None:
    shutil.copy(CAPTURE, tmp_path / "here.pcapng")
    (tmp_path / "tap.lua").write_text(TAP)
    prestarted, installed = tsharks()
    said = outcome(prestarted, words, tmp_path)
    assert said == outcome(installed, words, tmp_path)
    assert any(said[1:])


def test_it_ends_with_who_asked_for_it(tmp_path: Path) -> None:
    prestarted, _ = tsharks()
    reading, writing = os.pipe()
    with subprocess.Popen([prestarted, "-n", "-l", "-r", "-"], stdin=reading) as asking:
        os.close(reading)
        os.write(writing, Path(CAPTURE).read_bytes()[:200])
        asking.kill()
    with os.fdopen(writing, "wb", buffering=0) as stream, pytest.raises(BrokenPipeError):
        stream.writelines(itertools.repeat(bytes(4096)))  # nobody is left who reads


def test_a_compiler_that_cannot_build_it_costs_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, installed = tsharks()
    programs, folders = tmp_path / "bin", tmp_path / "tmp"
    programs.mkdir()
    folders.mkdir()
    (programs / "tshark").symlink_to(installed)
    (programs / "gcc").write_text("#!/bin/sh\nexit 1\n")
    (programs / "gcc").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/bin")
    monkeypatch.setattr("tempfile.tempdir", str(folders))
    assert prestarted_tshark() is None
    assert not list(folders.iterdir())
