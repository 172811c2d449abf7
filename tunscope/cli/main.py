"""``tunscope``: find out what the first word is, and load only what that needs."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Callable
from typing import Any, Final

import click

import tunscope
from tunscope.cli.standard_streams import flush_stdout, prepare_streams
from tunscope.errors import ExitCode, TunscopeError

#: Command to (module that has it, one line for the help page). Nothing is imported for the page.
_COMMANDS: Final = {
    "read": ("tunscope.cli.read", "Print, count or save the packets of capture files."),
    "inject": ("tunscope.cli.inject", "Send packets on a device, and show what answers them."),
    "hold": ("tunscope.cli.hold", "List, release, edit or drop what a running capture holds."),
    "replay": ("tunscope.cli.replay", "Send a capture on a device, on time, and see the answers."),
    "fields": ("tunscope.cli.fields", "List the fields of display filters."),
    "run": ("tunscope.cli.run", "Run a command in a namespace of its own, and show its packets."),
    "devices": ("tunscope.cli.devices", "List network devices: kind, state, addresses, owner."),
    "lab": ("tunscope.cli.lab", "Ready topologies in private namespaces, with traffic."),
    "config": ("tunscope.cli.config", "Show or edit the settings of the screen."),
    "doctor": ("tunscope.cli.doctor", "What this machine allows, and what mends the rest."),
}
#: What `tunscope WORD` means when WORD is no command.
_DEFAULT: Final = "capture"
#: Commands that have closed everything by the time they return.
_CLOSED: Final = frozenset({"read", "fields"})
_HIDDEN: Final = {_DEFAULT: "tunscope.cli.capture", "start": "tunscope.cli.live"}

_HELP: Final = """See, record, hold and edit the packets of a Linux network device.

\b
tunscope                                 the devices; Enter captures on one
tunscope tun0                            live table; creates, attaches or observes
tunscope tun0 --addr 10.9.0.1/24         the same, with an address
tunscope tun0 --pcap out.pcapng          capture without a screen (- is stdout)
tunscope eth0 --print port 53            a line a packet, as tcpdump
tunscope run -- curl example.org         one program's packets, without root
tunscope out.pcapng                      the same table on a capture file
tunscope tun0 --replay in.pcapng         a capture's packets again, with the answers live
tunscope replay in.pcapng tun0           the capture's packets again, on time

The first word is a command, a device that exists, a capture file, or a device to create: its
name starts with tun or tap, or --tun or --tap says so. `tunscope capture --help` lists the
options of a capture.
"""


class _CommandGroup(click.Group):
    """Subcommands loaded when called; a first word that is none is a device or a file."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _HIDDEN.get(cmd_name) or _COMMANDS.get(cmd_name, ("", ""))[0]
        if not module:
            return None
        command: click.Command = getattr(importlib.import_module(module), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {*_COMMANDS, _DEFAULT, "--help", "-h", "--version"}
        if not args and sys.stdin.isatty() and sys.stdout.isatty():
            args = ["start"]
        elif args and args[0] not in known:
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_CommandGroup,
    help=_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.version_option(tunscope.__version__, message="tunscope %(version)s")
def cli(debug: bool) -> None:
    """Entered by click; the words are in `_HELP`."""


def program() -> None:
    """Be the console script: `main`, and for some commands a quick end.

    Taking down an interpreter that has loaded numpy takes as long as filtering 100,000 packets.
    """
    prepare_streams()
    try:
        main()
    except SystemExit as leaving:
        if sys.argv[1:2] and sys.argv[1] in _CLOSED and isinstance(leaving.code, int):
            with contextlib.suppress(OSError):  # told of where every exit is
                sys.stderr.flush()
                os._exit(leaving.code)
        raise


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit with its status; an error is one line on stderr.

    `--debug`, wherever it stands, lets the traceback of an unexpected error through.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    another = arguments.index("--") if "--" in arguments else len(arguments)
    debug = "--debug" in arguments[:another]  # what follows is another program's
    if debug:
        arguments.remove("--debug")

    def command() -> Any:
        try:
            status = cli.main(arguments, prog_name="tunscope", standalone_mode=False)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            status = ExitCode.OK
        flush_stdout()
        return status

    sys.exit(command() if debug else run(command))


def run(command: Callable[[], Any]) -> int:
    """Call `command` and return an exit status; print what it raises as one line."""
    try:
        status = command()
    except TunscopeError as error:
        return _fail("\n".join(filter(None, (str(error), error.caret()))), error.exit_code)
    except click.ClickException as error:
        return _fail(_without_newlines(error.format_message()), ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.FAILURE
    except Exception as error:  # noqa: BLE001 - the last line of defence: a person gets no traceback
        what = f"{type(error).__name__}: {_without_newlines(str(error))}"
        return _fail(f"unexpected error: {what} (--debug shows where)", ExitCode.FAILURE)
    return status if isinstance(status, int) else ExitCode.OK


def _fail(text: str, status: ExitCode) -> ExitCode:
    with contextlib.suppress(OSError):  # there is nowhere else to say it
        click.echo(f"tunscope: {text}", err=True)
    return status


def _without_newlines(text: str) -> str:
    return " ".join(text.split())
