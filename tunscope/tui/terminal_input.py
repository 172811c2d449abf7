"""What comes from the terminal: keys and mouse as Textual reads them, pastes untouched.

Textual looks for keys within a paste that has an escape in it, and stops reading at the first byte
that is no UTF-8, and at a sequence with a number that it cannot read. Here whatever lies between
the marks of a paste is the paste, such a byte is a character that says so, and such a sequence is
no key.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import select
import sys
import time
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from textual._parser import ParseError
from textual._time import get_time
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Paste

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from textual._parser import Peek1, Read1, TokenCallback
    from textual.message import Message

    from tunscope.tui.screen_app import ScreenApp

_BEGIN: Final = "\x1b[200~"
_END: Final = "\x1b[201~"
_CHUNK: Final = 4096
#: Seconds between two looks at whether the screen has ended.
_LOOK: Final = 0.1
#: Seconds in which the rest of a mark comes, if what looks like its beginning is one, and in
#: which more of a paste comes.
_MARK_PATIENCE: Final = 0.02
_PASTE_PATIENCE: Final = 1.0
#: Seconds after which an escape, if no mark begins with it, is a key of its own. What a key sends
#: comes in one piece. Textual waits for 0.1, unless ESCDELAY (ms) asks for something else.
_ESCAPE_PATIENCE: Final = 0.03


class PasteSplitter:
    """Takes the terminal's text apart into pastes and the rest, however it is cut into pieces."""

    def __init__(self) -> None:
        #: What could be the beginning of a mark.
        self._held = ""
        #: Pieces of the paste that goes on.
        self._pasted: list[str] | None = None

    @property
    def patience(self) -> float:
        """Seconds without another character after which `settle` decides."""
        if self._pasted is not None:
            return _PASTE_PATIENCE
        return _MARK_PATIENCE if self._held else _LOOK

    def feed(self, text: str) -> Iterator[str | Paste]:
        """Yield what is complete: texts for the parser of keys, and pastes."""
        text, self._held = self._held + text, ""
        while text:
            mark = _BEGIN if self._pasted is None else _END
            before, met, after = text.partition(mark)
            if not met:
                cut = len(text) - _overlap(text, mark)
                before, self._held, after = text[:cut], text[cut:], ""
            if self._pasted is not None:
                self._pasted.append(before)
                if met:
                    yield self._paste()
            else:
                if before:
                    yield before
                if met:
                    self._pasted = []
            text = after

    def settle(self) -> Iterator[str | Paste]:
        """Yield what turned out to be no beginning of a paste, or a paste that does not end."""
        text, self._held = self._held, ""
        if self._pasted is not None:
            self._pasted.append(text)
            yield self._paste()
        elif text:
            yield text

    def _paste(self) -> Paste:
        """Return the paste that ends here."""
        pieces, self._pasted = self._pasted, None
        return Paste("".join(pieces or ()))


def _overlap(text: str, mark: str) -> int:
    """Return how many characters at the end of `text` could begin `mark`."""
    longest = min(len(text), len(mark) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(mark[:n])), 0)


class KeyParser(XTermParser):
    """Textual's parser, sooner with Esc, and without sequences that it cannot make sense of."""

    @property
    def patience(self) -> float:
        """Seconds after which `tick` is wanted."""
        return _LOOK if self._timeout_time is None else _ESCAPE_PATIENCE

    def feed(self, data: str) -> Iterable[Message]:
        """Yield what is complete; what may go on is waited for shortly."""
        yield from super().feed(data)
        if self._timeout_time is not None and "ESCDELAY" not in os.environ:
            self._timeout_time = min(self._timeout_time, get_time() + _ESCAPE_PATIENCE)

    def parse(self, token_callback: TokenCallback[Message]) -> Generator[Read1 | Peek1, str, None]:
        """Begin anew behind a number that is none, or too large for a character."""
        while True:
            try:
                yield from super().parse(token_callback)
            except ParseError:
                raise
            except Exception:  # noqa: BLE001  whatever it is, the next key is to be heard
                continue
            return


class _Outlet:
    """What is written to the terminal; nothing fails, and nobody waits, once that is gone."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._file.flush()

    def fileno(self) -> int:
        return self._file.fileno()


class TerminalDriver(LinuxDriver):
    """Textual's driver, with an input that nothing can upset, in the terminal's own size."""

    def __init__(
        self,
        app: ScreenApp[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        """Know the size at once: rich takes COLUMNS for it, and for TERM=dumb 80 x 25."""
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._size = size or self._get_terminal_size()
        self._file = cast("Any", _Outlet(cast("TextIO", self._file)))
        self._end_as_told = app.end_as_told

    def _get_terminal_size(self) -> tuple[int, int]:
        """Ask the terminal: COLUMNS and LINES may be of another, or older than its size."""
        for stream in (sys.__stdout__, sys.__stderr__, sys.__stdin__):
            with contextlib.suppress(ValueError, OSError):
                columns, lines = os.get_terminal_size(stream.fileno() if stream else -1)
                if columns and lines:
                    return columns, lines
        return super()._get_terminal_size()

    def send_message(self, message: Message) -> None:
        """Put a message into the application's queue, without a task of its own for it."""
        self._call(self._app.post_message, message)

    def _call(self, what: Callable[..., object], *arguments: object) -> None:
        """Have something called by the application's thread."""
        with contextlib.suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(what, *arguments)

    def run_input_thread(self) -> None:
        """Read until the screen ends, which it does when the terminal is gone."""
        parser, splitter = KeyParser(), PasteSplitter()
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        last = time.monotonic()
        while not self.exit_event.is_set():
            pieces: Iterable[str | Paste] = ()
            if select.select([self.fileno], [], [], min(splitter.patience, parser.patience))[0]:
                data = b""
                with contextlib.suppress(OSError):
                    data = os.read(self.fileno, _CHUNK)
                if not data:
                    self._call(self._end_as_told)
                    return
                pieces, last = splitter.feed(decoder.decode(data)), time.monotonic()
            elif time.monotonic() - last >= splitter.patience:
                pieces = splitter.settle()
            for piece in pieces:
                for event in (piece,) if isinstance(piece, Paste) else parser.feed(piece):
                    self.process_message(event)
            for event in parser.tick():
                self.process_message(event)
