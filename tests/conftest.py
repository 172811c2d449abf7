"""Prints, at the end of a run, the tables in which judges compare tunscope with other programs."""

from __future__ import annotations

import pytest

#: Tests hand their table over with `record_property(TABLE, text)`, which also leaves a worker.
TABLE = "judge's table"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, text in getattr(report, "user_properties", ()):
                if name == TABLE and getattr(report, "when", "") == "call":
                    terminalreporter.section(report.nodeid)
                    terminalreporter.write_line(text)
