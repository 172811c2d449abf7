"""Keeps asking for a name: `main SECONDS NAME SERVER...`.

Every SECONDS it asks the next SERVER for the A and then for the AAAA records of NAME, each from
a fresh port, as a resolver library does. An answer that does not come is not waited for longer
than the next turn.
"""

from __future__ import annotations

import itertools
import secrets
import socket
import sys
import time

from tunscope.lab.programs.dns_message import (
    TYPE_A,
    TYPE_AAAA,
    DnsError,
    Query,
    Response,
    decode_response,
    encode_query,
)
from tunscope.lab.programs.nameserver import LARGEST_QUERY, PORT


def ask(server: str, name: str, record_type: int, timeout: float) -> Response | None:
    """Ask one question; None without an answer within `timeout` seconds."""
    query = Query(secrets.randbits(16), name, record_type)
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        try:
            sock.connect((server, PORT))
            sock.send(encode_query(query))
            response = decode_response(sock.recv(LARGEST_QUERY))
        except (OSError, DnsError):
            return None
    return response if response.identifier == query.identifier else None


def main() -> int:
    """Ask until killed."""
    seconds, name, *servers = sys.argv[1:]
    pause = float(seconds)
    for server in itertools.cycle(servers):
        for record_type in (TYPE_A, TYPE_AAAA):
            ask(server, name, record_type, pause)
        time.sleep(pause)
    return 0
