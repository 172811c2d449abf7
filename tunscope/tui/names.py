"""Names for addresses and ports: from files, from the capture, from a vendor table.

Never from the network. All work is done on a thread; the screen only looks things up.
"""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.columns.layout import Layer
from tunscope.errors import TunscopeError
from tunscope.summary.dns_answers import address_names

if TYPE_CHECKING:
    from tunscope.index.capture import CaptureIndex

HOSTS: Final = Path("/etc/hosts")
SERVICES: Final = Path("/etc/services")
#: Seconds between looks for answers that have come.
_PAUSE: Final = 0.2
#: Rows looked at a time, and names kept at most: a capture may be nothing but answers.
_STEP: Final = 1 << 18
_MOST_NAMES: Final = 100_000
_DNS_PORTS: Final = (53, 5353, 5355)
_UDP_HEADER: Final = 8
_MAC_LENGTH: Final = 17


class Names:
    """Names as far as they are known; nothing is looked for before `start`.

    A name that the person wrote down (`hosts`) goes before one of the capture's name resolution
    blocks, and that before an answer seen in it. `revision` grows with what becomes known.
    """

    def __init__(
        self,
        capture: CaptureIndex,
        *,
        hosts: Path = HOSTS,
        services: Path = SERVICES,
        vendors: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        """`vendors` returns names of blocks of MAC addresses; by default dissect's table."""
        self.revision = 0
        self._capture: Final = capture
        self._hosts_path: Final = hosts
        self._services_path: Final = services
        self._vendor_source: Final = vendors or _vendors
        self._hosts: Mapping[str, str] = {}
        self._services: Mapping[tuple[int, str], str] = {}
        self._vendors: Mapping[str, str] = {}
        self._answers: Final[dict[str, str]] = {}
        self._known_blocks = 0
        self._next_row = 0
        self._stopping: Final = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look for names; a second call does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="names", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End; does not wait."""
        self._stopping.set()

    def of_address(self, address: str) -> str:
        """Return the name of an IP or MAC address, "" if it has none."""
        given = self._capture.tables.contents.names
        name = self._hosts.get(address) or given.get(address) or self._answers.get(address)
        if name:
            return name
        if len(address) == _MAC_LENGTH and address.count(":") == 5:
            vendor = self._vendors.get(address[:8])
            return f"{vendor}_{address[9:]}" if vendor else ""
        return ""

    def of_port(self, port: int, protocol: str) -> str:
        """Return the service at a "tcp" or "udp" port, "" if it has no name."""
        return self._services.get((port, protocol), "")

    def _run(self) -> None:
        self._hosts = read_hosts(self._hosts_path)
        self._services = read_services(self._services_path)
        self.revision += 1
        self._vendors = self._vendor_source()
        self.revision += 1
        while not self._stopping.is_set():
            if not self._look():
                self._stopping.wait(_PAUSE)

    def _look(self) -> bool:
        """Take in what has come; return whether there is more at once."""
        blocks = len(self._capture.tables.contents.names)
        if blocks != self._known_blocks:
            self._known_blocks = blocks
            self.revision += 1
        start = max(self._next_row, self._capture.first_number - 1)
        stop = min(self._capture.count, start + _STEP)
        if stop <= start or len(self._answers) >= _MOST_NAMES:
            return False
        before = len(self._answers)
        for row in self._answer_rows(start, stop):
            for address, name in self._answers_of(row):
                self._answers.setdefault(address, name)
        self._next_row = stop
        if len(self._answers) != before:
            self.revision += 1
        return True

    def _answer_rows(self, start: int, stop: int) -> Iterable[int]:
        store = self._capture.store
        wanted = np.uint32(Layer.UDP | Layer.PORTS)
        from_server = np.isin(store["sport"][start:stop], _DNS_PORTS)
        found = from_server & (store["layers"][start:stop] & wanted == wanted)
        rows: list[int] = (np.flatnonzero(found) + start).tolist()
        return rows

    def _answers_of(self, row: int) -> Iterable[tuple[str, str]]:
        place = int(self._capture.store["l4_offset"][row])
        try:
            data = self._capture.record(row + 1).data
        except (KeyError, OSError, TunscopeError):
            return ()
        return address_names(data[place + _UDP_HEADER :])


def read_hosts(path: Path) -> dict[str, str]:
    """Return the first name of each address in a hosts(5) file; none if it cannot be read."""
    names: dict[str, str] = {}
    for words in _lines(path):
        if len(words) > 1:
            try:
                names.setdefault(str(ipaddress.ip_address(words[0])), words[1])
            except ValueError:
                continue
    return names


def read_services(path: Path) -> dict[tuple[int, str], str]:
    """Return the names of port and protocol in a services(5) file; none if it cannot be read."""
    names: dict[tuple[int, str], str] = {}
    for words in _lines(path):
        if len(words) > 1:
            port, _, protocol = words[1].partition("/")
            if port.isascii() and port.isdecimal():
                names.setdefault((int(port[:6]), protocol), words[0])
    return names


def _lines(path: Path) -> Iterable[list[str]]:
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return ()
    return [line.partition("#")[0].split() for line in text.splitlines()]


def _vendors() -> Mapping[str, str]:
    from tunscope.dissect.vendors import vendor_table

    return vendor_table()
