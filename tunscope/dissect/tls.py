"""TLS records and handshakes (RFC 8446, 5246), as far as they are not encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.fieldtable import value_name
from tunscope.dissect.formats import plural
from tunscope.dissect.packet import TCP_GUESSES, TCP_PORTS, decode_data, entered
from tunscope.dissect.tls_extensions import add_extensions

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_CHANGE_CIPHER, _ALERT, _HANDSHAKE, _APPLICATION = 20, 21, 22, 23
_HELLO_REQUEST, _CLIENT_HELLO, _SERVER_HELLO = 0, 1, 2
#: Messages that may go on in the next record: hellos, certificates, certificate requests.
_LONG: Final = frozenset({1, 2, 11, 13})
_MAX_RECORD: Final = (1 << 14) + 2048
_VERSIONS: Final = {
    0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2", 0x0304: "TLSv1.3",
}  # fmt: skip


@entered(TCP_PORTS, 443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995)
def decode_tls(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the records of a segment; what is no record is shown as data."""
    if not _begins_record(window):
        dissection.enter("TLS", "tls")
        parent.protocol("tls", "Transport Layer Security", window)
        dissection.run(decode_data, window, parent)
        return
    dissection.enter("TLS", "tls")
    tree = parent.protocol("tls", "Transport Layer Security", window)
    offset = 0
    while offset < window.captured and _begins_record(window.sub(offset)):
        size = window.u16(offset + 3)
        _add_record(tree, window, offset, size)
        offset += 5 + size
    if offset < window.captured:
        tree.group(f"Continuation ({plural(window.captured - offset, 'byte')})", offset)


@TCP_GUESSES.append
def guess_tls(window: Window, parent: Tree, dissection: Dissection) -> bool:
    """Recognise a record on any port."""
    if not _begins_record(window):
        return False
    decode_tls(window, parent, dissection)
    return True


def _begins_record(window: Window) -> bool:
    head = window.rest()[:5]
    if len(head) < 5 or not _CHANGE_CIPHER <= head[0] <= _APPLICATION:
        return False
    version, size = int.from_bytes(head[1:3], "big"), int.from_bytes(head[3:5], "big")
    return version in _VERSIONS and size <= _MAX_RECORD


def _add_record(parent: Tree, window: Window, offset: int, size: int) -> None:
    kind, version = window.u8(offset), window.u16(offset + 1)
    name = value_name("tls.record.content_type", kind)
    head = f"{_VERSIONS[version]} Record Layer: {name}"
    record = parent.marked("tls.record", head, offset, 5 + size)
    record.field("tls.record.content_type", offset, 1)
    record.field("tls.record.version", offset + 1, 2)
    record.field("tls.record.length", offset + 3, 2)
    body, stop = offset + 5, offset + 5 + size
    if kind == _APPLICATION:
        if window.captured > body:
            shown = min(size, window.captured - body)
            record.field("tls.app_data", body, shown)
    elif kind == _CHANGE_CIPHER and size:
        record.marked("tls.change_cipher_spec", "Change Cipher Spec Message", body, size)
    elif kind == _ALERT:
        encrypted = size != 2
        record.marked(
            "tls.alert_message",
            f"Alert Message{': Encrypted Alert' if encrypted else ''}",
            body,
            size,
        )
    elif kind == _HANDSHAKE:
        _add_messages(record, window, body, stop)


def _add_messages(record: Tree, window: Window, offset: int, stop: int) -> None:
    names = []
    while offset < stop:
        kind = window.u8(offset)
        size = window.number(offset + 1, 3) if offset + 4 <= stop else stop
        name = value_name("tls.handshake.type", kind, "")
        # What an encrypted message begins with is random: it seldom passes for a header.
        empty = kind == _HELLO_REQUEST and (size or stop - offset > 4)
        beyond = kind not in _LONG and offset + 4 + size > stop
        if not name or empty or beyond:
            record.marked(
                "tls.handshake", "Handshake Protocol: Encrypted Handshake Message",
                offset, stop - offset,
            )  # fmt: skip
            names.append("Encrypted Handshake Message")
            break
        names.append(name)
        message = record.marked("tls.handshake", f"Handshake Protocol: {name}", offset, 4 + size)
        message.field("tls.handshake.type", offset, 1)
        message.field("tls.handshake.length", offset + 1, 3)
        if kind in {_CLIENT_HELLO, _SERVER_HELLO} and size:
            _add_hello(message, window, offset + 4, offset + 4 + size, client=kind == _CLIENT_HELLO)
        offset += 4 + size
    if names:
        title = "Multiple Handshake Messages" if len(names) > 1 else names[0]
        record.label = record.label.partition(": ")[0] + f": Handshake Protocol: {title}"


def _add_hello(tree: Tree, window: Window, offset: int, stop: int, *, client: bool) -> None:
    tree.field("tls.handshake.version", offset, 2)
    random = tree.field("tls.handshake.random", offset + 2, 32)
    random.field("tls.handshake.random_time", offset + 2, 4)
    random.field("tls.handshake.random_bytes", offset + 6, 28)
    at = offset + 34
    size = window.u8(at)
    tree.field("tls.handshake.session_id_length", at, 1)
    if size:
        tree.field("tls.handshake.session_id", at + 1, size)
    at += 1 + size
    if client:
        size = window.u16(at)
        tree.field("tls.handshake.cipher_suites_length", at, 2)
        suites = tree.marked(
            "tls.handshake.ciphersuites",
            f"Cipher Suites ({plural(size // 2, 'suite')})",
            at + 2,
            size,
        )
        for place in range(at + 2, at + 2 + size - 1, 2):
            suites.field("tls.handshake.ciphersuite", place, 2)
        at += 2 + size
        size = window.u8(at)
        tree.field("tls.handshake.comp_methods_length", at, 1)
        methods = tree.marked(
            "tls.handshake.comp_methods",
            f"Compression Methods ({plural(size, 'method')})",
            at + 1,
            size,
        )
        for place in range(at + 1, at + 1 + size):
            methods.field("tls.handshake.comp_method", place, 1)
        at += 1 + size
    else:
        tree.field("tls.handshake.ciphersuite", at, 2)
        tree.field("tls.handshake.comp_method", at + 2, 1)
        at += 3
    if at + 2 <= stop:
        tree.field("tls.handshake.extensions_length", at, 2)
        add_extensions(tree, window, at + 2, stop, client=client)
