from __future__ import annotations

import os

import pytest

from tunscope.device.proc_net_dev import tx_dropped


def row(name: str, *counters: int) -> str:
    """One line as dev_seq_printf_stats() in net/core/net-procfs.c prints it."""
    widths = (7, 7, 4, 4, 4, 5, 10, 9, 8, 7, 4, 4, 4, 5, 7, 10)
    columns = " ".join(f"{value:{width}}" for value, width in zip(counters, widths, strict=True))
    return f"{name:>6}: {columns}\n"


TEXT = (
    "Inter-|   Receive                            |  Transmit\n"
    " face |bytes    packets errs drop fifo frame |bytes    packets errs drop\n"
    + row("lo", *(8 * [7]), *(8 * [0]))
    + row("tun0", *(8 * [1]), 22_222_222, 12_345, 0, 2345, 0, 0, 0, 0)
    + row("a:b", *range(1, 17))
)


@pytest.fixture
def table():
    fd = os.memfd_create("dev")
    os.write(fd, TEXT.encode())
    yield fd
    os.close(fd)


@pytest.mark.parametrize(("name", "dropped"), [("tun0", 2345), ("lo", 0), ("a:b", 12)])
def test_the_drops_of_a_device_are_found(table, name, dropped):
    assert tx_dropped(table, name) == dropped
    assert tx_dropped(table, name) == dropped


def test_a_device_that_is_not_there_has_lost_nothing(table):
    assert tx_dropped(table, "tun") == 0
