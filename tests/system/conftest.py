"""Real devices, but only in network namespaces that the test made itself.

`netns` gives one such namespace; `netns_factory` as many as a test asks for. Each has its
loopback up, a unique name that `ip netns` knows, and is gone after the test together with
every process that still runs in it. `quiet` is one without IPv6, `home` the home of who looks at a
screen there. `person` is root and a user without rights in turn, `user` the
latter alone.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from network_namespace import NetworkNamespace
from person import Person, person_of

_serial = itertools.count(1)


@pytest.fixture
def netns_factory() -> Iterator[Callable[[], NetworkNamespace]]:
    """Make any number of private network namespaces."""
    if os.geteuid() != 0:
        pytest.skip("needs root to make network namespaces")
    if shutil.which("ip") is None:
        pytest.skip("needs iproute2")
    made: list[NetworkNamespace] = []

    def make() -> NetworkNamespace:
        name = f"tsc{os.getpid()}x{next(_serial)}"
        subprocess.run(["ip", "netns", "add", name], check=True, capture_output=True)
        namespace = NetworkNamespace(name)
        made.append(namespace)
        namespace.ip("link set lo up")
        return namespace

    try:
        yield make
    finally:
        for namespace in made:
            namespace.remove()


@pytest.fixture
def netns(netns_factory: Callable[[], NetworkNamespace]) -> NetworkNamespace:
    """One private network namespace."""
    return netns_factory()


@pytest.fixture
def quiet(netns: NetworkNamespace) -> NetworkNamespace:
    """A namespace whose devices send nothing of their own."""
    netns.disable_ipv6()
    return netns


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The empty home of the person at the screen."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture(params=["root", "user"])
def person(request, tmp_path) -> Iterator[Person]:
    with person_of(request.param, tmp_path) as someone:
        yield someone


@pytest.fixture
def user(tmp_path) -> Iterator[Person]:
    with person_of("user", tmp_path) as someone:
        yield someone
