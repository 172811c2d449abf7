"""Routing and redundancy protocols: OSPF, PIM, VRRP, CARP, EIGRP, RIP, HSRP, GLBP, BFD."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.packet.carp import is_carp
from tunscope.summary.registry import IP_PROTOCOLS, UDP_PORTS, entered
from tunscope.summary.window import Malformed, Window

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft

_OSPF: Final = {
    1: "Hello Packet",
    2: "DB Description",
    3: "LS Request",
    4: "LS Update",
    5: "LS Acknowledge",
}
_PIM: Final = {
    0: "Hello", 1: "Register", 2: "Register-stop", 3: "Join/Prune", 4: "Bootstrap",
    5: "Assert", 6: "Graft", 7: "Graft-Ack", 8: "Candidate-RP-Advertisement",
    9: "State-Refresh", 10: "DF election", 11: "ECMP redirect", 12: "PFM source discovery",
}  # fmt: skip
_EIGRP: Final = {
    1: "Update", 2: "Request", 3: "Query", 4: "Reply", 5: "Hello", 7: "Route Probe",
    8: "Acknowledge", 9: "Stub", 10: "SIA-Query", 11: "SIA-Reply",
}  # fmt: skip
_RIP: Final = {
    1: "Request", 2: "Response", 3: "Traceon", 4: "Traceoff", 5: "Vendor specific (Sun)",
}  # fmt: skip
_HSRP_OPCODES: Final = {0: "Hello", 1: "Coup", 2: "Resign", 3: "Advertise"}
_HSRP_STATES: Final = {
    0: "Initial", 1: "Learn", 2: "Listen", 4: "Speak", 8: "Standby", 16: "Active",
}  # fmt: skip


@entered(IP_PROTOCOLS, 89)
def read_ospf(window: Window, draft: Draft) -> None:
    """Read the packet type (RFC 2328, A.3.1; RFC 5340, A.3.1)."""
    draft.name("OSPF")
    draft.write("")
    kind = window.u8(1)
    draft.write(_OSPF.get(kind, f"Unknown ({kind})"))
    window.check(0, window.u16(2))


@entered(IP_PROTOCOLS, 103)
def read_pim(window: Window, draft: Draft) -> None:
    """Read version and type (RFC 7761, 4.9)."""
    first = window.u8(0)
    version, kind = first >> 4, first & 15
    draft.name(f"PIMv{version}")
    draft.write(_PIM.get(kind, f"Unknown ({kind})"))


@entered(IP_PROTOCOLS, 112)
def read_redundancy(window: Window, draft: Draft) -> None:
    """Read the version of VRRP (RFC 3768, RFC 5798), or the virtual host of CARP."""
    if is_carp(window):
        draft.name("CARP")
        draft.write(f"Announcement (Virtual Host ID: {window.u8(1)})")
        return
    draft.name("VRRP")
    draft.write("")
    draft.write(f"Announcement (v{window.u8(0) >> 4})")


@entered(IP_PROTOCOLS, 88)
def read_eigrp(window: Window, draft: Draft) -> None:
    """Read the opcode (RFC 7868, 6.4.1)."""
    opcode = window.u8(1)
    draft.name("EIGRP")
    draft.write(_EIGRP.get(opcode, f"Unknown ({opcode})"))


@entered(UDP_PORTS, 520)
def read_rip(window: Window, draft: Draft) -> bool:
    """Read version and command (RFC 1058, RFC 2453)."""
    draft.name("RIP")
    draft.write("")
    command, version = window.u8(0), window.u8(1)
    draft.name({1: "RIPv1", 2: "RIPv2"}.get(version, "RIP"))
    draft.write(_RIP.get(command, f"Unknown command ({command})"))
    return True


@entered(UDP_PORTS, 521)
def read_ripng(window: Window, draft: Draft) -> bool:
    """Read version and command (RFC 2080)."""
    draft.name("RIPng")
    draft.write("")
    command, version = window.u8(0), window.u8(1)
    name = {1: "Request", 2: "Response"}.get(command, f"Unknown ({command})")
    draft.write(f" Command {name}, Version {version}")
    return True


@entered(UDP_PORTS, 1985, 2029)
def read_hsrp(window: Window, draft: Draft) -> bool:
    """Read opcode and state (RFC 2281); only what goes to the routers' group is HSRP."""
    if draft.network[1] not in {b"\xe0\0\0\x02", b"\xe0\0\0\x66"} and draft.dport != 2029:
        return False
    draft.name("HSRP")
    version, opcode, state = window.u8(0), window.u8(1), window.u8(2)
    if version == 0:
        draft.write(_HSRP_OPCODES.get(opcode, "Unknown"))
        if opcode < 3:
            draft.append(f" (state {_HSRP_STATES.get(state, 'Unknown')})")
    else:
        draft.name("HSRPv2")
        draft.write("")
    return True


@entered(UDP_PORTS, 3784, 4784, 6784, 7784)
def read_bfd(window: Window, draft: Draft) -> bool:
    """Read diagnostic, state and flags of a BFD control packet (RFC 5880, 4.1)."""
    draft.name("BFD Control")
    draft.write("")
    version, second = window.u8(0) >> 5, window.u8(1)
    if version not in {0, 1}:
        raise Malformed
    diagnostics = (
        "No Diagnostic", "Control Detection Time Expired", "Echo Function Failed",
        "Neighbor Signaled Session Down", "Forwarding Plane Reset", "Path Down",
        "Concatenated Path Down", "Administratively Down",
        "Reverse Concatenated Path Down",
    )  # fmt: skip
    code = window.u8(0) & 31
    name = diagnostics[code] if code < len(diagnostics) else "Unknown"
    state = ("AdminDown", "Down", "Init", "Up")[second >> 6]
    draft.write(f"Diag: {name}, State: {state}, Flags: 0x{second & 0x3F:02x}")
    return True
