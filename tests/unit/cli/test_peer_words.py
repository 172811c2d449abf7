"""What `--peer` makes of hosts before the engine hears of them."""

from __future__ import annotations

import pytest

from tunscope.cli.peers import peer_request
from tunscope.errors import UsageError


@pytest.mark.parametrize(
    ("word", "host"),
    [
        ("udp:192.0.2.7:8285", "192.0.2.7"),
        ("udp:[2001:db8::7]:8285", "2001:db8::7"),
        ("udp:[fe80::7]:8285", "fe80::7"),
    ],
)
def test_hosts_become_addresses(word: str, host: str) -> None:
    ((_, address, port),) = peer_request([word], None).routes
    assert (address, port) == (host, 8285)


def test_an_interface_that_would_be_forgotten_is_refused() -> None:
    with pytest.raises(UsageError, match="not by an interface"):
        peer_request(["udp:[fe80::7%lo]:8285"], None)
