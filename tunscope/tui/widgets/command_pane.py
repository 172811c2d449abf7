"""What the command prints, in a pane that is scrolled, and typed into after Enter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from rich.style import Style
from textual.cache import LRUCache
from textual.color import Color

from tunscope.packet.printable import printable
from tunscope.tui.bound_keys import keys_of
from tunscope.tui.keymap import LIST_KEYS, OUTPUT_KEYS, key_names
from tunscope.tui.palette import readable
from tunscope.tui.screen_app import TakesPastes
from tunscope.tui.terminal.key_bytes import bytes_of_key
from tunscope.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from collections.abc import Hashable

    from textual import events
    from textual.binding import BindingType

    from tunscope.tui.running_command import RunningCommand
    from tunscope.tui.terminal.look import Colour, Look
    from tunscope.tui.text import LineBuilder

#: xterm's first sixteen colours.
_SIXTEEN: Final = (
    (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205),
    (0, 205, 205), (229, 229, 229), (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0),
    (92, 92, 255), (255, 0, 255), (0, 255, 255), (255, 255, 255),
)  # fmt: skip
#: The command chooses the colours: a film in 24 bits has others in every frame.
_STYLES_KEPT: Final = 1024
_CUBE: Final = (0, 95, 135, 175, 215, 255)


class CommandPane(VirtualList, TakesPastes):
    """Lines of `command`'s terminal. It follows the end until the person scrolls up."""

    HEADING_LINES: ClassVar[int] = 1
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS, *OUTPUT_KEYS]

    def __init__(self, command: RunningCommand, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.command = command
        self.typing = False
        self._following = True
        self._dropped = 0
        self._state = ""
        self._styles: LRUCache[tuple[Look, int], Style] = LRUCache(_STYLES_KEPT)

    @property
    def row_count(self) -> int:
        """Lines there are."""
        return len(self.command.terminal.lines)

    def pull(self) -> None:
        """Take in what the command has printed, and how it ended."""
        changed = self.command.pull()
        if not self.command.running:
            self.typing = False
        if not changed and self._state == self.command.state:
            return
        self._state = self.command.state
        gone = self.command.terminal.dropped - self._dropped
        self._dropped += gone
        if self._following:
            self._go_to_end()
        elif gone:
            self.top, self.cursor = max(0, self.top - gone), max(0, self.cursor - gone)
        self.refresh(self.extent.region)

    def _go_to_end(self) -> None:
        self.cursor = self.command.terminal.row if self.command.running else self.row_count - 1
        self.top = max(0, self.row_count - self.body_height)

    def on_resize(self) -> None:
        """Tell the command how large its terminal is."""
        self.command.resize(max(1, self.extent.width - 1), self.body_height)
        if self._following:
            self._go_to_end()
        self.refresh(self.extent.region)

    def notify_style_update(self) -> None:
        """Forget colours that were made readable on the old background."""
        super().notify_style_update()
        self._styles.clear()

    # --- keys

    def action_choose(self) -> None:
        """Type to the command from now on."""
        if self.command.running:
            self.typing = self._following = True
            self._go_to_end()
            self.refresh(self.extent.region)

    def cursor_moved(self, old_row: int) -> None:
        """Follow the end again once the cursor is there."""
        del old_row
        self._following = self.cursor >= self.row_count - 1

    def takes_key(self, event: events.Key) -> bool:
        """While typing every key is the command's, but the one that ends it."""
        if not self.typing:
            return super().takes_key(event)
        if event.key in keys_of(self.app, "output.leave"):
            return False
        self.command.type(bytes_of_key(event.key, event.character))
        return True

    def action_leave(self) -> None:
        """Type to the command no more."""
        self._leave()

    def on_paste(self, event: events.Paste) -> None:
        """Type what is pasted, its line ends as Enter."""
        if self.typing:
            event.stop()
            self.command.type(event.text.replace("\n", "\r").encode())

    def on_blur(self) -> None:
        """Who goes to another pane types no more."""
        self._leave()

    def _leave(self) -> None:
        self.typing = False
        self.refresh(self.extent.region)

    # --- painting

    def paint_heading(self, y: int, line: LineBuilder) -> None:
        """Paint the command's name, how it is, and what Enter does."""
        del y
        styles = self.palette
        self.paint_title("Output", line)
        line.add(f"  {printable(self.command.name)}: {self.command.state}", styles.head)
        if self.typing:
            keys = key_names(",".join(keys_of(self.app, "output.leave")))
            line.add(f"  typing to it, {keys} ends that", styles.head_active)
        elif self.has_focus and self.command.running:
            line.add("  Enter types to it", styles.head)

    def row_key(self, row: int) -> Hashable:
        """A line is painted anew when it has changed, or the command's cursor came or went."""
        terminal = self.command.terminal
        at = terminal.column if self.typing and row == terminal.row else -1
        return (terminal.lines[row].revision, at)

    def row_style(self, *, selected: bool) -> Style:
        """The selected line has its marker only: the colours are the command's."""
        del selected
        return self.palette.text

    def paint_row(self, row: int, line: LineBuilder, *, selected: bool) -> None:
        """Paint a line as the command wants it, as far as it can be read."""
        del selected
        terminal = self.command.terminal
        shown = terminal.lines[row]
        start = 0
        for end in range(1, len(shown.looks) + 1):
            if end == len(shown.looks) or shown.looks[end] != shown.looks[start]:
                text = "".join(shown.characters[start:end])
                line.add(text, self._style(shown.looks[start]))
                start = end
        if self.typing and row == terminal.row:
            self._paint_cursor(line, terminal.column, shown.characters)

    def _paint_cursor(self, line: LineBuilder, column: int, characters: list[str]) -> None:
        if column >= len(characters):
            line.add(" " * (column - len(characters)), self.palette.text)
            line.add(" ", self.palette.badge)

    def _style(self, look: Look) -> Style:
        key = (look, self.style_generation)
        style = self._styles.get(key)
        if style is None:
            style = self._styles[key] = self._made_style(look)
        return style

    def _made_style(self, look: Look) -> Style:
        plain = self.palette.text
        front = _rgb(look.foreground) or Color.from_rich_color(plain.color)
        back = _rgb(look.background) or Color.from_rich_color(plain.bgcolor)
        if look.reverse:
            front, back = back, front
        if look.dim:
            front = front.blend(back, 0.4, alpha=1.0)
        return Style(
            color=readable(front, back).rich_color,
            bgcolor=back.rich_color,
            bold=look.bold or None,
            italic=look.italic or None,
            underline=look.underline or None,
        )


def _rgb(colour: Colour | None) -> Color | None:
    """Return a colour of the command as red, green and blue; None for the terminal's own."""
    if colour is None:
        return None
    if isinstance(colour, tuple):
        return Color(*colour)
    if colour < 16:
        return Color(*_SIXTEEN[colour])
    if colour < 232:
        red, rest = divmod(colour - 16, 36)
        return Color(_CUBE[red], _CUBE[rest // 6], _CUBE[rest % 6])
    grey = 8 + 10 * (colour - 232)
    return Color(grey, grey, grey)
