"""``tunscope WORD``: capture on a device, or browse a capture file."""

from __future__ import annotations

import dataclasses
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tunscope.cli.recorded_arguments import (
    count_option,
    filter_option,
    given_snaplen,
    given_stop,
    snaplen_option,
)
from tunscope.cli.relay_arguments import relay_arguments
from tunscope.cli.replay_arguments import (
    asked_replay,
    over_mtu_argument,
    replay_arguments,
    seed_argument,
)
from tunscope.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from tunscope.cli.headless import Companion
    from tunscope.cli.replay_order import ReplayOrder
    from tunscope.device.request import DeviceRequest
    from tunscope.engine.options import CaptureOptions

_DIRECTIONS: Final = {"inout": 0, "in": 1, "out": 2}
_MAX_BUFFER_MIB: Final = 4095
#: Seconds that packets wait for the next file of `-b`, so that every file ends where it should.
_ROTATION_PATIENCE: Final = 1.0


class _ByteSize(click.ParamType[int]):
    """Bytes, with k, M or G for powers of 1000."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        text = str(value).strip().removesuffix("B").removesuffix("b")
        factor = {"k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}.get(text[-1:], 1)
        number = text[:-1] if factor > 1 else text
        if not number.isdecimal() or not int(number[:20]):
            self.fail(f"{value!r} is not a size such as 500M or 2G", param, ctx)
        return int(number[:20]) * factor


@dataclass(frozen=True, slots=True)
class Invocation:
    """The words of one `tunscope WORD ...`, checked as far as they can be without the device."""

    request: DeviceRequest
    options: CaptureOptions
    pcap: str | None
    tui: bool
    print_lines: bool
    quiet: bool
    keep: int | None
    may_sudo: bool
    display_filter: str
    replay: ReplayOrder | None
    companion: Companion | None = None
    names: bool | None = None


@click.command(
    "capture",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.argument("word", metavar="DEVICE|FILE")
@click.argument("filter_words", metavar="[CAPTURE FILTER ...]", nargs=-1)
@click.option("--tun", "kind", flag_value="tun", help="Create a tun device (IP packets).")
@click.option("--tap", "kind", flag_value="tap", help="Create a tap device (Ethernet frames).")
@click.option(
    "--through-owner",
    is_flag=True,
    help="Inject into the kernel side of a tun or tap of another process, by its descriptor.",
)
@click.option("--observe", is_flag=True, help="Only watch; never create, attach or configure.")
@click.option("--addr", multiple=True, metavar="CIDR", help="Address for the device (repeat).")
@click.option("--route", multiple=True, metavar="CIDR", help="Route through the device (repeat).")
@click.option("--mtu", type=int, metavar="BYTES", help="MTU of the device.")
@click.option("--mac", metavar="MAC", help="MAC address of a tap.")
@click.option("--bridge", metavar="NAME", help="Plug a tap into this bridge.")
@click.option("--netns", metavar="NAME|PID|PATH", help="Network namespace of the device.")
@click.option("--persist", is_flag=True, help="Leave a device that was created in place.")
@click.option("--user", metavar="USER", help="With --persist: who may attach to it.")
@click.option("--group", metavar="GROUP", help="With --persist: which group may attach to it.")
@click.option(
    "--peer",
    "peers",
    multiple=True,
    metavar="PEER",
    help="The far end of a device that tunscope owns: sink [default], respond[:SERVICE,...], "
    "device:NAME[@NETNS], udp:HOST:PORT, udp:PREFIX=HOST:PORT (repeat).",
)
@click.option(
    "--offload/--no-offload",
    default=None,
    help="Create the device, and that of --peer device:, for unsegmented packets of up to 64 KiB "
    "[only with a udp peer].",
)
@click.option(
    "--peer-bind", metavar="[ADDR:]PORT", help="Local address of a udp peer [the peer's port]."
)
@relay_arguments
@click.option("--replay", "replayed", metavar="FILE|-", help="Send this capture's packets again.")
@replay_arguments
@over_mtu_argument("--over-mtu")
@seed_argument("--random-addresses")
@click.option("-w", "--pcap", metavar="FILE|-", help="Capture to a pcapng file, or to stdout.")
@click.option("--print", "print_lines", is_flag=True, help="A line a packet, as tcpdump.")
@click.option("--tui/--no-tui", default=None, help="Force the screen on or off.")
@filter_option
@click.option(
    "-Y",
    "--display-filter",
    default="",
    metavar="FILTER",
    help="What --print shows, or --replay sends.",
)
@snaplen_option
@count_option
@click.option(
    "-a",
    "--autostop",
    multiple=True,
    metavar="COND",
    help="Stop after duration:S, packets:N, filesize:KB, files:N.",
)
@click.option(
    "-b",
    "--ring-buffer",
    multiple=True,
    metavar="COND",
    help="Next file after duration:S, filesize:KB, packets:N, interval:S; keep files:N; "
    "printname:FILE.",
)
@click.option(
    "-Q",
    "--direction",
    type=click.Choice(list(_DIRECTIONS)),
    default="inout",
    help="Which way packets go, in the kernel's view.",
)
@click.option(
    "--buffer",
    type=click.IntRange(1, _MAX_BUFFER_MIB),
    default=128,
    metavar="MIB",
    help="Packet ring in MiB [128].",
)
@click.option(
    "--keep",
    type=_ByteSize(),
    metavar="SIZE",
    help="Bound the unnamed capture of the screen and of --print; the oldest packets go first.",
)
@click.option(
    "-p", "--no-promiscuous", is_flag=True, help="Leave an observed device out of promiscuous mode."
)
@click.option(
    "-N/-n",
    "--names/--no-names",
    default=None,
    help="Have the screen show names for addresses and ports, or not; the network is never asked.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary on stderr.")
@click.option("--no-sudo", is_flag=True, help="Never ask for a password to get the rights needed.")
def capture(word: str, filter_words: tuple[str, ...], **given: Any) -> int:
    """Capture on DEVICE, or browse the capture FILE.

    A DEVICE that does not exist is created if its name starts with tun or tap, or with --tun or
    --tap; one that nobody owns is attached to; any other is observed. Without --pcap, --print or
    --no-tui the packets are shown live.
    """
    if given["tui"] is None:
        given["tui"] = not (given["pcap"] or given["print_lines"])
    if not _is_device(word) and _is_file(word):
        return _browse(word, filter_words, given)
    invocation = _invocation(word, filter_words, given)
    if invocation.tui:
        from tunscope.cli.live import capture_live

        return int(capture_live(invocation))
    from tunscope.cli.recording import record

    return record(invocation)


def _is_device(word: str) -> bool:
    return (
        len(word.encode()) <= 15
        and word not in {"-", ".", ".."}
        and "/" not in word
        and _interface_exists(word)
    )


def _interface_exists(name: str) -> bool:
    import socket

    try:
        socket.if_nametoindex(name)
    except OSError:
        return False
    return True


def _is_file(word: str) -> bool:
    if word == "-":
        return True
    try:
        mode = os.stat(word).st_mode
    except OSError:
        return "/" in word or Path(word).suffix in {".pcapng", ".pcap", ".cap", ".gz", ".zst"}
    return not stat.S_ISDIR(mode) or any(Path(word).glob("*.pcapng"))  # a spool's folder


def _browse(word: str, filter_words: tuple[str, ...], given: dict[str, Any]) -> int:
    if filter_words:
        raise UsageError(" ".join(filter_words), "a file has no capture filter", "use -Y")
    if not given["tui"]:
        raise UsageError(word, "is a capture file", "--pcap and --print are for devices")
    from tunscope.cli.browse import browse_file

    return int(browse_file(word, given["display_filter"], given["names"]))


def _invocation(word: str, filter_words: tuple[str, ...], given: dict[str, Any]) -> Invocation:
    from tunscope.device.request import DeviceRequest

    request = DeviceRequest(
        name=word,
        kind=given["kind"],
        observe=given["observe"],
        addresses=given["addr"],
        routes=given["route"],
        mtu=given["mtu"],
        mac=given["mac"],
        bridge=given["bridge"],
        persist=given["persist"],
        user=given["user"],
        group=given["group"],
        netns=given["netns"],
        offload=_offload(given),
    )
    replay = asked_replay(given["replayed"], given)
    if given["display_filter"] and not (given["print_lines"] or given["tui"] or replay):
        raise UsageError("-Y", "selects what --print shows", "-f selects what is stored")
    return Invocation(
        request=request,
        options=_capture_options(filter_words, given),
        pcap=given["pcap"],
        tui=given["tui"],
        print_lines=given["print_lines"],
        quiet=given["quiet"],
        keep=given["keep"],
        may_sudo=not given["no_sudo"],
        display_filter=given["display_filter"] if replay is None else "",
        replay=replay,
        names=given["names"],
    )


def _offload(given: dict[str, Any]) -> bool:
    """Whether a new device is for unsegmented packets: an overlay is several times faster so."""
    asked: bool | None = given["offload"]
    return any(peer.startswith("udp:") for peer in given["peers"]) if asked is None else asked


def _capture_options(filter_words: tuple[str, ...], given: dict[str, Any]) -> CaptureOptions:
    from tunscope.capfile.rotation import parse_rotation
    from tunscope.cli.peers import peer_request
    from tunscope.cli.rules import relay_options
    from tunscope.engine.options import CaptureOptions
    from tunscope.packet.direction import Direction

    if given["expression"] and filter_words:
        raise UsageError("-f", "the capture filter is given twice", "as -f or as trailing words")
    stop = given_stop(given)
    rotate = parse_rotation(given["ring_buffer"])
    if rotate.rotates:
        if given["pcap"] in {None, "-"}:
            raise UsageError("-b", "needs files to rotate", "add --pcap FILE")
        if stop.filesize is not None:  # with -b it is the size of one file, as in dumpcap
            rotate = dataclasses.replace(rotate, filesize=stop.filesize)
            stop = dataclasses.replace(stop, filesize=None)
    elif stop.files is not None:
        raise UsageError("-a files", "there is only one file", "add -b filesize: or duration:")
    return CaptureOptions(
        filter=given["expression"] or " ".join(filter_words),
        snaplen=given_snaplen(given),
        direction=Direction(_DIRECTIONS[given["direction"]]),
        buffer_mib=given["buffer"],
        stop=stop,
        rotate=rotate,
        rotation_patience=_ROTATION_PATIENCE,
        promiscuous=not given["no_promiscuous"],
        peer=peer_request(given["peers"], given["peer_bind"]),
        relay=relay_options(given),
        through_owner=given["through_owner"],
    )


__all__ = ["ExitCode", "Invocation", "capture"]
