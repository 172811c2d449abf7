"""TLS and SSL records (RFC 8446, 5; RFC 5246, 6) and SSL 2's client hello."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import TCP_GUESSES, TCP_PORTS, application, entered, guessed
from tunscope.summary.tls_handshake import show_handshake
from tunscope.summary.tls_names import alert_text
from tunscope.summary.window import Malformed, Unfinished, Window

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft

_PORTS: Final = (
    324, 443, 465, 636, 802, 853, 993, 995, 1300, 2221, 2443, 3249, 3250, 3251, 3252, 3496,
    5061, 5671, 5684, 5868, 8883, 11207, 19999, 27017,
)  # fmt: skip
_VERSIONS: Final = {0x300: "SSLv3", 0x301: "TLSv1", 0x302: "TLSv1.1", 0x303: "TLSv1.2"}
#: Versions that pass over records of an unknown type (RFC 5246, 6).
_LENIENT: Final = ("TLSv1", "TLSv1.1", "TLSv1.2")
_CHANGE_CIPHER: Final = 20
_ALERT: Final = 21
_HANDSHAKE: Final = 22
_APPLICATION: Final = 23
_HEARTBEAT: Final = 24
_CLIENT_HELLO: Final = 1
_HEADER: Final = 5


@entered(TCP_PORTS, *_PORTS)
@application("TLS")
def read_tls(window: Window, draft: Draft) -> bool:
    """Read the records of a segment; decline plain text."""
    if window.length >= _HEADER and all(0x20 <= byte < 0x7F for byte in window.rest(0, 4)):
        return False
    conversation = draft.conversation
    conversation.application = "TLS"
    draft.name(conversation.version or "SSL")
    draft.write("")
    offset = 0
    while offset < window.length:
        offset += _read_record(window.sub(offset), draft)
    return True


@guessed(TCP_GUESSES)
def guess_tls(window: Window, draft: Draft) -> bool:
    """Recognise a record header, or an SSL 2 client hello, on any port."""
    if window.captured < _HEADER:
        return False
    kind, version, length = window.u8(0), window.u16(1), window.u16(3)
    if _is_client_hello_2(window):
        return read_tls(window, draft)
    if kind not in range(_CHANGE_CIPHER, _HEARTBEAT + 1) or version not in _VERSIONS:
        return False
    if not 0 < length <= 1 << 14 | 1 << 11:
        return False
    return read_tls(window, draft)


def _read_record(window: Window, draft: Draft) -> int:
    """Read one record; return how many bytes to go on after."""
    if _is_client_hello_2(window):
        draft.name("SSLv2")
        draft.append_item("Client Hello")
        return window.length
    known = draft.conversation.version
    kind = window.u8(0)
    valid = _CHANGE_CIPHER <= kind <= _HEARTBEAT
    if known in _LENIENT and not valid:
        draft.append_item("Ignored Unknown Record")
        return window.length
    if window.length < _HEADER:
        return window.length
    if not known and not valid:
        draft.append_item("Continuation Data")
        return window.length
    version, length = window.u16(1), window.u16(3)
    if not valid or (not known and version not in _VERSIONS):
        draft.append_item("Continuation Data")
        return window.length
    if window.length < _HEADER + length:
        return window.length
    if not length:
        raise Unfinished if window.partial else Malformed
    body = window.sub(_HEADER, length)
    first = body.u8(0)
    if not known and not (kind == _HANDSHAKE and first == _CLIENT_HELLO):
        draft.conversation.version = _VERSIONS[version]
    draft.name(draft.conversation.version or _VERSIONS[version])
    if kind != _HANDSHAKE:
        body.check(0, length)
    _show_record(kind, body, draft)
    return _HEADER + length


def _show_record(kind: int, body: Window, draft: Draft) -> None:
    notes = draft.conversation.notes
    encrypted = f"ciphered {draft.sport}"
    if kind == _CHANGE_CIPHER:
        draft.append_item("Change Cipher Spec")
        notes[encrypted] = 1
    elif kind == _ALERT:
        plain = alert_text(body.u8(0), body.u8(1)) if body.length == 2 else ""
        draft.append_item(f"Alert ({plain})" if plain else "Encrypted Alert")
    elif kind == _HANDSHAKE:
        show_handshake(body, encrypted in notes, draft)
    elif kind == _APPLICATION:
        draft.append_item("Application Data")
    else:
        names = {1: "Heartbeat Request", 2: "Heartbeat Response"}
        plain = ""
        if body.length > 2 and body.u16(1) + 3 <= body.length:
            plain = names.get(body.u8(0), "")
        draft.append_item(plain or "Encrypted Heartbeat")


def _is_client_hello_2(window: Window) -> bool:
    """Whether this is an SSL 2 client hello, also one that offers later versions."""
    head = window.rest(0, 5)
    return (
        len(head) == 5
        and head[0] & 0x80 != 0
        and head[2] == _CLIENT_HELLO
        and (head[3] << 8 | head[4]) in {0x0002, 0x0200, 0x0300, 0x0301, 0x0302, 0x0303}
    )
