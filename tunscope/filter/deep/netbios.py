"""NetBIOS names as they travel: two letters for each byte (RFC 1001, 14.1)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.deep.names import read_name
from tunscope.filter.layers.dissection import take

_SIZE: Final = 16
#: What the last byte of a name says about who bears it.
_SERVICES: Final = {
    0x00: "Workstation/Redirector",
    0x01: "Browser",
    0x02: "Workstation/Redirector",
    0x03: "Messenger service/Main name",
    0x05: "Forwarded name",
    0x06: "RAS Server service",
    0x1B: "Domain Master Browser",
    0x1C: "Domain Controllers",
    0x1D: "Local Master Browser",
    0x1E: "Browser Election Service",
    0x1F: "Net DDE Service",
    0x20: "Server service",
    0x21: "RAS client service",
    0x22: "Exchange Interchange (MSMail Connector)",
    0x23: "Exchange Store",
    0x24: "Exchange Directory",
    0x2B: "Lotus Notes Server service",
    0x30: "Modem sharing server service",
    0x31: "Modem sharing client service",
    0x43: "SMS Clients Remote Control",
    0x44: "SMS Administrators Remote Control Tool",
    0x45: "SMS Clients Remote Chat",
    0x46: "SMS Clients Remote Transfer",
    0x4C: "DEC Pathworks TCP/IP Service on Windows NT",
    0x52: "DEC Pathworks TCP/IP Service on Windows NT",
    0x6A: "Microsoft Exchange IMC",
    0x87: "Microsoft Exchange MTA",
    0xBE: "Network Monitor Agent",
    0xBF: "Network Monitor Analyzer",
}


def read_netbios_name(message: bytes, offset: int) -> tuple[str, str, int]:
    """Return the name at `offset` of `message`, the service it names, and where it ends.

    The name's last byte is written as `<20>`, and so is what cannot be printed; its scope
    follows as `.scope`. CutShort where the message ends within the name.
    """
    text, stop, _ = read_name(message, offset)
    first, dot, scope = text.partition(".")
    letters = "" if text == "<Root>" else first.partition("\0")[0]
    codes = [ord(letter) - ord("A") for letter in letters]
    for place, code in enumerate(codes):
        if not 0 <= code <= ord("Z") - ord("A"):
            which = "2nd" if place % 2 else "1st"
            wrong = f"{which} character not between A and Z in first-level encoding"
            return f"Illegal NetBIOS name ({wrong})", "Unknown", stop
    if len(codes) != 2 * _SIZE:
        size = len(codes) // 2
        return f"Illegal NetBIOS name ({size} bytes long)", "Unknown", stop
    name = bytes(
        (high << 4 | low) & 0xFF for high, low in zip(codes[::2], codes[1::2], strict=True)
    )
    shown = f"{show_name(name[:-1])}<{name[-1]:02x}>{dot}{scope}"
    return shown, _SERVICES.get(name[-1], "Unknown"), stop


def show_name(name: bytes) -> str:
    """Return a name's bytes as text, without the spaces that fill it up."""
    return "".join(
        chr(code) if 0x20 <= code < 0x7F else f"<{code:02x}>" for code in name.rstrip(b" ")
    )


def take_name(data: bytes, offset: int) -> bytes:
    """Return a name of 15 bytes in the clear. CutShort where there are fewer."""
    return take(data, offset, _SIZE - 1)
