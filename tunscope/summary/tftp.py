"""TFTP (RFC 1350, RFC 2347)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import UDP_PORTS, application, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_ERRORS: Final = {
    0: "Not defined", 1: "File not found", 2: "Access violation",
    3: "Disk full or allocation exceeded", 4: "Illegal TFTP Operation",
    5: "Unknown transfer ID", 6: "File already exists", 7: "No such user",
    8: "Option negotiation failed",
}  # fmt: skip
_PORT: Final = 69
_BLOCK: Final = 512


@entered(UDP_PORTS, _PORT)
@application("TFTP")
def read_tftp(window: Window, draft: Draft) -> bool:
    """Read a TFTP packet; the rest of the transfer is told by the client's port."""
    draft.name("TFTP")
    draft.write("")
    opcode = window.u16(0)
    if draft.dport == _PORT:
        draft.memory.expect(17, draft.network[0], draft.sport, "TFTP")
    if opcode in {1, 2}:
        draft.write(f"{'Read' if opcode == 1 else 'Write'} Request")
        strings = _strings(window, 2)
        if len(strings) >= 2:
            draft.append(f", File: {strings[0]}, Transfer type: {strings[1]}")
            draft.append(_options(strings[2:]))
    elif opcode == 3:
        block = window.u16(2)
        last = window.length - 4 < int(draft.conversation.notes.get("tftp block", _BLOCK))
        draft.write(f"Data Packet, Block: {block}{' (last)' if last else ''}")
    elif opcode == 4:
        draft.write(f"Acknowledgement, Block: {window.u16(2)}")
    elif opcode == 5:
        code = window.u16(2)
        message = _strings(window, 4)
        name = _ERRORS.get(code, f"Unknown ({code})")
        draft.write(f"Error Code, Code: {name}, Message: {message[0] if message else ''}")
    elif opcode == 6:
        draft.write(f"Option Acknowledgement{_options(_strings(window, 2))}")
    else:
        draft.write(f"Unknown (0x{opcode:04x})")
    return True


def _strings(window: Window, offset: int) -> list[str]:
    parts = window.rest(offset).split(b"\0")[:-1]
    return [part.decode("utf-8", "replace") for part in parts[:32]]


def _options(strings: list[str]) -> str:
    pairs = zip(strings[::2], strings[1::2], strict=False)
    return "".join(f", {name}={value}" for name, value in pairs)
