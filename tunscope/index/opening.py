"""The source for what somebody named: a file of any kind, a spool's folder, standard input."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from tunscope.capfile.compression import GZIP_MAGIC
from tunscope.capfile.errors import CaptureFileError
from tunscope.capfile.zstd_frames import ZSTD_MAGIC, is_skippable
from tunscope.index.copied import CopiedSource
from tunscope.index.source import FileSource, SpoolSource

if TYPE_CHECKING:
    from tunscope.index.source import Source

#: Names standard input.
STDIN: Final = "-"
_STDIN_NAME: Final = "standard input"


def open_source(name: str | os.PathLike[str]) -> Source:
    """Return the source for a path, or for standard input if it is "-".

    A folder is a spool that nobody writes to any more. CaptureFileError: cannot be opened.
    """
    path = os.fspath(name)
    label = _STDIN_NAME if path == STDIN else path
    try:
        if path == STDIN:
            if os.isatty(0):
                raise CaptureFileError(label, "is a terminal", hint="pipe a capture into it")
            return CopiedSource(open(os.dup(0), "rb", buffering=0), label)
        if stat.S_ISDIR(os.stat(path).st_mode):
            return _spool(path)
        stream = open(path, "rb", buffering=0)  # noqa: SIM115  (the source takes it over)
        kind = os.fstat(stream.fileno())
        if not stat.S_ISREG(kind.st_mode):
            return CopiedSource(stream, label)
        head = os.pread(stream.fileno(), len(ZSTD_MAGIC), 0)
        if head.startswith(GZIP_MAGIC) or head == ZSTD_MAGIC or is_skippable(head):
            return CopiedSource(stream, label, kind.st_size)
        stream.close()
        return FileSource(path)
    except OSError as error:
        raise CaptureFileError(label, f"cannot read: {error.strerror or error}") from error


def _spool(folder: str) -> Source:
    source = SpoolSource(folder, growing=False)
    if source.last < source.first:
        raise CaptureFileError(folder, "is a folder without capture segments")
    return source
