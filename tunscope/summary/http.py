"""HTTP/1 (RFC 9112) and SSDP, and what HTTP hands its connection over to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.http_body import Headers, show_body
from tunscope.summary.registry import (
    APPLICATIONS,
    TCP_GUESSES,
    TCP_PORTS,
    UDP_PORTS,
    application,
    entered,
    guessed,
)

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_PORTS: Final = (80, 631, 1900, 2710, 2869, 3128, 3132, 3689, 5985, 8080, 8088, 11371)
_METHODS: Final = frozenset(
    b"GET POST HEAD PUT DELETE OPTIONS TRACE CONNECT PATCH PROPFIND PROPPATCH MKCOL COPY MOVE "
    b"LOCK UNLOCK POLL BCOPY BDELETE SEARCH SUBSCRIBE UNSUBSCRIBE NOTIFY BMOVE BPROPFIND "
    b"BPROPPATCH LABEL MERGE REPORT UPDATE CHECKIN CHECKOUT UNCHECKOUT MKACTIVITY VERSION-CONTROL "
    b"MKWORKSPACE BASELINE-CONTROL RPC_CONNECT RPC_IN_DATA RPC_OUT_DATA ICY CCM_POST".split()
)
#: Bytes that cannot be part of a field name (RFC 9110, 5.6.2).
_NOT_TOKEN: Final = frozenset(b'()<>@,;\\"/[]?={} ')
#: The longest line that is looked at as a first line or a header.
_MAX_LINE: Final = 65_536
_MAX_MESSAGES: Final = 256
#: Responses that have no body unless a length says so (RFC 9110, 6.4.1).
_BODILESS: Final = (204, 304)


@entered(TCP_PORTS, *_PORTS)
@application("HTTP")
def read_http(window: Window, draft: Draft) -> bool:
    """Read the messages of a segment; decline what is no HTTP in a conversation without any."""
    offset = 0
    for _ in range(_MAX_MESSAGES):
        if offset >= window.captured:
            break
        size = _read_message(window.sub(offset), draft)
        if size < 0:
            window.check(0, window.length)
            return offset > 0
        draft.raise_fence()
        offset += size
        taken_over = APPLICATIONS.get(draft.conversation.application)
        if taken_over is not None and taken_over is not read_http and offset < window.length:
            return taken_over(window.sub(offset), draft)
    window.check(0, window.length)
    return True


@guessed(TCP_GUESSES)
def guess_http(window: Window, draft: Draft) -> bool:
    """Recognise a request or a status line on any port."""
    line, _ = split_line(window.rest(0, _MAX_LINE))
    if line is None or (not line.startswith(b"HTTP/1.") and b" HTTP/1." not in line):
        return False
    if _kind_of(line) == "":
        return False
    draft.conversation.application = "HTTP"
    return read_http(window, draft)


@entered(UDP_PORTS, 1900)
def read_ssdp(window: Window, draft: Draft) -> bool:
    """Read a Simple Service Discovery Protocol message: HTTP over UDP."""
    line, _ = split_line(window.rest(0, _MAX_LINE))
    draft.name("SSDP")
    if line is not None and _kind_of(line):
        draft.write(f"{line_text(line)} ")
    else:
        draft.write("Continuation")
    return True


def _read_message(window: Window, draft: Draft) -> int:
    """Read one message; return its size, or -1 if this is not HTTP."""
    data = window.rest()
    line, _ = split_line(data)
    first = data[:_MAX_LINE] if line is None else line
    kind = _kind_of(first)
    known = "http method" in draft.conversation.notes
    if kind == "request":
        draft.conversation.notes["http method"] = first.split(b" ", 1)[0].decode("latin-1")
    if line is None:
        kind = ""  # an unfinished line is not shown, but tells that this is HTTP
    if not kind and not known:
        return -1
    draft.name("HTTP")
    draft.write(f"{line_text(first)} " if kind else "Continuation")
    headers, size = _read_headers(data)
    status = _status_of(first) if kind == "response" else 0
    if headers.chunked:
        length = len(data) - size
    elif headers.length is not None:
        length = min(headers.length, len(data) - size)
    elif kind == "request" or status // 100 == 1 or status in _BODILESS:
        length = 0
    else:
        length = len(data) - size
    if kind == "response":
        _hand_over(status, headers, draft)
    if length > 0:
        length = show_body(window.sub(size, length), headers, draft)
    return size + length


def _hand_over(status: int, headers: Headers, draft: Draft) -> None:
    """Let the protocol that a response switches to read the rest of the connection."""
    conversation = draft.conversation
    if status == 101 and headers.upgrade in APPLICATIONS:
        conversation.application = headers.upgrade
    elif status == 200 and conversation.notes.get("http method") == "CONNECT":
        conversation.application = "CONNECT"


@application("CONNECT")
def read_tunnel(window: Window, draft: Draft) -> bool:
    """Read what goes through a proxy after CONNECT: most often TLS."""
    for guess in TCP_GUESSES:
        if guess(window, draft):
            break
    return True


def _read_headers(data: bytes) -> tuple[Headers, int]:
    """Return the header fields of a message, as far as there are any, and where its body begins."""
    headers = Headers()
    offset = 0
    seen = False
    while offset < len(data):
        line, following = split_line(data[offset : offset + _MAX_LINE])
        if line is None:
            line = data[offset : offset + _MAX_LINE]
            following = len(line)
        if not line:
            return headers, offset + following
        if not _kind_of(line):
            name, colon, value = line.partition(b":")
            if not colon:
                if not (seen and offset + following >= len(data)):
                    break
            elif any(byte in _NOT_TOKEN or not 0x20 <= byte < 0x7F for byte in name):
                break
            headers.take(name.lower(), value.strip())
        seen = True
        offset += following
    return headers, offset


def _kind_of(line: bytes) -> str:
    """Return "request", "response" or "" for a first line."""
    if line.startswith(b"HTTP/"):
        return "response"
    method = line.partition(b" ")[0]
    return "request" if method.removeprefix(b"M-") in _METHODS else ""


def _status_of(line: bytes) -> int:
    words = line.split(None, 2)
    return int(words[1]) if len(words) > 1 and words[1].isdigit() and len(words[1]) == 3 else 0


def split_line(data: bytes) -> tuple[bytes | None, int]:
    """Return the first line without its end and where the next begins; None without an end."""
    end = data.find(b"\n")
    if end < 0:
        return None, len(data)
    line = data[:end]
    return line.removesuffix(b"\r"), end + 1


def line_text(line: bytes) -> str:
    """Return a protocol line as text."""
    return line.decode("utf-8", "replace")
