"""`--peer`: what the engine, which opens no user file and asks no name server, must be told."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tunscope.cli.privilege import as_invoking_user
from tunscope.errors import TunscopeError, UsageError
from tunscope.packet.printable import printable
from tunscope.relay.peer_request import PeerRequest, parse_peers

_MOST_HOSTS: Final = 10_000
#: Elements of an address that ends with the number of an interface (0: none).
_IPV6_ADDRESS: Final = 4


def peer_request(texts: Sequence[str], bind: str | None) -> PeerRequest:
    """Read `--peer` and `--peer-bind`, look up hosts, and load the table of names."""
    request = parse_peers(texts, bind)
    if request.hosts_file:
        request = replace(request, hosts=read_hosts(Path(request.hosts_file)))
    routes = tuple((prefix, _numeric(host), port) for prefix, host, port in request.routes)
    if len({":" in host for _, host, _ in routes}) > 1:
        raise UsageError("--peer", "IPv4 and IPv6 hosts do not mix")
    return replace(request, routes=routes)


def read_hosts(path: Path) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return names and addresses of a file like /etc/hosts (hosts(5)).

    UsageError if it cannot be read or holds something else.
    """
    try:
        with as_invoking_user():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise UsageError(f"--peer respond:dns={path}", f"{error.strerror}") from error
    hosts: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            address = str(ipaddress.ip_address(words[0].partition("%")[0]))
        except ValueError:
            raise UsageError(
                f"{path}, line {number}", f"{printable(words[0])!r} is no address", "as in hosts(5)"
            ) from None
        for name in words[1:]:
            key = name.lower().rstrip(".")
            hosts[key] = (*hosts.get(key, ()), address)
    if len(hosts) > _MOST_HOSTS:
        raise UsageError(str(path), f"more than {_MOST_HOSTS} names")
    return tuple(hosts.items())


def _numeric(host: str) -> str:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise TunscopeError(f"--peer {printable(host)}", f"{error.strerror}") from error
    address = found[0][4]
    if len(address) == _IPV6_ADDRESS and address[3]:
        raise UsageError(
            f"--peer {printable(host)}", "datagrams go by the routes, not by an interface",
            "an address without %",
        )  # fmt: skip
    return str(address[0])
