"""The fixture the other system tests stand on: private, and gone afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from network_namespace import NetworkNamespace


def test_commands_run_inside_a_namespace_that_is_not_ours(netns: NetworkNamespace) -> None:
    inside = netns.run("readlink", "/proc/self/ns/net").stdout.strip()
    assert inside != os.readlink("/proc/self/ns/net")
    assert netns.links() == []


def test_ipv6_is_switched_off_inside_only(netns: NetworkNamespace) -> None:
    key = "/proc/sys/net/ipv6/conf/default/disable_ipv6"
    before = Path(key).read_text()
    netns.disable_ipv6()
    assert netns.run("cat", key).stdout.strip() == "1"
    assert Path(key).read_text() == before


def test_namespace_and_its_processes_are_gone_after_removal(
    netns_factory: Callable[[], NetworkNamespace],
) -> None:
    namespace = netns_factory()
    sleeper = namespace.popen("sleep", "60")
    namespace.remove()
    assert sleeper.returncode is not None
    assert not Path(namespace.path).exists()
