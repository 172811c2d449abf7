"""What `tunscope read` reads: files, directories of files, standard input."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from tunscope.capfile.blocks import BlockType, InterfaceDescription
from tunscope.capfile.errors import CaptureFileError
from tunscope.capfile.pcap_header import known_magic
from tunscope.errors import UsageError

if TYPE_CHECKING:
    # A capture that is indexed needs none of them, and is to be counted at once.
    from tunscope.capfile.merging import MergedCapture
    from tunscope.capfile.reader import CaptureReader
    from tunscope.packet.record import PacketRecord

_SECTION_MAGIC: Final = int(BlockType.SECTION_HEADER).to_bytes(4)


class PacketInput(Protocol):
    """One or several captures: what they tell besides packets, which grows with them."""

    @property
    def interfaces(self) -> Sequence[InterfaceDescription]:
        """What records index."""

    @property
    def names(self) -> dict[str, str]:
        """Address text to name."""

    @property
    def comments(self) -> Sequence[str]:
        """Comments on the capture as a whole."""

    @property
    def warnings(self) -> Sequence[str]:
        """What is missing or was skipped, whole lines for the user."""

    def close(self) -> None:
        """Close what was opened."""


class SingleInput:
    """One capture, read once from its beginning."""

    def __init__(self, reader: CaptureReader) -> None:
        self._reader = reader
        self.interfaces = reader.interfaces
        self.names = reader.names
        self.comments = reader.comments
        self.close = reader.close

    @property
    def warnings(self) -> Sequence[str]:
        """The reader's warnings, with the name of the file in front."""
        return [f"{self._reader.name}: {warning}" for warning in self._reader.warnings]

    def __iter__(self) -> Iterator[PacketRecord]:
        return iter(self._reader)


def open_input(paths: Sequence[str], *, lenient: bool) -> SingleInput | MergedCapture:
    """Open one capture, or several merged in time order. CaptureFileError: unreadable."""
    if len(paths) == 1:
        from tunscope.capfile.reader import open_capture

        return SingleInput(open_capture(paths[0], lenient=lenient))
    from tunscope.capfile.merging import MergedCapture

    return MergedCapture(paths, lenient=lenient)


def expanded(words: Sequence[str]) -> list[str]:
    """Return the files that `words` name: a directory stands for the captures right in it.

    What is no capture in a directory is passed over, whatever its name; one without any is a
    UsageError. The files of a directory come in the order of their names.
    """
    found: list[str] = []
    for word in words:
        if word == "-" or not os.path.isdir(word):
            found.append(word)
            continue
        captures = [path for path in _listed(word) if _is_capture(path)]
        if not captures:
            raise UsageError(word, "no capture file in this directory")
        found += captures
    if found.count("-") > 1:
        raise UsageError("-", "standard input can be read only once")
    return found


def is_regular(path: str) -> bool:
    """Whether `path` is a plain file, which can be read at any place."""
    try:
        return path != "-" and stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def is_plain_capture(path: str) -> bool:
    """Whether `path` is a regular file that begins as a capture that is not compressed does."""
    if not is_regular(path):
        return False
    try:
        with open(path, "rb") as file:
            head = file.read(4)
    except OSError:
        return False
    return is_pcapng(head) or known_magic(head)


def is_pcapng(head: bytes) -> bool:
    """Whether a capture's first bytes are those of a pcapng file."""
    return head[:4] == _SECTION_MAGIC


def _listed(directory: str) -> list[str]:
    try:
        paths = [os.path.join(directory, name) for name in sorted(os.listdir(directory))]
    except OSError as error:
        raise UsageError(directory, f"cannot be listed: {error.strerror}") from error
    return [path for path in paths if is_regular(path)]


def _is_capture(path: str) -> bool:
    from tunscope.capfile.reader import open_capture

    if os.path.basename(path).startswith("."):
        return False
    try:
        with open_capture(path):
            return os.path.getsize(path) > 0
    except CaptureFileError:
        return False
