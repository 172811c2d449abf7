"""Opens a file for packets: the format by the name, compressed by the name."""

from __future__ import annotations

import contextlib
import gzip
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Final, Protocol, Self, cast

from tunscope.capfile.blocks import InterfaceDescription
from tunscope.capfile.pcap_writer import PcapWriter
from tunscope.capfile.pcapng_writer import PcapngWriter
from tunscope.errors import TunscopeError, UsageError
from tunscope.packet.record import PacketRecord

__all__ = ["CaptureWriter", "PacketWriter", "PcapWriter", "PcapngWriter", "open_writer"]

_BUFFER: Final = 1 << 18
_NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})


class PacketWriter(Protocol):
    """Turns packets into bytes of one format: PcapngWriter, PcapWriter."""

    def write(self, record: PacketRecord) -> None:
        """Append one packet."""

    def close(self) -> None:
        """Write what has to come last; the stream stays open."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What of the records is not in the file, one sentence each."""


class CaptureWriter:
    """A file of packets being written; a context manager.

    Where the disk refuses, TunscopeError names the file; BrokenPipeError comes through, since a
    reader that has seen enough is no failure.
    """

    def __init__(self, name: str, streams: Sequence[BinaryIO], packets: PacketWriter) -> None:
        """`streams` are closed innermost first, as they stand: compressor, buffer."""
        self.name: Final = name
        self._streams = streams
        self._packets: PacketWriter | None = packets
        self._format: Final = packets

    def write(self, record: PacketRecord) -> None:
        """Append one packet."""
        if self._packets is None:
            raise ValueError(f"{self.name} is closed")
        try:
            self._packets.write(record)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _refused(self.name, error) from error

    @property
    def warnings(self) -> list[str]:
        """What of the records written so far is not in the file, with its name in front."""
        return [f"{self.name}: {warning}" for warning in self._format.warnings]

    def close(self) -> None:
        """Finish the file; a second call does nothing."""
        if self._packets is None:
            return
        packets, self._packets = self._packets, None
        with _refusals(self.name), contextlib.ExitStack() as stack:
            for stream in reversed(self._streams):
                stack.callback(stream.close)
            packets.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            # What went wrong first is what the user has to know.
            with contextlib.suppress(TunscopeError, OSError):
                self.close()


def open_writer(
    path: str | os.PathLike[str],
    interfaces: Sequence[InterfaceDescription] = (),
    *,
    names: Mapping[str, str] = _NO_NAMES,
    comments: Sequence[str] = (),
) -> CaptureWriter:
    """Return a writer of `path`: pcap if it is named .pcap, else pcapng; "-" is stdout.

    A further .gz or .zst compresses. `interfaces` are those that records index; they, and
    `names`, may still grow, as a CaptureReader's do. TunscopeError: cannot be written.
    """
    name = os.fspath(path)
    stream = _open(name)
    with _refusals(name), contextlib.ExitStack() as opened:
        opened.callback(stream.close)
        base, extension = os.path.splitext(name)
        streams = [stream]
        if extension in _COMPRESSORS:
            streams.insert(0, _COMPRESSORS[extension](stream))
            base, extension = os.path.splitext(base)
        packets: PacketWriter
        if extension == ".pcap":
            packets = PcapWriter(streams[0], interfaces)
        else:
            packets = PcapngWriter(streams[0], interfaces, names=names, comments=comments)
        opened.pop_all()
    return CaptureWriter(name if name != "-" else "standard output", streams, packets)


def _gzipped(stream: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", gzip.GzipFile(fileobj=stream, mode="wb", mtime=0))


def _zstandard(stream: BinaryIO) -> BinaryIO:
    try:
        import zstandard
    except ImportError as error:
        raise TunscopeError("zstd", "Python's zstandard package is not installed") from error
    return cast("BinaryIO", zstandard.ZstdCompressor().stream_writer(stream, closefd=False))


_COMPRESSORS: Final = {".gz": _gzipped, ".zst": _zstandard}


def _open(name: str) -> BinaryIO:
    with _refusals(name):
        if name != "-":
            return Path(name).open("wb", buffering=_BUFFER)
        if os.isatty(1):
            raise UsageError("standard output", "is a terminal", "pipe the packets somewhere")
        return open(1, "wb", buffering=_BUFFER, closefd=False)


@contextlib.contextmanager
def _refusals(name: str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _refused(name, error) from error


def _refused(name: str, error: OSError) -> TunscopeError:
    return TunscopeError(name, f"cannot write: {error.strerror or error}")
