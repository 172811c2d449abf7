"""SSH (RFC 4253): greetings and the key exchange, before everything is encrypted."""

from __future__ import annotations

import hashlib
from typing import Final

from tunscope.filter.deep.registry import decodes, guesses
from tunscope.filter.deep.ssh_connection import Method, SshConnection, SshSide
from tunscope.filter.deep.ssh_key_exchange import add_key_exchange
from tunscope.filter.layers.dissection import Dissection, Payload, take, u32

_KEXINIT, _NEWKEYS = 20, 21
#: Messages of the method of exchange agreed upon (RFC 4250, 4.1.2).
_EXCHANGE: Final = range(30, 35)
_LONGEST: Final = 0x8000
_LISTS: Final = (
    "kex_algorithms",
    "server_host_key_algorithms",
    "encryption_algorithms_client_to_server",
    "encryption_algorithms_server_to_client",
    "mac_algorithms_client_to_server",
    "mac_algorithms_server_to_client",
    "compression_algorithms_client_to_server",
    "compression_algorithms_server_to_client",
    "languages_client_to_server",
    "languages_server_to_client",
)


@decodes("tcp", "ssh")
def decode_ssh(dissection: Dissection, payload: Payload) -> bool:
    """Decode what a segment on SSH's port carries."""
    octets = payload.octets
    server = payload.source_port < payload.destination_port
    connection = dissection.recall(SshConnection, payload)
    if not dissection.begin("ssh", octets):
        return True
    dissection.add("ssh.direction", int(server))
    if octets.data.startswith(b"SSH-"):
        line, newline, _ = octets.data.partition(b"\n")
        dissection.add("ssh.protocol", line.rstrip(b"\r").decode("utf-8", "replace"))
        octets = octets.rest(len(line) + len(newline))
    _add_packets(dissection, octets.data, connection, int(server))
    return True


@guesses("tcp")
def guess_ssh(dissection: Dissection, payload: Payload) -> bool:
    """Decode a segment that begins with SSH's greeting, on any port."""
    if not payload.octets.data.startswith(b"SSH-"):
        return False
    return decode_ssh(dissection, payload)


def _add_packets(
    dissection: Dissection, data: bytes, connection: SshConnection, sender: int
) -> None:
    """Note binary packets as long as they make sense in the clear."""
    side = connection.sides[sender]
    offset = 0
    while offset + 6 <= len(data) and not side.encrypted:
        length, padding = u32(data, offset), data[offset + 4]
        message = data[offset + 5]
        clear = (
            0 < length < _LONGEST
            and 4 <= padding < length
            and (message in (_KEXINIT, _NEWKEYS) or message in _EXCHANGE)
        )
        if not clear or offset + 4 + length > len(data):
            break
        dissection.add("ssh.packet_length", length)
        dissection.add("ssh.padding_length", padding)
        dissection.add("ssh.message_code", message)
        body = data[offset + 6 : offset + 4 + length - padding]
        number = side.number
        if message == _KEXINIT:
            side.number += 1
            _add_offer(dissection, body, side, server=bool(sender))
        elif message == _NEWKEYS:
            side.encrypted = True
        else:
            # As Wireshark counts: before some methods' messages, after those of others.
            side.number += 1
            if connection.method is not Method.CURVE:
                number = side.number
            add_key_exchange(dissection, message, body, connection.method)
        offset += 4 + length
        dissection.add("ssh.padding_string", data[offset - padding : offset])
        dissection.add("ssh.seq_num", number)
    if not connection.hides_lengths(sender):
        _add_encrypted(dissection, data[offset:])


def _add_encrypted(dissection: Dissection, data: bytes) -> None:
    if len(data) < 4:
        return
    dissection.add("ssh.packet_length_encrypted", data[:4])
    dissection.add("ssh.encrypted_packet", data[4:])


def _add_offer(dissection: Dissection, body: bytes, offering: SshSide, *, server: bool) -> None:
    add = dissection.add
    add("ssh.cookie", take(body, 0, 16))
    offset = 16
    lists = []
    for name in _LISTS:
        size = u32(body, offset)
        text = take(body, offset + 4, size).decode("ascii", "replace")
        add(f"ssh.{name}_length", size)
        add(f"ssh.{name}", text)
        lists.append(text)
        offset += 4 + size
    offering.methods = lists[0].split(",")
    offering.ciphers = (lists[2].split(","), lists[3].split(","))
    add("ssh.first_kex_packet_follows", body[offset])
    add("ssh.kex.reserved", take(body, offset + 1, 4))
    side = 1 if server else 0
    full = ";".join((lists[0], lists[2 + side], lists[4 + side], lists[6 + side]))
    suffix = "server" if server else ""
    digest = hashlib.md5(full.encode(), usedforsecurity=False).hexdigest()
    add(f"ssh.kex.hassh{suffix}_algorithms", full)
    add(f"ssh.kex.hassh{suffix}", digest)
