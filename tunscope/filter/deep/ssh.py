"""SSH (RFC 4253): greetings and the key exchange, before everything is encrypted."""

from __future__ import annotations

import hashlib
from typing import Final

from tunscope.filter.deep.registry import decodes, guesses
from tunscope.filter.layers.dissection import Dissection, Octets, Payload, take, u32

_KEXINIT, _NEWKEYS = 20, 21
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
    names = _server_side(payload)
    if not dissection.begin("ssh", octets):
        return True
    dissection.add("ssh.direction", int(names))
    if octets.data.startswith(b"SSH-"):
        _add_greeting(dissection, octets, server=names)
    else:
        _add_packets(dissection, octets, server=names)
    return True


@guesses("tcp")
def guess_ssh(dissection: Dissection, payload: Payload) -> bool:
    """Decode a segment that begins with SSH's greeting, on any port."""
    if not payload.octets.data.startswith(b"SSH-"):
        return False
    return decode_ssh(dissection, payload)


def _server_side(payload: Payload) -> bool:
    return payload.source_port < payload.destination_port


def _add_greeting(dissection: Dissection, octets: Octets, *, server: bool) -> None:
    line, newline, rest = octets.data.partition(b"\n")
    dissection.add("ssh.protocol", line.rstrip(b"\r").decode("utf-8", "replace"))
    if newline and rest:
        _add_packets(dissection, octets.rest(len(line) + 1), server=server)


def _add_packets(dissection: Dissection, octets: Octets, *, server: bool) -> None:
    """Note binary packets as long as they make sense in the clear."""
    data = octets.data
    offset = 0
    while offset + 6 <= len(data):
        length, padding = u32(data, offset), data[offset + 4]
        message = data[offset + 5]
        clear = (
            0 < length < _LONGEST
            and 4 <= padding < length
            and (message in (_KEXINIT, _NEWKEYS) or 30 <= message <= 34)
        )
        if not clear or offset + 4 + length > len(data):
            _add_encrypted(dissection, data[offset:])
            return
        dissection.add("ssh.packet_length", length)
        dissection.add("ssh.padding_length", padding)
        dissection.add("ssh.message_code", message)
        body = data[offset + 6 : offset + 4 + length - padding]
        if message == _KEXINIT:
            _add_offer(dissection, body, server=server)
        elif message == 30 and len(body) >= 4:
            _add_client_key(dissection, body)
        elif message == 31 and len(body) >= 4:
            _add_server_key(dissection, body)
        stop = offset + 4 + length
        dissection.add("ssh.padding_string", data[stop - padding : stop])
        offset = stop
        if message == _NEWKEYS and offset < len(data):
            _add_encrypted(dissection, data[offset:])
            return


def _add_encrypted(dissection: Dissection, data: bytes) -> None:
    if len(data) < 4:
        return
    dissection.add("ssh.packet_length_encrypted", data[:4])
    dissection.add("ssh.encrypted_packet", data[4:])


def _add_offer(dissection: Dissection, body: bytes, *, server: bool) -> None:
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
    add("ssh.first_kex_packet_follows", body[offset])
    add("ssh.kex.reserved", take(body, offset + 1, 4))
    side = 1 if server else 0
    full = ";".join((lists[0], lists[2 + side], lists[4 + side], lists[6 + side]))
    suffix = "server" if server else ""
    digest = hashlib.md5(full.encode(), usedforsecurity=False).hexdigest()
    add(f"ssh.kex.hassh{suffix}_algorithms", full)
    add(f"ssh.kex.hassh{suffix}", digest)


def _add_client_key(dissection: Dissection, body: bytes) -> None:
    size = u32(body, 0)
    dissection.add("ssh.ecdh.q_c_length", size)
    dissection.add("ssh.ecdh.q_c", take(body, 4, size))


def _add_server_key(dissection: Dissection, body: bytes) -> None:
    add = dissection.add
    size = u32(body, 0)
    add("ssh.host_key.length", size)
    key = take(body, 4, size)
    length = u32(key, 0)
    kind = take(key, 4, length).decode("ascii", "replace")
    add("ssh.host_key.type_length", length)
    add("ssh.host_key.type", kind)
    rest = key[4 + length :]
    if kind == "ssh-ed25519" and len(rest) >= 4:
        add("ssh.host_key.eddsa.key_length", u32(rest, 0))
        add("ssh.host_key.eddsa.key", take(rest, 4, u32(rest, 0)))
    elif kind == "ssh-rsa" and len(rest) >= 4:
        exponent = u32(rest, 0)
        add("ssh.host_key.rsa.e", take(rest, 4, exponent))
        modulus = rest[4 + exponent :]
        add("ssh.host_key.rsa.n", take(modulus, 4, u32(modulus, 0)))
    offset = 4 + size
    add("ssh.ecdh.q_s_length", u32(body, offset))
    add("ssh.ecdh.q_s", take(body, offset + 4, u32(body, offset)))
    offset += 4 + u32(body, offset)
    signature = take(body, offset + 4, u32(body, offset))
    add("ssh.host_sig.length", len(signature))
    length = u32(signature, 0)
    add("ssh.host_sig.type_length", length)
    add("ssh.host_sig.type", take(signature, 4, length).decode("ascii", "replace"))
    add("ssh.host_sig.data", signature[4 + length :][4:])
