"""``tunscope read``: print, count or save the packets of captures that pass a display filter."""

from __future__ import annotations

import os
from typing import Any

import click

from tunscope.errors import ExitCode, UsageError


@click.command(
    "read",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("-Y", "--display-filter", default="", metavar="FILTER", help="Wireshark's syntax.")
@click.option(
    "-T",
    "--format",
    "form",
    type=click.Choice(["text", "json", "fields"]),
    help="A line a packet [text], a JSON array, or the fields of -e.",
)
@click.option("-e", "--field", "fields", multiple=True, metavar="FIELD", help="Field for -T.")
@click.option(
    "-E",
    "--field-option",
    "field_options",
    multiple=True,
    metavar="NAME=VALUE",
    help="header=y, separator=, aggregator=, quote=d|s|n, occurrence=f|l|a, bom=y.",
)
@click.option(
    "-c", "limit", type=click.IntRange(1), metavar="N", help="Read the first N packets only."
)
@click.option("-w", "--write", "out", metavar="OUT", help="Save the packets that pass.")
@click.option("--count", is_flag=True, help="Print how many packets pass.")
@click.option(
    "-t",
    "--time",
    type=click.Choice(["a", "ad", "d", "dd", "e", "r", "u", "ud"]),
    default="r",
    help="Times: of day, with date, since the packet before or the one shown before, "
    "since 1970, since the first packet [r], in UTC.",
)
@click.option("--lenient", is_flag=True, help="Skip damaged parts instead of ending there.")
def read(files: tuple[str, ...], **given: Any) -> int:
    """Print the packets of capture files: pcap, pcapng, also compressed, - for stdin.

    Several files, or the files of a directory, are read as one in time order. -w OUT saves as
    pcapng, or as pcap if OUT ends in .pcap; a further .gz or .zst compresses. With -w packets are
    printed only if -T is given.

    \b
    tunscope read x.pcapng -Y 'tcp.flags.reset == 1'
    tunscope read x.pcapng -T fields -e ip.src -e _ws.col.Info -E header=y
    tunscope read x.pcapng -T json | jq '.[]._source.layers.ip'
    tunscope read ring/ -Y dns -w dns.pcapng.zst
    """
    _check(given)
    # Nothing here multiplies matrices; the threads numpy would start for that take longer than it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from tunscope.cli.read_job import ReadJob, read_packets
    from tunscope.filter.errors import FilterError

    try:
        read_packets(ReadJob(files=files, **given))
    except FilterError as error:
        click.echo(f"tunscope: {error}\n{error.caret()}", err=True)
        return ExitCode.USAGE
    return ExitCode.OK


def _check(given: dict[str, Any]) -> None:
    """Refuse options that contradict each other."""
    form, fields = given["form"], given["fields"]
    if form == "fields" and not fields:
        raise UsageError("-T fields", "no field was chosen", "add -e FIELD")
    if fields and form not in {"fields", "json"}:
        raise UsageError("-e", "chooses fields for -T fields and -T json")
    if given["field_options"] and form != "fields":
        raise UsageError("-E", "is for -T fields")
    if given["count"] and (form or given["out"]):
        raise UsageError("--count", "prints nothing but a number", "leave out -T and -w")
