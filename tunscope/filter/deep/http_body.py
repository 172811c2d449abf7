"""What follows the head of an HTTP message, as far as one segment holds it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from typing import Final

from tunscope.filter.layers.dissection import (
    NOTE,
    REASSEMBLE_GROUP,
    UNDECODED_GROUP,
    WARN,
    Dissection,
    Octets,
)
from tunscope.filter.layers.registry import dissect_data

#: Media types that Wireshark shows line by line.
_TEXT: Final = frozenset(
    {
        "text/plain",
        "text/html",
        "text/css",
        "text/javascript",
        "application/javascript",
        "application/x-javascript",
        "application/x-tia-p25-issi",
        "application/x-tia-p25-sndcp",
    }
)
_NAMED: Final = {
    "application/json": "json",
    "application/xml": "xml",
    "text/xml": "xml",
    "image/gif": "image-gif",
    "image/jpeg": "image-jfif",
    "image/png": "png",
    "application/x-www-form-urlencoded": "urlencoded-form",
}
_CODINGS: Final = frozenset({"gzip", "x-gzip", "deflate"})
#: Compressed bodies are read up to this many bytes.
_LARGEST: Final = 1 << 20
_LONGEST_SIZE_LINE: Final = 256
_HEXADECIMAL: Final = re.compile(rb"[0-9A-Fa-f]{1,16}")
_UNREASSEMBLED: Final = "Unreassembled fragment (change preferences to enable reassembly)"


def add_body(
    dissection: Dissection, body: Octets, headers: Mapping[str, str], *, loose: bool
) -> int:
    """Note the body: its bytes, and by its media type which protocol reads them. Return its size.

    A `loose` body stands behind no start line of its own: its text counts only where it begins
    with a printable character.
    """
    length = headers.get("content-length", "")
    if length.isdecimal():
        body.trim(min(int(length), 1 << 62))
    size = len(body.data)
    if not size or headers.get("upgrade"):
        return size
    if headers.get("transfer-encoding", "").lower() == "chunked":
        plain, size = _add_chunks(dissection, body.data)
        if not size:
            dissection.expert("_ws.unreassembled", NOTE, REASSEMBLE_GROUP, _UNREASSEMBLED)
            return len(body.data)
        body = Octets(plain, len(plain))
    coding = headers.get("content-encoding", "").lower()
    if coding and body.data:
        decompressed = _decompressed(body.data) if coding in _CODINGS else None
        if decompressed is None:
            message = "Decompression failed"
            dissection.expert("http.decompression_failed", WARN, UNDECODED_GROUP, message)
            dissect_data(dissection, body)
            return size
        body = Octets(decompressed, len(decompressed))
    if body.data and (not loose or 0x20 <= body.data[0] < 0x7F):
        text = body.data.partition(b"\0")[0].decode("ascii", "replace")
        dissection.add("http.file_data", text)
    _hand_on(dissection, body, headers.get("content-type", ""))
    return size


def _hand_on(dissection: Dissection, body: Octets, content_type: str) -> None:
    media = content_type.partition(";")[0].strip().lower()
    if media in _TEXT or media.startswith("text/"):
        dissection.begin("data-text-lines", body)
    elif media in _NAMED:
        dissection.begin(_NAMED[media], body)
    elif media:
        dissection.begin("media", body)
    else:
        dissect_data(dissection, body)


def _decompressed(data: bytes) -> bytes | None:
    """Return gzip or deflate data as it was, up to a limit; None if it is neither."""
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        try:
            return zlib.decompressobj(window).decompress(data, _LARGEST)
        except zlib.error:
            continue
    return None


def _add_chunks(dissection: Dissection, data: bytes) -> tuple[bytes, int]:
    """Note the chunks of a chunked body that are all there; return what they hold and where the
    last of them ends."""
    add = dissection.add
    plain = bytearray()
    offset = 0
    while offset < len(data):
        stop = data.find(b"\r\n", offset, offset + _LONGEST_SIZE_LINE)
        digits = data[offset : max(stop, offset)].partition(b";")[0].strip()
        if not _HEXADECIMAL.fullmatch(digits):
            break
        size = int(digits, 16)
        begin = stop + 2
        chunk = data[begin : begin + size]
        if len(chunk) < size:
            break
        add("http.chunk_size", size)
        if not size:
            return bytes(plain), _add_trailer(dissection, data, begin)
        add("http.chunk_data", chunk)
        add("http.chunk_boundary", data[begin + size : begin + size + 2])
        plain += chunk
        offset = begin + size + 2
    return bytes(plain), offset


def _add_trailer(dissection: Dissection, data: bytes, begin: int) -> int:
    """Note what stands between the last chunk and the empty line; return where that ends."""
    if data[begin : begin + 2] == b"\r\n":
        return begin + 2
    stop = data.find(b"\r\n\r\n", begin)
    if stop < 0:
        return len(data)
    trailer = data[begin : stop + 2].decode("utf-8", "replace")
    dissection.add("http.chunked_trailer_part", trailer)
    return stop + 4
