"""Reads captures of every kind: pcap and its relatives, pcapng, gzip and zstd, files and pipes."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from typing import BinaryIO, Final, Literal, Protocol, Self

from tunscope.capfile.blocks import BlockType, InterfaceDescription, InterfaceStatistics
from tunscope.capfile.byte_source import CompressedDataError
from tunscope.capfile.compression import decompressed
from tunscope.capfile.contents import CaptureContents
from tunscope.capfile.decode import section_byte_order
from tunscope.capfile.errors import BlockError, CaptureFileError, CutShortError
from tunscope.capfile.pcap_header import HEADER_SIZE, decode_header, known_magic
from tunscope.capfile.pcap_layout import choose_layout
from tunscope.capfile.pcap_stream import PcapStream
from tunscope.capfile.pcapng_stream import PcapngStream
from tunscope.capfile.window import Window
from tunscope.packet.record import PacketRecord

_SECTION_MAGIC: Final = int(BlockType.SECTION_HEADER).to_bytes(4, "little")
_LENIENT_HINT: Final = "--lenient goes on behind the damage"


class _PacketStream(Protocol):
    """Packets of one format; PcapngStream says what is promised."""

    def packets(self) -> Iterator[PacketRecord]: ...

    def resynchronise(self) -> bool: ...


class _NoPackets:
    """A file of no bytes, or one cut short within its header."""

    def packets(self) -> Iterator[PacketRecord]:
        return iter(())

    def resynchronise(self) -> bool:
        return False


def open_capture(
    source: str | os.PathLike[str] | BinaryIO, *, lenient: bool = False
) -> CaptureReader:
    """Return a reader of the capture at a path, on stdin ("-"), or in an open binary stream.

    With `lenient` a damaged part is skipped with a warning; without, it raises. A stream that
    was passed in stays open. CaptureFileError: cannot be opened, or is no capture.
    """
    if not isinstance(source, str | os.PathLike):
        name = getattr(source, "name", None)
        return CaptureReader(
            name if isinstance(name, str) else "capture", source, lenient=lenient, owned=False
        )
    name = os.fspath(source)
    stream = _open(name)
    label = "standard input" if name == "-" else name
    try:
        return CaptureReader(label, stream, lenient=lenient, owned=True)
    except BaseException:
        stream.close()
        raise


class CaptureReader:
    """Iterates over the packets of a capture, once, in file order.

    `format` is "pcap" or "pcapng". `interfaces`, `statistics`, `names` (address text to name),
    `comments` (of the capture as a whole) and `warnings` grow with the packets and are complete
    after the last one; `PacketRecord.interface` indexes `interfaces`. A capture that ends within
    a packet gives the packets before it and one warning. Damage raises CaptureFileError with its
    offset, after the packets before it. Memory is bounded by the largest packet that is there.
    """

    def __init__(self, name: str, stream: BinaryIO, *, lenient: bool, owned: bool) -> None:
        """Recognise the format; `owned` says that closing the reader closes `stream`.

        CaptureFileError: no capture, or one of a version or kind that nobody reads.
        """
        self.name: Final = name
        self.format: Literal["pcap", "pcapng"] = "pcapng"
        self._contents = CaptureContents()
        self._lenient = lenient
        self._owned = stream if owned else None
        try:
            self._window = Window(decompressed(stream))
            self._stream = self._recognise(can_look_ahead=stream.seekable())
        except (CompressedDataError, BlockError) as error:
            raise CaptureFileError(name, str(error)) from error
        except OSError as error:
            raise CaptureFileError(name, f"cannot read: {error.strerror}") from error
        self._records = self._read()

    @property
    def interfaces(self) -> list[InterfaceDescription]:
        """The interfaces described so far, of all sections in turn."""
        return self._contents.interfaces

    @property
    def statistics(self) -> list[InterfaceStatistics]:
        """The statistics met so far."""
        return self._contents.statistics

    @property
    def names(self) -> dict[str, str]:
        """The names of addresses met so far."""
        return self._contents.names

    @property
    def comments(self) -> list[str]:
        """The comments on the capture as a whole met so far."""
        return self._contents.comments

    @property
    def warnings(self) -> list[str]:
        """What is missing or was skipped so far, one sentence each."""
        return self._contents.warnings

    def __iter__(self) -> Iterator[PacketRecord]:
        """Go on behind the packets that were read already."""
        return self._records

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file if the reader opened it."""
        self._records.close()
        if self._owned is not None:
            self._owned.close()

    def _recognise(self, *, can_look_ahead: bool) -> _PacketStream:
        window = self._window
        if not window.has(4) and not window.buffered:
            if not window.cut:
                self._contents.warn("the file is empty")
            return _NoPackets()
        head = window.data[:4]
        if head == _SECTION_MAGIC:
            if window.has(12):
                section_byte_order(window.data[8:12])
            return PcapngStream(window, self._contents)
        if not known_magic(head):
            raise CaptureFileError(self.name, "neither a pcap nor a pcapng capture")
        self.format = "pcap"
        form = decode_header(window.data) if window.has(HEADER_SIZE) else None
        if form is None or not window.skip(form.size):
            if not window.cut:
                self._contents.warn("cut short: the file ends within its header")
            return _NoPackets()
        self._contents.interfaces.append(form.interface)
        if can_look_ahead and not form.certain:
            form = choose_layout(window, form)
        return PcapStream(window, form)

    def _read(self) -> Generator[PacketRecord, None, None]:
        window, warn = self._window, self._contents.warn
        while True:
            try:
                yield from self._stream.packets()
            except CutShortError as error:
                offset = window.offset
                if not self._skip_damage(error):
                    warn(f"cut short at byte {offset}: {error}")
                    return
            except BlockError as error:
                if not self._skip_damage(error):
                    raise CaptureFileError(
                        self.name, str(error), window.offset, _LENIENT_HINT
                    ) from error
            except CompressedDataError as error:
                # What follows cannot be decompressed, so there is nothing to be lenient with.
                raise CaptureFileError(self.name, str(error), window.end) from error
            except OSError as error:
                raise CaptureFileError(self.name, f"cannot read: {error.strerror}") from error
            else:
                if window.cut:
                    warn(f"cut short at byte {window.end}: the compressed data ends early")
                return

    def _skip_damage(self, error: BlockError) -> bool:
        """Go to the next plausible packet, if that is wanted; False if there is none."""
        if not self._lenient:
            return False
        offset = self._window.offset
        try:
            found = self._stream.resynchronise()
        except (CompressedDataError, OSError):
            # Nothing more can be had; the next read says why.
            self._window.drop_buffered()
            found = False
        if found or not isinstance(error, CutShortError):
            skipped = self._window.offset - offset
            self._contents.warn(f"skipped {skipped} bytes at byte {offset}: {error}")
            return True
        return False


def _open(name: str) -> BinaryIO:
    """Open a path or stdin unbuffered: what a pipe holds comes at once."""
    if name != "-":
        try:
            return open(name, "rb", buffering=0)
        except OSError as error:
            raise CaptureFileError(name, f"cannot read: {error.strerror}") from error
    try:
        if os.isatty(0):
            raise CaptureFileError("standard input", "is a terminal", hint="pipe a capture into it")
        return open(0, "rb", buffering=0, closefd=False)
    except OSError as error:
        raise CaptureFileError("standard input", f"cannot read: {error.strerror}") from error
