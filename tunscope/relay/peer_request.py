"""`--peer` as a value: parsed from words, sent to the engine as JSON."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Self

from tunscope.device.names import check_device_name
from tunscope.errors import UsageError
from tunscope.packet.printable import printable
from tunscope.relay.services import DEFAULT_SERVICES, SERVICES

Kind = Literal["sink", "respond", "device", "udp", "seqpacket", "stream"]
_KINDS: Final = "sink, respond, device:NAME or udp:HOST:PORT"


@dataclass(frozen=True, slots=True)
class PeerRequest:
    """Which peer, and how.

    `services` and `hosts` (a name and its addresses) are for respond; `device` and `netns` for
    device; `routes` (a prefix or "", host, port) and `bind` (host, port) for udp. `hosts_file` is
    where the front end finds `hosts`. Every field is checked as far as it can be without asking
    the machine.

    seqpacket and stream are programs behind a socket that the front end hands over; `device` is
    the program's name, and `services` are answered before packets get there.
    """

    kind: Kind = "sink"
    services: tuple[str, ...] = DEFAULT_SERVICES
    hosts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    hosts_file: str = ""
    device: str = ""
    netns: str | None = None
    routes: tuple[tuple[str, str, int], ...] = ()
    bind: tuple[str, int] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the request as an object for `json.dumps`."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read it back; raises TypeError, ValueError or KeyError on anything else."""
        hosts = tuple((str(name), tuple(map(str, found))) for name, found in value["hosts"])
        routes = tuple((str(net), str(host), int(port)) for net, host, port in value["routes"])
        bind = value["bind"]
        return cls(
            **value
            | {
                "services": tuple(value["services"]),
                "hosts": hosts,
                "routes": routes,
                "bind": None if bind is None else (str(bind[0]), int(bind[1])),
            }
        )


def parse_peers(texts: Sequence[str], bind: str | None = None) -> PeerRequest:
    """Read the words of all `--peer` options and of `--peer-bind`; UsageError if they are wrong."""
    kinds = {text.partition(":")[0] for text in texts}
    if not texts:
        if bind is not None:
            raise UsageError("--peer-bind", "needs --peer udp:HOST:PORT")
        return PeerRequest()
    shown = f"--peer {printable(texts[0])}"
    if len(kinds) > 1 or (len(texts) > 1 and kinds != {"udp"}):
        raise UsageError("--peer", "a device has one peer", "only udp:PREFIX=HOST:PORT is repeated")
    kind, _, rest = texts[0].partition(":")
    if bind is not None and kind != "udp":
        raise UsageError("--peer-bind", "is for udp peers only")
    match kind:
        case "sink" if not rest:
            return PeerRequest()
        case "respond":
            return _respond(shown, rest)
        case "device" if rest:
            name, at, netns = rest.partition("@")
            check_device_name(name)
            return PeerRequest("device", device=name, netns=netns if at else None)
        case "udp" if rest:
            return _udp([text.partition(":")[2] for text in texts], bind)
    raise UsageError(shown, "is no kind of peer", _KINDS)


def _respond(shown: str, rest: str) -> PeerRequest:
    services = list(DEFAULT_SERVICES)
    hosts_file = ""
    for word in filter(None, rest.split(",")):
        name, _, value = word.partition("=")
        off = name.startswith("-")
        name = name.removeprefix("-")
        if name not in SERVICES:
            raise UsageError(shown, f"no service {printable(name)!r}", ", ".join(SERVICES))
        if off:
            services = [one for one in services if one != name]
        elif name not in services:
            services.append(name)
        if name == "dns":
            hosts_file = value or "/etc/hosts"
        elif value:
            raise UsageError(shown, f"{name} takes no value")
    if "tcp-rst" in services and "tcp-syn-ack" in services:
        raise UsageError(shown, "tcp-rst and tcp-syn-ack exclude each other")
    return PeerRequest("respond", tuple(services), hosts_file=hosts_file)


def _udp(words: Sequence[str], bind: str | None) -> PeerRequest:
    routes = []
    for word in words:
        prefix, equals, address = word.rpartition("=")
        if equals:
            try:
                prefix = str(ipaddress.ip_network(prefix, strict=False))
            except ValueError:
                raise UsageError(
                    f"--peer udp:{printable(word)}", f"{printable(prefix)!r} is no prefix"
                ) from None
        routes.append((prefix, *_endpoint(f"--peer udp:{printable(word)}", address)))
    names = [route[0] for route in routes]
    if len(set(names)) != len(names):
        raise UsageError("--peer", "a prefix is given twice")
    where = None
    if bind is not None:
        shown = f"--peer-bind {printable(bind)}"
        where = ("", _port(shown, bind)) if bind.isdecimal() else _endpoint(shown, bind)
    return PeerRequest("udp", routes=tuple(routes), bind=where)


def _endpoint(shown: str, text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host:
        raise UsageError(shown, "is not HOST:PORT", "as in 192.0.2.7:8285 or [2001:db8::7]:8285")
    return host, _port(shown, port)


def _port(shown: str, text: str) -> int:
    if not text.isdecimal() or len(text) > 5 or not 0 < int(text) < 65536:
        raise UsageError(shown, f"{printable(text)!r} is no port")
    return int(text)
