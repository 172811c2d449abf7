"""``tunscope fields``: the field table of display filters."""

from __future__ import annotations

import sys

import click

from tunscope.errors import ExitCode


@click.command(
    "fields",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.argument("word", required=False, default="")
def fields(word: str) -> int:
    """List the fields that a display filter or -e can name: name, type, what it is.

    WORD chooses those that have it in their name or description.
    """
    from tunscope.cli.standard_streams import silence_stdout
    from tunscope.filter.table import search, suggest

    found = list(search(word.strip().casefold()))
    if not found:
        meant = suggest(word)
        hint = f" (did you mean {meant}?)" if meant else ""
        click.echo(
            f"tunscope: {word}: no field has this in its name or description{hint}", err=True
        )
        return ExitCode.FAILURE
    name_width = min(40, max(len(field.name) for field in found))
    type_width = max(len(field.type.label) for field in found)
    try:
        for field in found:
            line = f"{field.name:<{name_width}}  {field.type.label:<{type_width}}"
            print(f"{line}  {field.description}".rstrip())
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()
    return ExitCode.OK
