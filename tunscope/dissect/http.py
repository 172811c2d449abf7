"""HTTP/1 (RFC 9112)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.formats import plural, shown_text
from tunscope.dissect.packet import TCP_GUESSES, TCP_PORTS, UDP_PORTS, decode_data, entered

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_PORTS: Final = (80, 631, 1900, 2710, 2869, 3128, 3132, 3689, 5985, 8080, 8088, 11371)
_METHODS: Final = frozenset(
    b"GET POST HEAD PUT DELETE OPTIONS TRACE CONNECT PATCH PROPFIND PROPPATCH MKCOL COPY MOVE "
    b"LOCK UNLOCK SEARCH SUBSCRIBE UNSUBSCRIBE NOTIFY M-SEARCH REPORT".split()
)
#: Headers of one message that are shown, and the longest line.
_MAX_HEADERS: Final = 500
_MAX_LINE: Final = 65_536
_HEADERS: Final = {
    name.replace(b"_", b"-"): f"http.{name.decode()}"
    for name in b"accept accept_encoding accept_language authorization cache_control connection "
    b"content_encoding content_type cookie date host last_modified location "
    b"proxy_authenticate proxy_authorization proxy_connect_host referer sec_websocket_accept "
    b"sec_websocket_extensions sec_websocket_key sec_websocket_protocol sec_websocket_version "
    b"server set_cookie transfer_encoding upgrade user_agent www_authenticate "
    b"x_forwarded_for".split()
} | {b"content-length": "http.content_length_header"}


@entered(TCP_PORTS, *_PORTS)
@entered(UDP_PORTS, 1900)
def decode_http(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode a message's first line and headers; the body is data."""
    udp = dissection.protocol == "UDP"
    name, title = ("ssdp", "Simple Service Discovery Protocol") if udp else (
        "http", "Hypertext Transfer Protocol")  # fmt: skip
    dissection.enter(name.upper(), name)
    tree = parent.protocol(name, title, window)
    line, offset = _line(window, 0)
    if not _begins_message(line):
        dissection.run(decode_data, window, tree)
        return
    _add_first_line(tree, line, offset)
    response = line.startswith(b"HTTP/")
    for _ in range(_MAX_HEADERS):
        at = offset
        if at >= window.captured:
            return
        line, offset = _line(window, at)
        if not line:
            tree.group("\\r\\n", at, offset - at)
            break
        _add_header(tree, line, at, offset - at, response=response)
    size = window.captured - offset
    if size > 0:
        label = f"File Data: {plural(size, 'byte')}"
        tree.field("http.file_data", offset, size, label=label)
        tree.end(offset)
        dissection.run(decode_data, window.sub(offset), parent)


@TCP_GUESSES.append
def guess_http(window: Window, parent: Tree, dissection: Dissection) -> bool:
    """Recognise a first line on any port."""
    line, _ = _line(window, 0)
    if not _begins_message(line) or b"HTTP/1." not in line:
        return False
    decode_http(window, parent, dissection)
    return True


def _line(window: Window, offset: int) -> tuple[bytes, int]:
    """Return the line at `offset` without its end, and where the next one begins."""
    place = window.start + offset
    end = window.data.find(b"\n", place, min(window.stop, place + _MAX_LINE))
    if end < 0:
        end = min(window.stop, place + _MAX_LINE)
        return window.data[place:end], end - window.start
    return window.data[place:end].removesuffix(b"\r"), end + 1 - window.start


def _begins_message(line: bytes) -> bool:
    return line.startswith(b"HTTP/") or line.split(b" ", 1)[0] in _METHODS


def _add_first_line(tree: Tree, line: bytes, size: int) -> None:
    branch = tree.group(f"{shown_text(line)}\\r\\n", 0, size)
    first, _, rest = line.partition(b" ")
    second, space, third = rest.partition(b" ")
    if line.startswith(b"HTTP/"):
        branch.field("http.response.version", 0, len(first))
        at = len(first) + 1
        if second.isdigit() and len(second) <= 3:
            branch.field("http.response.code", at, len(second), value=int(second))
        if third:
            branch.field("http.response.phrase", at + len(second) + 1, len(third))
        return
    branch.field("http.request.method", 0, len(first))
    at = len(first) + 1
    branch.field("http.request.uri", at, len(second))
    if space:
        branch.field("http.request.version", at + len(second) + 1, len(third))


def _add_header(tree: Tree, line: bytes, offset: int, size: int, *, response: bool) -> None:
    key, _, value = line.partition(b":")
    name = _HEADERS.get(key.strip().lower())
    text = shown_text(value.strip())
    label = f"{shown_text(line)}\\r\\n"
    if name is None:
        name = f"http.{'response' if response else 'request'}.line"
        text = shown_text(line)
    node = tree.field(name, offset, size, value=text, label=label)
    if name == "http.content_length_header" and text.isdigit() and len(text) < 20:
        length = node.field("http.content_length", offset, size, value=int(text))
        length.label = f"[{length.label}]"
