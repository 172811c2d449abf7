"""The screen on a capture file: the first packets are indexed before the screen is loaded."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from typing import Final

from tunscope.engine.signals import signals_noted
from tunscope.errors import ExitCode, UsageError

#: Seconds that the index may wait for the screen: loading it takes as long as indexing a million
#: packets, and both at once would show the first rows late.
_COURTESY: Final = 1.0


def browse_file(word: str, display_filter: str, names: bool | None = None) -> ExitCode:
    """Show a capture file, a spool's folder, or with "-" the capture on stdin."""
    gc.disable()  # loading leaves no garbage behind; the screen turns it on again
    told_to_end = threading.Event()
    with signals_noted(told_to_end.set, signal.SIGTERM, signal.SIGHUP):
        from tunscope.cli.privilege import drop_privileges
        from tunscope.index.capture import CaptureIndex
        from tunscope.index.forked import fork_indexer
        from tunscope.index.opening import open_source

        check_filter(display_filter)
        if word != "-":
            need_terminal()
            source = open_source(word)
        else:
            source = open_source(word)
            _keys_from_terminal()
        index = CaptureIndex(source, forked=fork_indexer(source, drop_privileges))
        from tunscope.cli.config import settings_in_force

        settings_in_force()
        index.start(_COURTESY)
        from tunscope.cli.live_captures import LiveCaptures
        from tunscope.tui.session import FileSession, SessionTitle

        title = SessionTitle(name="standard input" if word == "-" else word, kind="file")
        with LiveCaptures(display_filter=display_filter, names=names) as captures:
            if told_to_end.is_set():
                captures.surroundings.tell_to_end()
            captures.keep_rights()
            captures.browse(index, FileSession(title))
            captures.run_wishes()
    return ExitCode.OK


def check_filter(text: str) -> None:
    """Raise FilterError for a wrong display filter, before anything is opened for it."""
    if text:
        from tunscope.filter.compiled import compile_filter

        compile_filter(text)


def _keys_from_terminal() -> None:
    """Stdin carries the capture: keys come from the terminal itself."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError("the screen", "there is no terminal for the keys", "use read -") from error
    os.dup2(terminal, 0)
    os.close(terminal)
    need_terminal()


def need_terminal() -> None:
    """Raise UsageError unless there is a terminal to show a screen in."""
    streams = {"stdin": sys.stdin, "stdout": sys.stdout, "stderr": sys.stderr}
    elsewhere = [name for name, stream in streams.items() if not stream.isatty()]
    if elsewhere:  # the screen is written to stderr, where stdout may be anything
        why = f"{elsewhere[0]} is not a terminal"
        raise UsageError("the screen", why, "use --pcap FILE or --print")
