"""The messages of SSH's key exchanges: RFC 4253, 8; RFC 4419; RFC 5656."""

from __future__ import annotations

from typing import Final

from tunscope.filter.deep.ssh_connection import Method
from tunscope.filter.layers.dissection import ERROR, PROTOCOL_GROUP, WARN, Dissection, take, u32

#: The longest number that Wireshark takes for a key.
_LONGEST_KEY: Final = 513


def add_key_exchange(dissection: Dissection, message: int, body: bytes, method: Method) -> None:
    """Note what message number `message` of an exchange by `method` says."""
    match method, message:
        case Method.CURVE, 30:
            _add_curve_point(dissection, "c", body, 0)
        case (Method.CURVE | Method.GROUP, 31) | (Method.GROUP_EXCHANGE, 33):
            _add_reply(dissection, body, curve=method is Method.CURVE)
        case (Method.GROUP, 30) | (Method.GROUP_EXCHANGE, 32):
            _add_public(dissection, "ssh.dh.e", body, 0)
        case Method.GROUP_EXCHANGE, 30:
            dissection.add("ssh.dh_gex.nbits", u32(body, 0))
        case Method.GROUP_EXCHANGE, 31:
            offset = _add_number(dissection, "ssh.dh_gex.p", body, 0)
            _add_number(dissection, "ssh.dh_gex.g", body, offset)
        case Method.GROUP_EXCHANGE, 34:
            for place, name in enumerate(("min", "nbits", "max")):
                dissection.add(f"ssh.dh_gex.{name}", u32(body, 4 * place))


def _add_reply(dissection: Dissection, body: bytes, *, curve: bool) -> None:
    add = dissection.add
    size = u32(body, 0)
    add("ssh.host_key.length", size)
    _add_host_key(dissection, take(body, 4, size))
    if curve:
        offset = _add_curve_point(dissection, "s", body, 4 + size)
    else:
        offset = _add_public(dissection, "ssh.dh.f", body, 4 + size)
    _add_signature(dissection, take(body, offset + 4, u32(body, offset)))


def _add_host_key(dissection: Dissection, key: bytes) -> None:
    add = dissection.add
    length = u32(key, 0)
    kind = take(key, 4, length).decode("ascii", "replace")
    add("ssh.host_key.type_length", length)
    add("ssh.host_key.type", kind)
    offset = 4 + length
    numbers = {"ssh-rsa": ("rsa.e", "rsa.n"), "ssh-dss": ("dsa.p", "dsa.q", "dsa.g", "dsa.y")}
    if kind in numbers:
        for name in numbers[kind]:
            offset = _add_number(dissection, f"ssh.host_key.{name}", key, offset)
    elif kind.startswith("ecdsa-sha2-"):
        size = u32(key, offset)
        add("ssh.host_key.ecdsa.id_length", size)
        add("ssh.host_key.ecdsa.id", take(key, offset + 4, size).decode("ascii", "replace"))
        offset += 4 + size
        size = u32(key, offset)
        add("ssh.host_key.ecdsa.q_length", size)
        add("ssh.host_key.ecdsa.q", take(key, offset + 4, size))
    elif kind == "ssh-ed25519":
        size = u32(key, offset)
        add("ssh.host_key.eddsa.key_length", size)
        add("ssh.host_key.eddsa.key", take(key, offset + 4, size))
    else:
        add("ssh.host_key.data", key[offset:])


def _add_signature(dissection: Dissection, signature: bytes) -> None:
    add = dissection.add
    add("ssh.host_sig.length", len(signature))
    length = u32(signature, 0)
    kind = take(signature, 4, length).decode("ascii", "replace")
    add("ssh.host_sig.type_length", length)
    add("ssh.host_sig.type", kind)
    offset = 4 + length
    if kind in ("ssh-rsa", "ssh-dss"):
        name = f"ssh.host_sig.{'rsa' if kind == 'ssh-rsa' else 'dsa'}"
        _add_number(dissection, name, signature, offset)
        return
    if kind != "ssh-ed25519":
        add("ssh.host_sig.data", signature[offset:])
    message = f"Decoded {4 + offset} bytes, but packet legnth is {len(signature)} bytes"
    dissection.expert("ssh.packet_decode.error", WARN, PROTOCOL_GROUP, message)


def _add_curve_point(dissection: Dissection, side: str, body: bytes, offset: int) -> int:
    size = u32(body, offset)
    _judge_length(dissection, size)
    dissection.add(f"ssh.ecdh.q_{side}_length", size)
    dissection.add(f"ssh.ecdh.q_{side}", take(body, offset + 4, size))
    return offset + 4 + size


def _add_public(dissection: Dissection, name: str, body: bytes, offset: int) -> int:
    _judge_length(dissection, u32(body, offset))
    return _add_number(dissection, name, body, offset)


def _judge_length(dissection: Dissection, size: int) -> None:
    if not 0 < size <= _LONGEST_KEY:
        message = f"Invalid key length: {size}"
        dissection.expert("ssh.key_length.error", ERROR, PROTOCOL_GROUP, message)


def _add_number(dissection: Dissection, name: str, body: bytes, offset: int) -> int:
    """Note a number of any size (RFC 4251, 5); return where it ends."""
    size = u32(body, offset)
    dissection.add("ssh.mpint_length", size)
    dissection.add(name, take(body, offset + 4, size))
    return offset + 4 + size
