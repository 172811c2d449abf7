"""The words of one `tunscope read`, carried out."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import click

from tunscope.cli.read_input import (
    PacketInput,
    expanded,
    is_plain_capture,
    is_regular,
    open_input,
)
from tunscope.cli.read_lines import LineOutput, standard_output
from tunscope.cli.read_packets import PacketSource, ReadPacket, StreamedPackets
from tunscope.cli.standard_streams import silence_stdout
from tunscope.errors import UsageError

if TYPE_CHECKING:
    from tunscope.capfile.writer import CaptureWriter
    from tunscope.cli.read_conversations import PacketConversations
    from tunscope.cli.read_printers import Printer
    from tunscope.filter.compiled import DisplayFilter
    from tunscope.filter.layers.dissection import Dissection
    from tunscope.index.capture import CaptureIndex

    Dissect: TypeAlias = Callable[[ReadPacket], Dissection]


@dataclass(frozen=True, slots=True)
class ReadJob:
    """What `tunscope read` was asked for; see its options."""

    files: tuple[str, ...]
    display_filter: str
    form: str | None
    fields: tuple[str, ...]
    field_options: tuple[str, ...]
    limit: int | None
    out: str | None
    count: bool
    time: str
    lenient: bool


def read_packets(job: ReadJob) -> None:
    """Read, filter, print, save.

    Errors as everywhere; packets before a damaged part are printed and saved. A reader of
    stdout that has seen enough is no error.
    """
    paths = expanded(job.files)
    with contextlib.ExitStack() as begun:
        index = _begun_index(job, paths)
        if index is not None:
            begun.callback(index.stop)
        display_filter = _compiled(job.display_filter)
        lines = standard_output(eager=not all(map(is_regular, paths)))
        printer = _printer(job, lines)
        if job.out is not None:
            _refuse_overwriting(job.out, paths)
        packets, source, dissect = _open(job, paths, index, display_filter, printer)
        begun.pop_all()
    writer: CaptureWriter | None = None
    try:
        if job.count:
            click.echo(source.count())
        else:
            from tunscope.cli.read_run import Reading
            from tunscope.cli.read_times import TimeColumn

            times = TimeColumn(job.time, packets.interfaces)
            writer = _writer(job.out, packets)
            Reading(times, lines, printer, dissect, writer).run(source)
    except BrokenPipeError:
        silence_stdout()
    finally:
        packets.close()
        for warning in (*packets.warnings, *(() if writer is None else writer.warnings)):
            click.echo(f"tunscope: {warning}", err=True)


def _compiled(text: str) -> DisplayFilter | None:
    if not text.strip():
        return None
    from tunscope.filter.compiled import compile_filter

    return compile_filter(text)


def _begun_index(job: ReadJob, paths: Sequence[str]) -> CaptureIndex | None:
    """Begin to index the capture where packets are chosen over columns, None elsewhere.

    It is at work while the filter language is loaded.
    """
    chosen = job.count or bool(job.display_filter.strip())
    if not chosen or len(paths) != 1 or job.lenient or not is_plain_capture(paths[0]):
        return None
    from tunscope.cli.read_indexed import begin_index

    return begin_index(paths[0])


def _open(
    job: ReadJob,
    paths: Sequence[str],
    index: CaptureIndex | None,
    display_filter: DisplayFilter | None,
    printer: Printer | None,
) -> tuple[PacketInput, PacketSource, Dissect | None]:
    """Return what the packets come from, over the index where that is possible and faster.

    The last of the three dissects a packet for the printer, if it needs fields.
    """
    if index is not None:
        from tunscope.cli.read_indexed import IndexedInput, IndexedPackets, PassingRows

        predicate = None if display_filter is None else display_filter.columns_predicate
        columns = printer is not None and printer.columns
        passing_rows = PassingRows(index, predicate, job.limit)
        indexed = IndexedInput(index)
        rows = IndexedPackets(index, passing_rows, conversations=columns)
        if printer is None or not printer.dissects:
            return indexed, rows, None
        replayed = indexed.conversations(printer.protocols) if printer.conversations else None
        return indexed, rows, _dissector(printer, indexed, replayed)
    packets = open_input(paths, lenient=job.lenient)
    passing = _conversations(display_filter, printer, packets)
    if display_filter is not None and passing is not None and printer and printer.dissects:
        from tunscope.cli.read_contexts import FrameContexts
        from tunscope.cli.read_conversations import SharedDissection

        contexts = FrameContexts(packets)
        shared = SharedDissection(display_filter, printer.protocols, contexts, passing)
        return packets, StreamedPackets(packets, job.limit, shared.passes), shared.of
    test = _test(display_filter, packets, passing)
    dissect = None
    if printer is not None and printer.dissects:
        dissect = _dissector(printer, packets, passing)
    return packets, StreamedPackets(packets, job.limit, test), dissect


def _conversations(
    display_filter: DisplayFilter | None, printer: Printer | None, packets: PacketInput
) -> PacketConversations | None:
    """Return the conversations of packets that come in order, None if nobody asks about them."""
    filtered = display_filter is not None and display_filter.needs_conversations
    if not filtered and (printer is None or not printer.conversations):
        return None
    from tunscope.cli.read_contexts import FrameContexts
    from tunscope.cli.read_conversations import PassingConversations

    return PassingConversations(FrameContexts(packets))


def _test(
    display_filter: DisplayFilter | None,
    packets: PacketInput,
    conversations: PacketConversations | None,
) -> Callable[[ReadPacket], bool] | None:
    if display_filter is None:
        return None
    from tunscope.cli.read_contexts import FrameContexts

    matches, contexts = display_filter.matches, FrameContexts(packets)
    if conversations is None:
        return lambda packet: matches(packet.record, contexts.of(packet))
    of = conversations.of
    return lambda packet: matches(packet.record, contexts.of(packet), of(packet))


def _printer(job: ReadJob, lines: LineOutput) -> Printer | None:
    if job.count or (job.out is not None and job.form is None):
        return None
    if job.form in {None, "text"}:
        from tunscope.cli.read_printers import TextPrinter

        return TextPrinter(lines)
    from tunscope.cli.read_field_printers import FieldsPrinter, JsonPrinter
    from tunscope.cli.read_fields import choose_fields, parse_fields_format

    fields = choose_fields(job.fields)
    if job.form == "json":
        return JsonPrinter(lines, fields)
    return FieldsPrinter(lines, fields, parse_fields_format(job.field_options))


def _dissector(
    printer: Printer, packets: PacketInput, conversations: PacketConversations | None
) -> Dissect:
    from tunscope.cli.read_contexts import FrameContexts
    from tunscope.filter.dissect import dissect

    protocols, contexts = printer.protocols, FrameContexts(packets)
    if conversations is None:
        return lambda packet: dissect(packet.record, protocols, contexts.of(packet))
    of = conversations.of
    return lambda packet: dissect(packet.record, protocols, contexts.of(packet), of(packet))


def _writer(out: str | None, packets: PacketInput) -> CaptureWriter | None:
    if out is None:
        return None
    from tunscope.capfile.writer import open_writer

    return open_writer(out, packets.interfaces, names=packets.names, comments=packets.comments)


def _refuse_overwriting(out: str, paths: Sequence[str]) -> None:
    for path in paths:
        known = "-" not in {out, path} and os.path.exists(out) and os.path.exists(path)
        if known and os.path.samefile(out, path):
            raise UsageError(f"-w {out}", "is a file that is being read", "choose another name")
