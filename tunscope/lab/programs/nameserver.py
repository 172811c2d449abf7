"""A nameserver for a handful of names over UDP: `main ADDRESS... NAME=ADDRESS...`.

It listens on port 53 of each ADDRESS, prints `ready` once it does, and answers every query with
the records it was given or with NXDOMAIN.
"""

from __future__ import annotations

import ipaddress
import select
import socket
import sys
from collections.abc import Iterable, Mapping

from tunscope.lab.programs.dns_message import (
    Address,
    DnsError,
    ResponseCode,
    decode_query,
    encode_response,
)

PORT = 53
LARGEST_QUERY = 512  # RFC 1035 section 4.2.1


def read_records(arguments: Iterable[str]) -> dict[str, list[Address]]:
    """Read `NAME=ADDRESS` words; a name may come several times."""
    records: dict[str, list[Address]] = {}
    for argument in arguments:
        name, _, address = argument.partition("=")
        records.setdefault(name.lower(), []).append(ipaddress.ip_address(address))
    return records


def answer(message: bytes, records: Mapping[str, list[Address]]) -> bytes | None:
    """Return the response to one datagram, None where it deserves none."""
    try:
        query = decode_query(message)
        if query.name not in records:
            return encode_response(query, (), ResponseCode.NAME_ERROR)
        return encode_response(query, records[query.name])
    except DnsError:
        return None


def main() -> int:
    """Serve until killed."""
    listen = [word for word in sys.argv[1:] if "=" not in word]
    records = read_records(word for word in sys.argv[1:] if "=" in word)
    poll = select.poll()
    sockets: dict[int, socket.socket] = {}
    for address in listen:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        server = socket.socket(family, socket.SOCK_DGRAM)
        server.bind((address, PORT))
        poll.register(server, select.POLLIN)
        sockets[server.fileno()] = server
    print("ready", flush=True)
    while True:
        for fd, _ in poll.poll():
            try:
                message, sender = sockets[fd].recvfrom(LARGEST_QUERY)
                response = answer(message, records)
                if response is not None:
                    sockets[fd].sendto(response, sender)
            except OSError:
                # An ICMP error for an earlier answer: that client has gone away.
                continue
