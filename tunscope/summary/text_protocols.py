"""Protocols of text lines over TCP: FTP, SMTP, POP, IMAP, NNTP, IRC, Telnet and older ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.http import line_text, split_line
from tunscope.summary.registry import TCP_PORTS, UDP_PORTS, entered
from tunscope.summary.tls import guess_tls

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_MAX_LINES: Final = 64


def _lines(window: Window) -> list[str]:
    """Return the lines of a segment, the last one also without its end."""
    data = window.rest()
    lines: list[str] = []
    while data and len(lines) < _MAX_LINES:
        line, size = split_line(data)
        lines.append(line_text(data.rstrip(b"\r") if line is None else line))
        data = data[size:]
    return lines


def _from_server(draft: Draft, *ports: int) -> bool:
    return draft.sport in ports


def _began_tls(window: Window, draft: Draft) -> bool:
    """Whether the connection went over to TLS (STARTTLS, RFC 3207, 2595, 4217)."""
    return window.rest(0, 2) in {b"\x16\x03", b"\x17\x03"} and guess_tls(window, draft)


@entered(TCP_PORTS, 21)
def read_ftp(window: Window, draft: Draft) -> bool:
    """Read an FTP command or reply (RFC 959)."""
    if _began_tls(window, draft):
        return True
    draft.name("FTP")
    kind = "Response" if _from_server(draft, 21) else "Request"
    draft.write(f"{kind}: {_lines(window)[0]}")
    return True


@entered(TCP_PORTS, 20)
def read_ftp_data(window: Window, draft: Draft) -> bool:
    """Read data of an active FTP transfer."""
    draft.name("FTP-DATA")
    draft.write(f"FTP Data: {window.length} bytes")
    return True


@entered(TCP_PORTS, 25, 587)
def read_smtp(window: Window, draft: Draft) -> bool:
    """Read an SMTP command or reply (RFC 5321), or a piece of a message."""
    if _began_tls(window, draft):
        return True
    notes = draft.conversation.notes
    draft.name("SMTP")
    lines = _lines(window)
    if _from_server(draft, 25, 587):
        text = " | ".join(
            line if step == 0 else line[4:] for step, line in enumerate(lines) if len(line) > 3
        )
        draft.write(f"S: {text or lines[0]}")
        if "smtp data" in notes and lines[0].startswith("354"):
            notes["smtp data"] = 2
        return True
    if notes.get("smtp data") == 2:
        size = window.length
        draft.write(f"C: DATA fragment, {size} byte{'' if size == 1 else 's'}")
        if window.rest().endswith(b"\r\n.\r\n"):
            del notes["smtp data"]
        return True
    draft.write(f"C: {' | '.join(lines)}")
    if lines[0].upper() == "DATA":
        notes["smtp data"] = 1
    return True


@entered(TCP_PORTS, 110)
def read_pop(window: Window, draft: Draft) -> bool:
    """Read a POP3 command or reply (RFC 1939)."""
    if _began_tls(window, draft):
        return True
    draft.name("POP")
    line = _lines(window)[0]
    if _from_server(draft, 110):
        if line.startswith(("+OK", "-ERR", "+ ")):
            draft.write(f"S: {line}")
        else:
            size = window.length
            draft.write(f"S: DATA fragment, {size} byte{'' if size == 1 else 's'}")
    else:
        draft.write(f"C: {line}")
    return True


@entered(TCP_PORTS, 143)
def read_imap(window: Window, draft: Draft) -> bool:
    """Read an IMAP command or response (RFC 9051)."""
    if _began_tls(window, draft):
        return True
    draft.name("IMAP")
    kind = "Response" if _from_server(draft, 143) else "Request"
    draft.write(f"{kind}: {_lines(window)[-1]}")
    return True


@entered(TCP_PORTS, 119)
def read_nntp(window: Window, draft: Draft) -> bool:
    """Read an NNTP command or response (RFC 3977)."""
    draft.name("NNTP")
    kind = "Response" if _from_server(draft, 119) else "Request"
    draft.write(f"{kind}: {_lines(window)[0]}")
    return True


@entered(TCP_PORTS, 23)
def read_telnet(window: Window, draft: Draft) -> bool:
    """Name Telnet data (RFC 854)."""
    draft.name("TELNET")
    draft.write("Telnet Data ...")
    return True


@entered(TCP_PORTS, 6667, 57000)
def read_irc(window: Window, draft: Draft) -> bool:
    """Read the commands of IRC messages (RFC 1459)."""
    draft.name("IRC")
    server = _from_server(draft, 6667, 57000)
    draft.write("Response" if server else "Request")
    for line in _lines(window):
        words = line.split()
        if words and words[0].startswith(":"):
            words = words[1:]
        if words:
            draft.append(f" ({words[0]})")
    return True


@entered(TCP_PORTS, 79)
def read_finger(window: Window, draft: Draft) -> bool:
    """Tell a finger query from its answer (RFC 1288)."""
    draft.name("FINGER")
    draft.write("Response" if _from_server(draft, 79) else "Query")
    return True


@entered(TCP_PORTS, 43)
def read_whois(window: Window, draft: Draft) -> bool:
    """Read a WHOIS query (RFC 3912), also in front of its answers."""
    draft.name("WHOIS")
    notes = draft.conversation.notes
    if _from_server(draft, 43):
        draft.write(f"Answer: {notes.get('whois', '')}")
    else:
        notes["whois"] = _lines(window)[0]
        draft.write(f"Query: {notes['whois']}")
    return True


@entered(TCP_PORTS, 70)
def read_gopher(window: Window, draft: Draft) -> bool:
    """Read a Gopher request (RFC 1436)."""
    draft.name("Gopher")
    draft.write("Response" if _from_server(draft, 70) else f"Request: {_lines(window)[0]}")
    return True


@entered(TCP_PORTS, 554, 8554, 7236)
def read_rtsp(window: Window, draft: Draft) -> bool:
    """Read an RTSP request or reply (RFC 7826)."""
    line = _lines(window)[0]
    if "RTSP/" not in line:
        return False
    draft.name("RTSP")
    draft.write(f"Reply: {line}" if line.startswith("RTSP/") else line)
    return True


@entered(TCP_PORTS, 6379)
def read_redis(window: Window, draft: Draft) -> bool:
    """Read the first value of a Redis request or response (RESP)."""
    draft.name("RESP")
    server = _from_server(draft, 6379)
    lines = _lines(window)
    values = [line for line in lines if not line.startswith(("*", "$"))]
    text = values[0] if server and values else " ".join(values)
    marks = {"+": "", "-": "Error: ", ":": ""}
    if text[:1] in marks:
        text = marks[text[0]] + text[1:]
    draft.write(f"{'Response' if server else 'Request'}: {text}")
    return True


@entered(TCP_PORTS, 11211)
def read_memcache(window: Window, draft: Draft) -> bool:
    """Read the first line of a memcache command or answer."""
    draft.name("MEMCACHE")
    draft.write(f"{_lines(window)[0]} ")
    return True


@entered(TCP_PORTS, 7)
@entered(UDP_PORTS, 7)
def read_echo(window: Window, draft: Draft) -> bool:
    """Tell an echo request from its answer (RFC 862)."""
    draft.name("ECHO")
    draft.write("Response" if draft.sport == 7 else "Request")
    return True


@entered(TCP_PORTS, 13)
@entered(UDP_PORTS, 13)
def read_daytime(window: Window, draft: Draft) -> bool:
    """Tell a daytime request from its answer (RFC 867)."""
    draft.name("DAYTIME")
    draft.write(f"DAYTIME {'Response' if draft.sport == 13 else 'Request'}")
    return True


@entered(TCP_PORTS, 37)
@entered(UDP_PORTS, 37)
def read_time(window: Window, draft: Draft) -> bool:
    """Tell a time request from its answer (RFC 868)."""
    draft.name("TIME")
    draft.write(f"TIME {'Response' if draft.sport == 37 else 'Request'}")
    return True


@entered(TCP_PORTS, 19)
@entered(UDP_PORTS, 19)
def read_chargen(window: Window, draft: Draft) -> bool:
    """Name the character generator (RFC 864)."""
    draft.name("Chargen")
    draft.write("Chargen")
    return True
