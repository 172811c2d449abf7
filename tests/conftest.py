"""Keeps a started tshark for the tests, and prints at the end of a run the tables in which judges
compare tunscope with other programs."""

from __future__ import annotations

import signal

import pytest

# As it is, for packets that tests build: what tunscope imports of it knows no interface here.
import scapy.interfaces  # noqa: F401

from prestarted_tshark import PrestartedTshark, prestarted_tshark

#: Tests hand their table over with `record_property(TABLE, text)`, which also leaves a worker.
TABLE = "judge's table"


STARTED = pytest.StashKey[PrestartedTshark]()


#: What `nohup` and shells without job control have their programs ignore.
OFTEN_IGNORED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)


def pytest_configure(config: pytest.Config) -> None:
    for number in OFTEN_IGNORED:
        if signal.getsignal(number) == signal.SIG_IGN:
            # Unlike one that is ignored, a handled signal has its default in programs started.
            signal.signal(number, lambda number, frame: None)
    if not hasattr(config, "workerinput"):  # workers have the environment of who started them
        started = prestarted_tshark()
        if started is not None:
            config.stash[STARTED] = started
            config.add_cleanup(started.stop)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, text in getattr(report, "user_properties", ()):
                if name == TABLE and getattr(report, "when", "") == "call":
                    terminalreporter.section(report.nodeid)
                    terminalreporter.write_line(text)
