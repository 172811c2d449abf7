"""What loads what: the help page loads nothing heavy, the engine nothing that shows or dissects."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numpy", "scapy", "textual", "pyroute2", "pcapng", "zstandard", "cypcap")


def modules_after(code: str) -> set[str]:
    """Run `code` in a fresh interpreter and return the modules and packages that it loaded."""
    report = "import sys; print(*sys.modules, file=sys.stderr)"
    script = f"import atexit; atexit.register(lambda: exec({report!r}))\n{code}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False
    )
    assert "Error" not in done.stderr, done.stderr
    modules = set(done.stderr.split())
    return modules | {name.split(".")[0] for name in modules}


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["capture", "--help"], ["read", "--help"], []]
)
def test_pages_of_help_load_nothing_heavy(words: list[str]) -> None:
    loaded = modules_after(f"from tunscope.cli.main import main; main({words!r})")
    assert "click" in loaded
    assert not loaded & set(HEAVY)


def test_the_engine_loads_neither_screen_nor_dissector() -> None:
    code = "import tunscope.engine.server, tunscope.engine.__main__"
    loaded = modules_after(code)
    assert "numpy" in loaded
    assert not loaded & {"scapy", "textual", "pcapng"}


def test_of_pyroute2_the_engine_loads_what_it_uses_and_others_get_all_of_it() -> None:
    script = (
        "import sys, tunscope.engine.server\n"
        "print(*(name for name in sys.modules if name.startswith('pyroute2')))\n"
        "import pyroute2, tunscope.device.netlink as ours\n"
        "with ours.Netlink() as netlink, pyroute2.IPRoute() as whole:\n"
        "    print(*(link.get_attr('IFLA_IFNAME') for link in whole.get_links()))\n"
        "    print(*(device.name for device in netlink.links()))\n"
        "print(pyroute2.NDB.__module__, pyroute2.IPRoute is ours._IPRoute)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    loaded, theirs, listed, whole = done.stdout.splitlines()
    assert "pyroute2.iproute.linux" in loaded.split()
    assert not set(loaded.split()) & {"pyroute2", "pyroute2.ndb", "pyroute2.ipdb"}
    assert listed == theirs
    assert whole == "pyroute2.ndb.main True"


def test_the_engines_client_loads_neither_numpy_nor_netlink() -> None:
    assert not modules_after("import tunscope.engine.client") & set(HEAVY)


def test_lines_of_a_capture_need_neither_numpy_nor_the_field_table() -> None:
    capture = Path(__file__).parents[2] / "data" / "browser_tun.pcapng"
    code = f"from tunscope.cli.main import main; main(['read', {str(capture)!r}, '-c', '1'])"
    assert not modules_after(code) & set(HEAVY)


def test_the_screen_on_a_file_needs_nothing_that_captures_replays_or_dissects() -> None:
    loaded = modules_after(
        "import tunscope.cli.browse, tunscope.cli.live_captures, tunscope.tui.app"
    )
    assert "tunscope.tui.app" in loaded
    rooms = {"tunscope.relay", "tunscope.replay", "tunscope.dissect", "tunscope.lab"}
    assert not loaded & rooms
    assert not loaded & {"tunscope.engine.client", "tunscope.cli.headless", "tunscope.filter.deep"}


def test_counting_over_columns_needs_no_dissector() -> None:
    capture = Path(__file__).parents[2] / "data" / "browser_tun.pcapng"
    words = ["read", str(capture), "-Y", "tcp.port > 0 && ip.ttl > 1", "--count"]
    script = (
        "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        f"from tunscope.cli.main import main; main({words!r})"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.split())
    assert "tunscope.filter.columnar.plan" in loaded
    assert int(done.stdout)
    for name in loaded:
        assert not name.startswith(("tunscope.filter.layers.", "tunscope.filter.deep.d")), name
    assert not loaded & {"socket", "tempfile", "tunscope.capfile.reader", "tunscope.cli.read_run"}


@pytest.mark.parametrize("room", ["packet", "relay.peer", "summary.packet_summary"])
def test_rooms_of_the_standard_library_stay_there(room: str) -> None:
    assert not modules_after(f"import tunscope.{room}") & set(HEAVY)
