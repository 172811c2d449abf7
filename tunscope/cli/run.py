"""``tunscope run -- CMD ARGS``: a command in a namespace of its own, and only its packets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from tunscope.cli.recorded_arguments import filter_option, given_snaplen, snaplen_option
from tunscope.cli.relay_arguments import relay_arguments
from tunscope.errors import UsageError
from tunscope.usernet.network import LARGEST_MTU

if TYPE_CHECKING:
    from tunscope.engine.options import CaptureOptions
    from tunscope.relay.peer_request import PeerRequest
    from tunscope.usernet.private_network import Wishes

_MTUS: Final = (576, LARGEST_MTU)


@dataclass(frozen=True, slots=True)
class Order:
    """One `tunscope run`, checked as far as it can be before anything is built."""

    argv: tuple[str, ...]
    wishes: Wishes
    options: CaptureOptions
    pcap: str | None
    quiet: bool
    display_filter: str
    names: bool | None


@click.command(
    "run",
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "allow_interspersed_args": False,
    },
)
@click.argument("argv", metavar="-- CMD [ARGS ...]", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "-w",
    "--pcap",
    metavar="FILE|-",
    help="No screen: record to a pcapng file. CMD has this terminal and its status is tunscope's. "
    "With - the capture goes to stdout, and what CMD prints there to stderr.",
)
@click.option("--no-tui", is_flag=True, help="No screen and no file: only rules and responders.")
@filter_option
@click.option(
    "-Y", "--display-filter", default="", metavar="FILTER", help="What the screen shows at first."
)
@snaplen_option
@click.option(
    "--mtu",
    type=click.IntRange(*_MTUS),
    default=1500,
    metavar="BYTES",
    help=f"MTU of the tap [1500]; {LARGEST_MTU} is the fastest.",
)
@click.option("--offline", is_flag=True, help="No way outside: only responders answer.")
@click.option(
    "--respond",
    "services",
    multiple=True,
    metavar="SERVICE",
    help="Answered by tunscope before it gets outside: dns=HOSTSFILE, icmp, tcp-rst, tcp-syn-ack, "
    "udp-echo (repeat, or with commas); offline also without asking: arp, icmp.",
)
@click.option(
    "--forward",
    "forwards",
    multiple=True,
    metavar="[HOSTPORT:]PORT[/udp]",
    help="A port of 127.0.0.1 that leads to CMD's PORT (repeat).",
)
@click.option(
    "--observe",
    is_flag=True,
    help="Let the program that leads outside own the tap, and watch: fastest, nothing is changed.",
)
@click.option(
    "--via",
    metavar="PROGRAM",
    help="What leads outside: slirp4netns or passt; with --observe slirp4netns or pasta "
    "[the first that is installed].",
)
@relay_arguments
@click.option(
    "-N/-n",
    "--names/--no-names",
    default=None,
    help="Have the screen show names for addresses and ports, or not; the network is never asked.",
)
@click.option("-q", "--quiet", is_flag=True, help="No summary on stderr.")
def run(argv: tuple[str, ...], **given: Any) -> int:
    """Run CMD in a private namespace, with a network of its own, and show only its packets.

    No root is needed. CMD is 10.0.2.100 there; 10.0.2.2 is this machine's 127.0.0.1, and everything
    outside can be reached. Without --pcap or --no-tui the packets are shown live, with CMD's output
    in a pane. The exit status is CMD's, 128+N where signal N ended it, 127 where it was not found.
    """
    if not argv:
        raise UsageError("run", "needs a command", "tunscope run -- curl http://example.org")
    order = Order(
        argv,
        _wishes(given),
        _options(given),
        "/dev/null" if given["no_tui"] and given["pcap"] is None else given["pcap"],
        given["quiet"],
        given["display_filter"],
        given["names"],
    )
    if order.pcap is None:
        from tunscope.cli.run_screen import show_command

        return show_command(order)
    if order.display_filter:
        raise UsageError("-Y", "selects what the screen shows", "-f selects what is stored")
    from tunscope.cli.run_headless import record_command

    return record_command(order)


def _options(given: dict[str, Any]) -> CaptureOptions:
    from tunscope.cli.rules import relay_options
    from tunscope.engine.options import CaptureOptions

    return CaptureOptions(
        filter=given["expression"],
        snaplen=given_snaplen(given),
        relay=relay_options(given),
    )


def _wishes(given: dict[str, Any]) -> Wishes:
    from tunscope.usernet.forward import parse_forward
    from tunscope.usernet.private_network import Wishes

    offline, observe = given["offline"], given["observe"]
    if offline and (observe or given["via"] or given["forwards"]):
        raise UsageError("--offline", "leaves no way outside for --observe, --via or --forward")
    changes = given["rules"] or given["rules_file"] or given["hold"] or given["services"]
    if observe and changes:
        raise UsageError("--observe", "only watches", "leave out --rule, --hold and --respond")
    return Wishes(
        offline=offline,
        observe=observe,
        via=given["via"],
        mtu=given["mtu"],
        forwards=tuple(parse_forward(text) for text in given["forwards"]),
        respond=_respond(given["services"], offline=offline),
    )


def _respond(words: tuple[str, ...], *, offline: bool) -> PeerRequest:
    """Return what is answered; only offline also what nobody asked for."""
    from dataclasses import replace

    from tunscope.cli.peers import peer_request
    from tunscope.relay.services import DEFAULT_SERVICES

    text = ",".join(words)
    request = peer_request([f"respond:{text}" if text else "respond"], None)
    if offline:
        return request
    named = {word.partition("=")[0] for word in text.split(",")}
    asked = [one for one in request.services if one in named or one not in DEFAULT_SERVICES]
    return replace(request, services=tuple(asked))
