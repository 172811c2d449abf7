"""Handshake messages of TLS (RFC 8446, 4; RFC 5246, 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.tls_names import HANDSHAKE_TYPES

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_CLIENT_HELLO: Final = 1
_SERVER_HELLO: Final = 2
_SUPPORTED_VERSIONS: Final = 43
#: An encrypted message has at least a MAC or tag of this size.
_LEAST_ENCRYPTED: Final = 16
_MAX_MESSAGES: Final = 64


def show_handshake(body: Window, encrypted: bool, draft: Draft) -> None:
    """Add the messages of a handshake record to the Info text."""
    if encrypted and body.length >= _LEAST_ENCRYPTED:
        body.check(0, body.length)
        draft.append_item("Encrypted Handshake Message")
        return
    offset = 0
    for _ in range(_MAX_MESSAGES):
        if offset >= body.length:
            return
        kind = body.u8(offset)
        name = HANDSHAKE_TYPES.get(kind)
        if name is None and body.length >= _LEAST_ENCRYPTED:
            body.check(0, body.length)
            draft.append_item("Encrypted Handshake Message")
            return
        name = name or "Encrypted Handshake Message"
        length = body.u24(offset + 1)
        if offset + 4 + length > body.length:
            draft.append_item(f"[{name} Fragment]")
            return
        message = body.sub(offset + 4, length)
        message.check(0, length)
        draft.append_item(name)
        if kind == _SERVER_HELLO:
            _read_server_hello(message, draft)
        elif kind == _CLIENT_HELLO:
            _walk_client_hello(message)
        offset += 4 + length


def _read_server_hello(message: Window, draft: Draft) -> None:
    """Take the negotiated version, from supported_versions if there (RFC 8446, 4.1.3)."""
    names = {0x300: "SSLv3", 0x301: "TLSv1", 0x302: "TLSv1.1", 0x303: "TLSv1.2", 0x304: "TLSv1.3"}
    version = message.u16(0)
    offset = 35 + message.u8(34)
    message.check(offset, 3)
    offset += 3
    if offset < message.length:
        stop = offset + 2 + message.u16(offset)
        offset += 2
        while offset < stop:
            kind, size = message.u16(offset), message.u16(offset + 2)
            if kind == _SUPPORTED_VERSIONS and size == 2:
                version = message.u16(offset + 4)
            offset += 4 + size
    if version >> 8 == 0x7F:  # a draft of TLS 1.3
        version = 0x304
    if version in names:
        draft.conversation.version = names[version]
        draft.name(names[version])


def _walk_client_hello(message: Window) -> None:
    """Step over a client hello's fields; raise where they do not fit (RFC 8446, 4.1.2)."""
    offset = 35 + message.u8(34)
    offset += 2 + message.u16(offset)
    offset += 1 + message.u8(offset)
    message.check(0, offset)
    if offset < message.length:
        message.check(offset + 2, message.u16(offset))
