"""What `tunscope read` prints of each packet; here the plainest, a line."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Final, Protocol

from tunscope.cli.read_columns import Columns, text_line
from tunscope.cli.read_lines import LineOutput
from tunscope.cli.read_packets import ReadPacket

if TYPE_CHECKING:
    # Lines need no fields, and are to come at once.
    from tunscope.filter.layers.dissection import Dissection


class Printer(Protocol):
    """Prints packets in one format."""

    @property
    def columns(self) -> bool:
        """Whether the texts of the packet list are needed."""

    @property
    def dissects(self) -> bool:
        """Whether fields are needed."""

    @property
    def protocols(self) -> Container[str]:
        """The protocols whose fields are needed."""

    @property
    def conversations(self) -> bool:
        """Whether some of the fields depend on earlier packets of a conversation."""

    def begin(self) -> None:
        """Print what comes before the first packet."""

    def show(
        self, packet: ReadPacket, columns: Columns | None, dissection: Dissection | None
    ) -> None:
        """Print one packet."""

    def end(self) -> None:
        """Print what comes behind the last packet, also behind one that could not be read."""


class TextPrinter:
    """One line a packet, as tshark's."""

    columns: Final = True
    dissects: Final = False
    conversations: Final = False
    protocols: Final[Container[str]] = ()

    def __init__(self, lines: LineOutput) -> None:
        self._lines: Final = lines

    def begin(self) -> None:
        """No heading."""

    def show(
        self, packet: ReadPacket, columns: Columns | None, dissection: Dissection | None
    ) -> None:
        """Print the packet's line."""
        assert columns is not None, "asked for"
        self._lines.write(text_line(columns))

    def end(self) -> None:
        """Nothing follows."""
        self._lines.flush()
