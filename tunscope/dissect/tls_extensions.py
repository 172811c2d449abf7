"""Extensions of TLS hellos (RFC 6066, 7301, 8446)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tunscope.dissect.fieldtable import value_name
from tunscope.dissect.formats import plural

if TYPE_CHECKING:
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

#: Reads an extension's data between two offsets.
Reader = Callable[["Tree", "Window", int, int], None]


def add_extensions(parent: Tree, window: Window, offset: int, stop: int, *, client: bool) -> None:
    """Add the extensions between `offset` and `stop`."""
    readers = _CLIENT if client else _SERVER
    while offset + 4 <= stop:
        kind, size = window.u16(offset), window.u16(offset + 2)
        name = value_name("tls.handshake.extension.type", kind)
        tree = parent.group(f"Extension: {name} (len={size})", offset, 4 + size)
        tree.field("tls.handshake.extension.type", offset, 2)
        tree.field("tls.handshake.extension.len", offset + 2, 2)
        body = offset + 4
        reader = readers.get(kind)
        if reader is not None and size:
            reader(tree, window, body, body + size)
        elif size:
            label = f"Data ({plural(size, 'byte')})"
            tree.field("tls.handshake.extension.data", body, size, label=label)
        offset = body + size


def _server_name(tree: Tree, window: Window, offset: int, stop: int) -> None:
    group = tree.group("Server Name Indication extension", offset, stop - offset)
    group.field("tls.handshake.extensions_server_name_list_len", offset, 2)
    at = offset + 2
    while at + 3 <= stop:
        size = window.u16(at + 1)
        group.field("tls.handshake.extensions_server_name_type", at, 1)
        group.field("tls.handshake.extensions_server_name_len", at + 1, 2)
        group.field("tls.handshake.extensions_server_name", at + 3, size)
        at += 3 + size


def _numbers(
    prefix: str, length: str, whole: str, item: str, title: str, count_size: int, size: int
) -> Reader:
    """Return the reader of a list of numbers of `size` bytes behind its length in bytes."""

    def read(tree: Tree, window: Window, offset: int, stop: int) -> None:
        total = window.number(offset, count_size)
        tree.field(f"tls.handshake.{prefix}{length}", offset, count_size)
        first = offset + count_size
        group = tree
        if whole:
            label = title.format(total // size)
            group = tree.marked(f"tls.handshake.{prefix}{whole}", label, first, total)
        for at in range(first, min(first + total, stop) - size + 1, size):
            group.field(f"tls.handshake.{prefix}{item}", at, size)

    return read


def _number(name: str, size: int) -> Reader:
    """Return the reader of one number."""

    def read(tree: Tree, window: Window, offset: int, stop: int) -> None:
        tree.field(f"tls.handshake.{name}", offset, size)

    return read


def _application_protocols(tree: Tree, window: Window, offset: int, stop: int) -> None:
    tree.field("tls.handshake.extensions_alpn_len", offset, 2)
    group = tree.marked(
        "tls.handshake.extensions_alpn_list", "ALPN Protocol", offset + 2, stop - offset - 2
    )
    at = offset + 2
    while at < stop:
        size = window.u8(at)
        group.field("tls.handshake.extensions_alpn_str_len", at, 1)
        group.field("tls.handshake.extensions_alpn_str", at + 1, size)
        at += 1 + size


def _add_share(tree: Tree, window: Window, offset: int) -> int:
    """Add a key share entry; return where it ends."""
    group, size = window.u16(offset), window.u16(offset + 2)
    name = value_name("tls.handshake.extensions_key_share_group", group)
    entry = tree.group(
        f"Key Share Entry: Group: {name}, Key Exchange length: {size}", offset, 4 + size
    )
    entry.field("tls.handshake.extensions_key_share_group", offset, 2)
    entry.field("tls.handshake.extensions_key_share_key_exchange_length", offset + 2, 2)
    if size:
        entry.field("tls.handshake.extensions_key_share_key_exchange", offset + 4, size)
    return offset + 4 + size


def _client_shares(tree: Tree, window: Window, offset: int, stop: int) -> None:
    group = tree.group("Key Share extension", offset, stop - offset)
    group.field("tls.handshake.extensions_key_share_client_length", offset, 2)
    at = offset + 2
    while at + 4 <= stop:
        at = _add_share(group, window, at)


def _server_share(tree: Tree, window: Window, offset: int, stop: int) -> None:
    group = tree.group("Key Share extension", offset, stop - offset)
    if stop - offset == 2:
        group.field("tls.handshake.extensions_key_share_selected_group", offset, 2)
    else:
        _add_share(group, window, offset)


_CLIENT: Final[dict[int, Reader]] = {
    0: _server_name,
    10: _numbers(
        "extensions_supported_", "groups_length", "groups", "group", "Supported Groups ({} groups)",
        2, 2,
    ),
    11: _numbers(
        "extensions_ec_point_", "formats_length", "formats", "format",
        "Elliptic curves point formats ({})", 1, 1,
    ),
    13: _numbers(
        "sig_hash_", "alg_len", "algs", "alg", "Signature Hash Algorithms ({} algorithms)", 2, 2
    ),
    16: _application_protocols,
    43: _numbers("extensions.supported_", "versions_len", "", "version", "", 1, 2),
    51: _client_shares,
}  # fmt: skip
_SERVER: Final[dict[int, Reader]] = {
    11: _CLIENT[11],
    16: _application_protocols,
    43: _number("extensions.supported_version", 2),
    51: _server_share,
}
