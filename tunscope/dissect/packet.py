"""One dissection: which decoder speaks next, and what the layers tell each other.

A decoder takes the `Window` on its own bytes, the `Tree` to add its protocol to, and the
`Dissection`. It may raise at any point; what it added before stays. The modules of this package
enter their decoders with `entered` when `tunscope.dissect.protocols` imports them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

from tunscope.dissect.tree import Budget, TooManyFields, Tree
from tunscope.dissect.window import CaptureCut, Malformed, Unfinished, Window

if TYPE_CHECKING:
    from tunscope.packet.record import PacketRecord

#: Layers within layers; a packet with more is not decoded further.
MAX_DEPTH: Final = 40

#: What is known of a packet that is looked at alone.
NOTHING_LEARNED: Final[Mapping[str, int]] = MappingProxyType({})

_Entry = TypeVar("_Entry")


class Dissection:
    """What the layers of one packet leave for each other."""

    def __init__(self, record: PacketRecord, learned: Mapping[str, int] = NOTHING_LEARNED) -> None:
        self.record = record
        self._learned = learned
        self.budget = Budget()
        self.depth = 0
        #: Short name of the protocol being decoded, for the note about a broken one.
        self.protocol = "Frame"
        #: Filter names of the protocols met, in order.
        self.layers: list[str] = []
        #: Source and destination of the innermost IP header, and its time to live.
        self.addresses: tuple[bytes, bytes] = (b"", b"")
        self.ports: tuple[int, int] = (0, 0)
        #: Within the packet that an ICMP error quotes.
        self.quoted = False

    def take_learned(self) -> Mapping[str, int]:
        """Return what other packets told, to the first transport header that asks."""
        learned, self._learned = self._learned, NOTHING_LEARNED
        return learned

    def enter(self, short: str, name: str) -> None:
        """Note that the protocol `name`, called `short` in lists, is being decoded."""
        self.protocol = short
        self.layers.append(name)

    def run(self, decoder: Decoder, window: Window, parent: Tree) -> None:
        """Run a decoder; say in the tree why it stopped if it did not reach the end."""
        if self.depth >= MAX_DEPTH:
            parent.marked("_ws.malformed", "[Packet with too many layers]", 0, 0)
            return
        self.depth += 1
        inner = Tree(window, self.budget)
        try:
            decoder(window, parent, self)
        except CaptureCut:
            stopped(
                "_ws.short",
                f"[Packet size limited during capture: {self.protocol} truncated]",
                inner,
                parent,
            )
        except Unfinished:
            stopped("_ws.unreassembled", f"[Unreassembled Packet: {self.protocol}]", inner, parent)
        except TooManyFields:
            stopped(
                "_ws.malformed", f"[Packet with too many fields: {self.protocol}]", inner, parent
            )
        except Malformed:
            stopped("_ws.malformed", f"[Malformed Packet: {self.protocol}]", inner, parent)
        # A fault in a decoder must not take the fields before it from the person; scapy's raise
        # all kinds of things where a capture ends early.
        except Exception:  # noqa: BLE001
            if window.captured < window.length:
                text = f"[Packet size limited during capture: {self.protocol} truncated]"
                stopped("_ws.short", text, inner, parent)
                return
            stopped("_ws.malformed", f"[Malformed Packet: {self.protocol}]", inner, parent)
        finally:
            self.depth -= 1


def stopped(name: str, label: str, where: Tree, parent: Tree) -> None:
    """Add the note that decoding stopped; it is there even if there are too many fields."""
    where.name, where.label = name, label
    parent.children.append(where)


Decoder = Callable[[Window, Tree, Dissection], None]
#: A decoder that may decline the bytes; it returns False then and has added nothing.
Guess = Callable[[Window, Tree, Dissection], bool]

#: LINKTYPE_ numbers.
LINK_TYPES: Final[dict[int, Decoder]] = {}
#: EtherTypes, of Ethernet II, VLAN, SNAP, SLL, GRE and others.
ETHERTYPES: Final[dict[int, Decoder]] = {}
#: IP protocol numbers and IPv6 next headers.
IP_PROTOCOLS: Final[dict[int, Decoder]] = {}
#: Application protocols by port.
TCP_PORTS: Final[dict[int, Decoder]] = {}
UDP_PORTS: Final[dict[int, Decoder]] = {}
#: Application protocols by look, tried in order when no port decides.
TCP_GUESSES: Final[list[Guess]] = []


def entered(table: dict[int, _Entry], *numbers: int) -> Callable[[_Entry], _Entry]:
    """Enter the decorated decoder into `table` under each of `numbers`."""

    def enter(decoder: _Entry) -> _Entry:
        for number in numbers:
            table[number] = decoder
        return decoder

    return enter


def decode_data(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Show bytes that nothing here decodes."""
    if not window.captured:
        return
    dissection.enter("Data", "data")
    size = window.captured
    noun = "byte" if size == 1 else "bytes"
    tree = parent.protocol("data", f"Data ({size} {noun})", window)
    tree.field("data.data", 0, size)
    tree.derived("data.len", size)
