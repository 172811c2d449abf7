from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tunscope.cli.main import main
from tunscope.lab.explain import explain
from tunscope.lab.plans.pair import PAIR


def tunscope(capsys, *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


def test_without_a_name_the_labs_are_listed(capsys):
    status, out, err = tunscope(capsys, "lab")
    assert (status, err) == (0, "")
    assert out.startswith("tun: ")
    assert f"\npair: {PAIR.summary}\n" in out
    assert PAIR.diagram in out


def test_explain_prints_commands_and_builds_nothing(capsys):
    assert tunscope(capsys, "lab", "pair", "--explain") == (0, explain(PAIR), "")


@pytest.mark.parametrize("option", [["--no-tui"], ["--pcap", "x"], ["--explain"]])
def test_options_without_a_name_are_a_usage_error(capsys, option):
    status, out, err = tunscope(capsys, "lab", *option)
    assert (status, out) == (2, "")
    assert err == "tunscope: lab: needs a NAME with these options (tunscope lab lists them)\n"


def test_a_lab_that_sudo_would_build_is_not_kept(capsys, monkeypatch):
    """The person could not enter its namespaces, which are root's."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_UID", "64321")
    monkeypatch.setenv("SUDO_GID", "64321")
    status, out, err = tunscope(capsys, "lab", "pair", "--no-tui", "--keep")
    assert (status, out) == (2, "")
    assert err == "tunscope: --keep: a lab that sudo built cannot be left to you (no sudo needed)\n"


def test_a_name_from_a_hostile_script_reaches_the_terminal_escaped(capsys):
    status, _, err = tunscope(capsys, "lab", "\x1b[2Jpair")
    assert status == 2
    assert "\x1b" not in err


@pytest.mark.parametrize("words", [["lab"], ["lab", "--help"], ["lab", "pair", "--explain"]])
def test_words_about_labs_load_nothing_heavy(words):
    code = (
        "import sys\nfrom tunscope.cli.main import main\n"
        f"try: main({words!r})\nexcept SystemExit: pass\n"
        "print({'numpy', 'scapy', 'textual', 'pyroute2'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\nset()\n")
