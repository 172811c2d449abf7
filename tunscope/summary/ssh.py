"""SSH (RFC 4253): version lines, key exchange, and what is encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.http import line_text, split_line
from tunscope.summary.registry import TCP_PORTS, application, entered
from tunscope.summary.window import CaptureCut, Malformed, Unfinished, Window

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft

_PORTS: Final = (22, 29418)
_KEY_EXCHANGE_INIT: Final = 20
_NEW_KEYS: Final = 21
_KEY_EXCHANGE: Final = range(30, 50)
_MESSAGES: Final = {
    1: "Disconnect", 2: "Ignore", 3: "Unimplemented", 4: "Debug", 5: "Service Request",
    6: "Service Accept", 7: "Extension Information", 20: "Key Exchange Init", 21: "New Keys",
    50: "User Authentication Request", 51: "User Authentication Failure",
    52: "User Authentication Success", 53: "User Authentication Banner", 80: "Global Request",
    81: "Request Success", 82: "Request Failure", 90: "Channel Open",
    91: "Channel Open Confirmation", 92: "Channel Open Failure", 93: "Window Adjust",
    94: "Channel Data", 95: "Channel Extended Data", 96: "Channel EOF", 97: "Channel Close",
    98: "Channel Request", 99: "Channel Success", 100: "Channel Failure",
}  # fmt: skip
_ELLIPTIC: Final = ("ecdh-sha2", "curve25519-sha256")
_GROUP: Final = {
    30: "Group Exchange Request (Old)", 31: "Group Exchange Group", 32: "Group Exchange Init",
    33: "Group Exchange Reply", 34: "Group Exchange Request",
}  # fmt: skip
#: With these the length is encrypted too, and Wireshark says nothing of a packet.
_SILENT_CIPHERS: Final = ("chacha20-poly1305@openssh.com",)
_MAX_PACKET: Final = 35_000
_MAX_PACKETS: Final = 64


@entered(TCP_PORTS, *_PORTS)
@application("SSH")
def read_ssh(window: Window, draft: Draft) -> bool:
    """Read the lines and packets of a segment."""
    side = "Server" if draft.sport in _PORTS or draft.sport < draft.dport else "Client"
    conversation = draft.conversation
    draft.name(conversation.version or "SSH")
    draft.write(f"{side}: ")
    offset = 0
    for step in range(_MAX_PACKETS):
        if offset >= window.length:
            break
        separator = ", " if step else ""
        part = window.sub(offset)
        if part.rest(0, 4) == b"SSH-":
            draft.append(separator)
            offset += _read_version(part, side, draft)
        elif f"keys {side}" in conversation.notes or not conversation.version:
            part.check(0, part.length)
            if not conversation.notes.get("ssh silent"):
                draft.append(f"{separator}Encrypted packet (len={part.length})")
            break
        else:
            draft.append(separator)
            offset += _read_packet(part, side, draft)
    return True


def _read_version(part: Window, side: str, draft: Draft) -> int:
    line, size = split_line(part.rest())
    if line is None:
        line, size = part.rest(), part.length
    draft.append(f"Protocol ({line_text(line)})")
    if side == "Client":
        draft.conversation.version = "SSHv1" if line.startswith(b"SSH-1.") else "SSHv2"
    return size


def _read_packet(part: Window, side: str, draft: Draft) -> int:
    """Read a packet that is not encrypted (RFC 4253, 6)."""
    length, code = part.u32(0), part.u8(5)
    if length > _MAX_PACKET or length + 4 > part.length:
        draft.info = draft.info[: draft.fence]
        if part.captured < part.length:
            raise CaptureCut
        raise Unfinished if part.partial else Malformed
    notes = draft.conversation.notes
    if code == _KEY_EXCHANGE_INIT:
        _note_algorithms(part, side, draft)
    elif code == _NEW_KEYS:
        notes[f"keys {side}"] = 1
    name = _MESSAGES.get(code)
    if code in _KEY_EXCHANGE:
        name = _exchange_name(code, str(notes.get("ssh exchange", "")))
    draft.append(name or f"Unknown ({code})")
    return length + 4


def _exchange_name(code: int, method: str) -> str | None:
    if method.startswith("diffie-hellman-group-exchange"):
        name = _GROUP.get(code)
        return f"Diffie-Hellman {name}" if name else None
    word = {30: "Init", 31: "Reply"}.get(code)
    if word is None:
        return None
    kind = "Elliptic Curve " if method.startswith(_ELLIPTIC) else ""
    return f"{kind}Diffie-Hellman Key Exchange {word}"


def _note_algorithms(part: Window, side: str, draft: Draft) -> None:
    """Keep what a side offers, and what both agree on once both have spoken (RFC 4253, 7.1)."""
    offers: list[str] = []
    offset = 22
    for _ in range(3):
        size = part.u32(offset)
        offers.append(part.take(offset + 4, min(size, _MAX_PACKET)).decode("latin-1"))
        offset += 4 + size
    notes = draft.conversation.notes
    for topic, offer in (("exchange", offers[0]), ("cipher", offers[2])):
        notes[f"{topic} {side}"] = offer
        client = str(notes.get(f"{topic} Client", "")).split(",")
        server = str(notes.get(f"{topic} Server", "")).split(",")
        agreed = next((name for name in client if name and name in server), "")
        if topic == "exchange":
            notes["ssh exchange"] = agreed
        else:
            notes["ssh silent"] = int(agreed in _SILENT_CIPHERS)
