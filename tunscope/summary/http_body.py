"""What an HTTP message carries: framing, content type, content coding."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from tunscope.summary.window import Malformed, Unfinished, Window

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft

#: Types that are named whatever the body looks like.
_TEXT: Final = frozenset(
    {
        "text/plain",
        "text/html",
        "text/css",
        "text/javascript",
        "text/richtext",
        "text/enriched",
        "text/parameters",
        "text/vnd.wap.wml",
        "application/x-javascript",
        "application/x-ns-proxy-autoconfig",
        "application/x-www-form-urlencoded",
    }
)
_JSON: Final = frozenset(("application/json", "application/json-rpc", "application/senml+json"))
_XML: Final = frozenset(("application/xml", "text/xml", "application/soap+xml"))
#: Types that leave no trace in the Info text.
_SILENT: Final = frozenset(("application/octet-stream", "application/grpc"))
_PNG: Final = b"\x89PNG\r\n\x1a\n"
#: No coding, and one that is taken to be sound since it cannot be decoded here.
_SHOWN_CODINGS: Final = ("", "identity", "br")
_MAX_FIELD: Final = 1024


class Headers:
    """The header fields that say how long a body is and what it is."""

    __slots__ = ("chunked", "coding", "content_type", "length", "upgrade")

    def __init__(self) -> None:
        self.length: int | None = None
        self.chunked = False
        self.content_type = ""
        self.coding = ""
        self.upgrade = ""

    def take(self, name: bytes, value: bytes) -> None:
        """Take in the field `name`, in lower case."""
        text = value[:_MAX_FIELD].decode("latin-1")
        if name == b"content-length" and value.isdigit() and len(value) < 19:
            self.length = int(value)
        elif name == b"transfer-encoding":
            self.chunked = "chunked" in text.lower()
        elif name == b"content-type":
            self.content_type = text.split(";", 1)[0].strip().lower()
        elif name == b"content-encoding":
            self.coding = text.strip().lower()
        elif name == b"upgrade":
            self.upgrade = text.strip().lower()


def show_body(window: Window, headers: Headers, draft: Draft) -> int:
    """Add what the body is to the Info text; return how many of its bytes belong to it."""
    size = window.captured
    body = window.rest(0)
    if headers.chunked:
        body, size = _joined_chunks(window)
        if not body:
            return size
    if headers.coding not in _SHOWN_CODINGS:
        decoded = _decoded(body, headers.coding)
        if decoded is None:
            return size
        body = decoded
    _show_content(headers.content_type, body, draft)
    return size


def _show_content(kind: str, body: bytes, draft: Draft) -> None:
    if kind in _SILENT or kind.startswith("multipart/"):
        return
    if kind in _TEXT:
        draft.append(f" ({kind})")
    elif kind in _JSON:
        draft.name(f"{draft.protocol}/JSON")
        draft.append(f", JavaScript Object Notation ({kind})")
    elif kind in _XML or kind == "image/svg+xml":
        draft.name(f"{draft.protocol}/XML")
    elif body.startswith(_PNG):
        draft.append(" (PNG)")
    elif kind == "image/gif" and body.startswith((b"GIF87a", b"GIF89a")):
        draft.append(f" ({body[:6].decode('ascii')})")
    elif kind in {"image/jpeg", "image/jpg"} and body.startswith(b"\xff\xd8"):
        draft.append(" (JPEG JFIF image)")
    elif kind:
        draft.append(f" ({kind})")


def _joined_chunks(window: Window) -> tuple[bytes, int]:
    """Return the body of a chunked message (RFC 9112, 7.1) and its size in the segment.

    A chunk that claims more than the segment has raises, as its rest comes in a later one.
    """
    data = window.rest()
    parts: list[bytes] = []
    offset = 0
    while offset < len(data):
        end = data.find(b"\n", offset)
        if end < 0:
            break
        digits = data[offset:end].split(b";", 1)[0].strip()
        size = _hexadecimal(digits)
        start = end + 1
        if size < 0 or start + size + 2 > len(data):
            raise Unfinished if window.partial else Malformed
        if size == 0:
            return b"".join(parts), _after_trailer(data, start)
        parts.append(data[start : start + size])
        offset = start + size + 2
    return b"".join(parts), len(data)


def _hexadecimal(digits: bytes) -> int:
    try:
        return int(digits, 16) if digits and len(digits) <= 8 else -1
    except ValueError:
        return -1


def _after_trailer(data: bytes, offset: int) -> int:
    while offset < len(data):
        end = data.find(b"\n", offset)
        if end < 0:
            break
        line = data[offset:end].strip(b"\r")
        offset = end + 1
        if not line:
            return offset
    return len(data)


def _decoded(body: bytes, coding: str) -> bytes | None:
    """Return the beginning of a compressed body, None if it cannot be decoded."""
    if coding in {"gzip", "x-gzip"}:
        wbits = 31
    elif coding == "deflate":
        wbits = 15
    else:
        return None
    try:
        return zlib.decompressobj(wbits).decompress(body, 4096)
    except zlib.error:
        return None
