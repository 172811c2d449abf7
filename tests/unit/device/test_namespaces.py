from __future__ import annotations

import os
from pathlib import Path

import pytest

from tunscope.device.namespaces import current_netns, netns_identity, open_netns
from tunscope.errors import UsageError


def test_a_process_and_a_path_name_the_same_namespace() -> None:
    identities = set()
    for spec in (str(os.getpid()), "/proc/self/ns/net"):
        fd = open_netns(spec)
        identities.add(netns_identity(fd))
        assert not os.get_inheritable(fd)
        os.close(fd)
    fd = current_netns()
    assert identities == {netns_identity(fd)}
    os.close(fd)


@pytest.mark.parametrize(
    ("spec", "part"),
    [
        ("no-such-one", "no such network namespace (ip netns list shows them)"),
        ("999999999", "no such process"),
        ("/no/such/file", "no such file"),
        ("", "no such network namespace"),
        ("..", "no such network namespace"),
        ("/proc/self/ns/pid", "is not a network namespace"),
        ("/dev/null", "is not a network namespace"),
        ("a\x1bb", r"\x1b"),
        ("/a\0b", "--netns"),
    ],
)
def test_what_is_no_namespace_is_told(spec: str, part: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_netns(spec)
    assert part in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_plain_file_is_no_namespace(tmp_path: Path) -> None:
    (tmp_path / "blue").write_text("")
    with pytest.raises(UsageError, match="is not a network namespace"):
        open_netns(str(tmp_path / "blue"))
