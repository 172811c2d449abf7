"""NTP (RFC 5905), its control messages (RFC 9327) and ntpd's private ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import TCP_PORTS, UDP_PORTS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_PRIVATE: Final = 7
_MODES: Final = (
    "reserved",
    "symmetric active",
    "symmetric passive",
    "client",
    "server",
    "broadcast",
    "control",
    "private",
)
_REQUESTS: Final = {
    0: "PEER_LIST", 1: "PEER_LIST_SUM", 2: "PEER_INFO", 3: "PEER_STATS", 4: "SYS_INFO",
    5: "SYS_STATS", 6: "IO_STATS", 7: "MEM_STATS", 8: "LOOP_INFO", 9: "TIMER_STATS",
    10: "CONFIG", 11: "UNCONFIG", 12: "SET_SYS_FLAG", 13: "CLR_SYS_FLAG", 16: "GET_RESTRICT",
    17: "RESADDFLAGS", 18: "RESSUBFLAGS", 19: "UNRESTRICT", 20: "MON_GETLIST",
    21: "RESET_STATS", 22: "RESET_PEER", 23: "REREAD_KEYS", 26: "TRUSTKEY", 27: "UNTRUSTKEY",
    28: "AUTHINFO", 29: "TRAPS", 30: "ADD_TRAP", 31: "CLR_TRAP", 32: "REQUEST_KEY",
    33: "CONTROL_KEY", 34: "CTL_STATS", 36: "GET_CLOCKINFO", 37: "SET_CLKFUDGE",
    38: "GET_KERNEL", 39: "GET_CLKBUGINFO", 42: "MON_GETLIST_1", 43: "HOSTNAME_ASSOCID",
    44: "IF_STATS", 45: "IF_RELOAD",
}  # fmt: skip


@entered(UDP_PORTS, 123)
@entered(TCP_PORTS, 123)
def read_ntp(window: Window, draft: Draft) -> bool:
    """Read version and mode."""
    draft.name("NTP")
    draft.write("")
    flags = window.u8(0)
    version, mode = flags >> 3 & 7, flags & 7
    text = f"NTP Version {version}" if 1 <= version <= 4 else "reserved"
    draft.write(f"{text}, {_MODES[mode]}")
    if mode == _PRIVATE:
        code = window.u8(3)
        kind = "Response" if flags & 0x80 else "Request"
        draft.append(f", {kind}, {_REQUESTS.get(code, f'Unknown ({code})')}")
    return True
