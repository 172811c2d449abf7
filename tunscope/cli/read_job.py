"""The words of one `tunscope read`, carried out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import click

from tunscope.capfile.writer import CaptureWriter, open_writer
from tunscope.cli.read_fields import choose_fields, parse_fields_format
from tunscope.cli.read_input import PacketInput, expanded, is_regular, open_input
from tunscope.cli.read_lines import LineOutput, silence_stdout, standard_output
from tunscope.cli.read_packets import StreamedPackets
from tunscope.cli.read_printers import FieldsPrinter, JsonPrinter, Printer, TextPrinter
from tunscope.cli.read_run import Dissector, Reading
from tunscope.cli.read_times import TimeColumn
from tunscope.errors import ExitCode, UsageError


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


def read_packets(job: ReadJob) -> ExitCode:
    """Read, filter, print, save; return the exit status.

    Errors as everywhere; packets before a damaged part are printed and saved. A reader of
    stdout that has seen enough is no error.
    """
    paths = expanded(job.files)
    if job.out is not None:
        _refuse_overwriting(job.out, paths)
    packets = open_input(paths, lenient=job.lenient)
    try:
        _carry_out(job, paths, packets)
    except BrokenPipeError:
        silence_stdout()
    finally:
        packets.close()
        for warning in packets.warnings:
            click.echo(f"tunscope: {warning}", err=True)
    return ExitCode.OK


def _carry_out(job: ReadJob, paths: Sequence[str], packets: PacketInput) -> None:
    eager = not all(map(is_regular, paths))
    lines = standard_output(eager=eager)
    times = TimeColumn(job.time, packets.interfaces)
    printer = _printer(job, lines)
    reading = Reading(
        times, printer, lines, _dissector(printer, packets), _writer(job.out, packets)
    )
    count = reading.run(StreamedPackets(packets, job.limit))
    if job.count:
        click.echo(count)


def _printer(job: ReadJob, lines: LineOutput) -> Printer | None:
    if job.count or (job.out is not None and job.form is None):
        return None
    if job.form in {None, "text"}:
        return TextPrinter(lines)
    fields = choose_fields(job.fields)
    if job.form == "json":
        return JsonPrinter(lines, fields)
    return FieldsPrinter(lines, fields, parse_fields_format(job.field_options))


def _dissector(printer: Printer | None, packets: PacketInput) -> Dissector | None:
    if printer is None or not printer.dissects:
        return None
    from tunscope.cli.read_fieldvalues import PacketDissector

    return PacketDissector(
        printer.protocols, packets.interfaces, described=packets.describes_interfaces
    )


def _writer(out: str | None, packets: PacketInput) -> CaptureWriter | None:
    if out is None:
        return None
    return open_writer(out, packets.interfaces, names=packets.names, comments=packets.comments)


def _refuse_overwriting(out: str, paths: Sequence[str]) -> None:
    for path in paths:
        if "-" not in {out, path} and os.path.exists(out) and os.path.samefile(out, path):
            raise UsageError(f"-w {out}", "is a file that is being read", "choose another name")
