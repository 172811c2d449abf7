"""What follows the head of an HTTP message, as far as one segment holds it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Final

from tunscope.filter.layers.dissection import Dissection, Octets
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


def add_body(dissection: Dissection, body: Octets, headers: Mapping[str, str]) -> None:
    """Note the body: its bytes, and by its media type which protocol reads them."""
    length = headers.get("content-length", "")
    if length.isdecimal():
        body.trim(int(length))
    if not body.data or headers.get("upgrade"):
        return
    if headers.get("transfer-encoding", "").lower() == "chunked":
        plain = _add_chunks(dissection, body.data)
        if plain is None:
            return
        body = Octets(plain, len(plain))
    coding = headers.get("content-encoding", "").lower()
    if coding:
        plain = _decompressed(body.data) if coding in _CODINGS else None
        if plain is None:
            dissect_data(dissection, body)
            return
        body = Octets(plain, len(plain))
    if "http" in dissection.wanted:
        text = body.data.partition(b"\0")[0].decode("utf-8", "replace")
        dissection.add("http.file_data", text)
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
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


def _add_chunks(dissection: Dissection, data: bytes) -> bytes | None:
    """Note the chunks of a chunked body that are all there; return what they hold, None if the
    last one is not among them."""
    wanted = "http" in dissection.wanted
    plain = bytearray()
    offset = 0
    while True:
        stop = data.find(b"\r\n", offset, offset + 32)
        try:
            size = int(data[offset : max(stop, offset)].partition(b";")[0].strip(), 16)
        except ValueError:
            return None
        begin = stop + 2
        chunk = data[begin : begin + size]
        if len(chunk) < size:
            return None
        if wanted:
            dissection.add("http.chunk_size", size)
        if not size:
            return bytes(plain)
        if wanted:
            dissection.add("http.chunk_data", chunk)
            dissection.add("http.chunk_boundary", data[begin + size : begin + size + 2])
        plain += chunk
        offset = begin + size + 2
