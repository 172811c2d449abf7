"""Which ports and looks of bytes bring an application: what else cannot be it is not decoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from tunscope.columns.layout import Layer
from tunscope.filter.deep.looks import (
    looks_like_http,
    looks_like_quic,
    looks_like_ssh,
    looks_like_tls,
    looks_like_wireguard,
)

if TYPE_CHECKING:
    from tunscope.columns.batch import Column, Level
    from tunscope.filter.columnar.verdict import Mask

#: Whether a payload may be the first of an application that is known by its bytes.
Look: TypeAlias = Callable[[bytes], bool]

_PORTS: Final = 1 << 16
#: From here on a port without a decoder of its own leaves the other port to ask.
_PRIVILEGED: Final = 1024
_UNREAD: Final = 255
TRANSPORTS: Final[dict[str, Layer]] = {"udp": Layer.UDP, "tcp": Layer.TCP}


@dataclass(frozen=True, slots=True)
class Carrier:
    """What may bring an application's fields: ports assigned to `named`, by transport, and on any
    port what `looks` like it."""

    named: dict[str, frozenset[str]]
    looks: dict[str, tuple[Look, ...]]


def _named(udp: str = "", tcp: str = "") -> Carrier:
    return Carrier({"udp": frozenset(udp.split()), "tcp": frozenset(tcp.split())}, {})


_HTTP: Final = Carrier(
    {"udp": frozenset({"ssdp"}), "tcp": frozenset({"http"})}, {"tcp": (looks_like_http,)}
)
#: By the first part of a field's name.
CARRIERS: Final[dict[str, Carrier]] = {
    "dns": _named("dns mdns llmnr", "dns"),
    "mdns": _named("mdns"),
    "llmnr": _named("llmnr"),
    "nbns": _named("nbns nbdgm"),
    "dhcp": _named("dhcp"),
    "dhcpv6": _named("dhcpv6"),
    "ntp": _named("ntp"),
    "ssdp": _named("ssdp"),
    "openvpn": _named("openvpn", "openvpn"),
    "http": _HTTP,
    # Proxies carry it in HTTP, QUIC in its frames, OpenVPN in its control channel.
    "tls": Carrier(
        {"udp": frozenset({"openvpn"}), "tcp": frozenset({"tls", "http", "openvpn"})},
        {"udp": (looks_like_quic,), "tcp": (looks_like_tls, looks_like_http)},
    ),
    "ssh": Carrier({"tcp": frozenset({"ssh"})}, {"tcp": (looks_like_ssh,)}),
    "quic": Carrier({}, {"udp": (looks_like_quic,)}),
    "wg": Carrier({}, {"udp": (looks_like_wireguard,)}),
}
#: Protocols that a datagram's ports decide, whatever it carries.
SURE: Final = ("dns", "mdns", "llmnr", "nbns", "dhcp", "dhcpv6", "ntp", "ssdp", "openvpn")


@cache
def ports_of(transport: str, names: frozenset[str]) -> npt.NDArray[np.bool_]:
    """Return for every port whether it is assigned to one of `names`."""
    from tunscope.filter.assignments import assignments

    ports = np.zeros(_PORTS, np.bool_)
    for port, name in assignments(f"{transport}.port").items():
        ports[port] = name in names
    return ports


def may_carry(level: Level, application: str) -> Mask:
    """Return which headers of a level may carry `application`, by their ports."""
    carrier = CARRIERS[application]
    filled = level["payload_len"] > 0
    mask: Mask = np.zeros(len(level), np.bool_)
    for transport, bit in TRANSPORTS.items():
        there = filled & (level["layers"] & np.uint32(bit) != 0)
        if transport in carrier.looks:
            mask |= there
        elif carrier.named.get(transport):
            ports = ports_of(transport, carrier.named[transport])
            mask |= there & (ports[level["sport"]] | ports[level["dport"]])
    return mask


def taken_by(protocol: str, source: Column, destination: Column) -> Mask:
    """Return which datagrams go to the decoder of `protocol`, one of SURE, by their ports."""
    codes = _codes()
    low, high = np.minimum(source, destination), np.maximum(source, destination)
    first, second = codes[low], codes[high]
    ends = (first == _UNREAD) & (low < _PRIVILEGED)
    passed_on = (first == 0) | ((first == _UNREAD) & ~ends)
    code = SURE.index(protocol) + 1
    taken: Mask = (first == code) | (passed_on & (second == code))
    return taken


@cache
def _codes() -> npt.NDArray[np.uint8]:
    """Return who takes each UDP port: 0 nobody, _UNREAD one without a decoder, else a number."""
    # Here, since a filter that asks for no application needs no decoder.
    from tunscope.filter.assignments import assignments
    from tunscope.filter.deep.decode import is_decoded

    codes = np.zeros(_PORTS, np.uint8)
    others = iter(range(len(SURE) + 1, _UNREAD))
    numbers = {name: number for number, name in enumerate(SURE, 1)}
    for port, name in assignments("udp.port").items():
        if not is_decoded("udp", name):
            codes[port] = _UNREAD
        else:
            if name not in numbers:
                numbers[name] = next(others)
            codes[port] = numbers[name]
    return codes
