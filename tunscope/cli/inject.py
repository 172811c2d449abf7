"""``tunscope inject DEVICE ...``: send packets, and show what they caused."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click

from tunscope.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from tunscope.cli.inject_packets import PacketOrder
    from tunscope.cli.inject_target import Target
    from tunscope.device.through_owner import OwnersDescriptor
    from tunscope.packet.flow import Flow
    from tunscope.packet.linktype import LinkType
    from tunscope.packet.record import PacketRecord

#: Packets sent with one request, and their bytes at most: a request is one line of 1 MiB.
_CHUNK: Final = 64
_CHUNK_BYTES: Final = 400_000
_REMEMBERED: Final = 10_000
_TEMPLATES: Final = ("ping", "tcp-syn", "udp", "arp", "dns")


@click.command(
    "inject",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.argument("device")
@click.option("--hex", "hex_digits", metavar="DIGITS", help="The packet's bytes as hex digits.")
@click.option("--file", metavar="CAPTURE:N", help="Packet N of a capture file.")
@click.option("--scapy", metavar="EXPRESSION", help="""As in 'IP(dst="10.9.0.2")/ICMP()'.""")
@click.option("--template", metavar="NAME", help=f"One of {', '.join(_TEMPLATES)}.")
@click.option(
    "--set", "settings", multiple=True, metavar="FIELD=VALUE", help="As in ip.ttl=3 (repeat)."
)
@click.option(
    "--side",
    type=click.Choice(["kernel", "wire"]),
    help="Who receives it: this machine, or what the device leads to "
    "[kernel on a device that tunscope owns, else wire].",
)
@click.option(
    "-c", "--count", type=click.IntRange(1), default=1, metavar="N", help="How many packets [1]."
)
@click.option(
    "-i",
    "--interval",
    type=click.FloatRange(0, 86400),
    default=1.0,
    metavar="S",
    help="Seconds between them [1].",
)
@click.option(
    "--increment", multiple=True, metavar="FIELD", help="Add 1 to it in each packet (repeat)."
)
@click.option(
    "--wait",
    type=click.FloatRange(0, 86400),
    metavar="S",
    help="Wait S seconds for answers; without any, exit status 1.",
)
@click.option(
    "--through-owner",
    is_flag=True,
    help="Kernel side of a tun or tap that another process owns, through its descriptor.",
)
@click.option("--tun", "kind", flag_value="tun", help="Create a tun device for the purpose.")
@click.option("--tap", "kind", flag_value="tap", help="Create a tap device for the purpose.")
@click.option("--addr", multiple=True, metavar="CIDR", help="Address for the device (repeat).")
@click.option("--route", multiple=True, metavar="CIDR", help="Route through the device (repeat).")
@click.option("--netns", metavar="NAME|PID|PATH", help="Network namespace of the device.")
@click.option("-q", "--quiet", is_flag=True, help="Print packets only.")
@click.option("--no-sudo", is_flag=True, help="Never ask for a password to get the rights needed.")
def inject(device: str, **given: Any) -> int:
    """Send packets on DEVICE and print them, and with --wait the packets that answer them.

    A device that a running tunscope owns is reached through it; a tun or tap that nobody holds is
    attached to, or created, for as long as this takes; any other is sent to as it is.
    """
    from tunscope.cli.inject_packets import PacketOrder
    from tunscope.device.request import DeviceRequest

    order = PacketOrder(
        hex=given["hex_digits"],
        file=given["file"],
        scapy=given["scapy"],
        template=given["template"],
        settings=given["settings"],
        counted=given["increment"],
    )
    order.check()
    if given["through_owner"] and given["side"] == "wire":
        raise UsageError("--through-owner", "is the kernel side")
    request = DeviceRequest(
        name=device,
        kind=given["kind"],
        observe=given["through_owner"],
        addresses=given["addr"],
        routes=given["route"],
        netns=given["netns"],
    )
    from tunscope.cli.inject_target import open_target
    from tunscope.engine.options import CaptureOptions

    with contextlib.ExitStack() as held:
        through = None
        if given["through_owner"]:
            from tunscope.device.through_owner import open_through_owner

            through = open_through_owner(request.name, request.netns)
            held.callback(through.close)
        target = open_target(
            request,
            options=CaptureOptions(buffer_mib=8),
            through_owner=through is not None,
            may_sudo=not given["no_sudo"],
        )
        held.callback(target.close)
        side = given["side"] or ("kernel" if target.owned or through is not None else "wire")
        job = _Job(target, order, side, through, given)
        return job.run()


class _Job:
    """One run: sends, prints what was sent and what answers, waits."""

    def __init__(
        self,
        target: Target,
        order: PacketOrder,
        side: str,
        through: OwnersDescriptor | None,
        given: dict[str, Any],
    ) -> None:
        from tunscope.packet.linktype import LinkType

        facts = target.facts
        if facts.linktype is None:
            raise UsageError(facts.name, "packets of this kind of device are not known")
        self._target = target
        self._linktype: LinkType = LinkType(facts.linktype)
        self._side = side
        self._through = through
        self._comment = order.comment(side)
        self._given = given
        self._questions: set[Flow] = set()
        self._sent: set[bytes] = set()
        self._answers = 0
        self._packets = self._series(order)

    def run(self) -> ExitCode:
        from tunscope.cli.following import FollowedCapture
        from tunscope.cli.printing import PrintedLines

        if not self._given["quiet"]:
            click.echo(f"tunscope: {self._target.description}", err=True)
        end = threading.Event()
        stream = FollowedCapture(_Descriptor(self._target.records), end)
        lines = PrintedLines(stream, self._shows, sys.stdout, self._target.first_number)
        try:
            with contextlib.suppress(KeyboardInterrupt):
                self._send()
                time.sleep(self._given["wait"] or 0)
            self._target.finish()
        finally:
            end.set()
            lines.join()
        if lines.failure is not None:
            raise lines.failure
        if self._given["wait"] is not None and not self._answers:
            if not self._given["quiet"]:
                click.echo(f"tunscope: no answer within {self._given['wait']:g} s", err=True)
            return ExitCode.FAILURE
        return ExitCode.OK

    def _series(self, order: PacketOrder) -> Iterator[bytes]:
        from tunscope.cli.inject_packets import series
        from tunscope.dissect.building import ends_of
        from tunscope.packet.header_fields import header_field

        facts = self._target.facts
        ends = ends_of(facts.addresses, facts.mac)
        if self._side == "kernel":
            ends = ends.reversed()
        packet = order.build(self._linktype, ends)
        fields = tuple(map(header_field, order.counted))
        return series(packet, self._linktype, fields, self._given["count"])

    def _send(self) -> None:
        interval = self._given["interval"]
        started, sent = time.monotonic(), 0
        while chunk := self._chunk(1 if interval else _CHUNK):
            if sent:
                time.sleep(max(0.0, started + sent * interval - time.monotonic()))
            self._send_now(chunk, sent)
            sent += len(chunk)

    def _chunk(self, size: int) -> list[bytes]:
        chunk = list(islice(self._packets, 1))
        if chunk:
            size = min(size, max(1, _CHUNK_BYTES // len(chunk[0])))
            chunk += islice(self._packets, size - 1)
        return chunk

    def _send_now(self, packets: list[bytes], sent: int) -> None:
        from tunscope.engine.protocol import Op, decode_error
        from tunscope.packet.flow import flow_of

        for packet in packets:
            flow = flow_of(packet, self._linktype)
            if flow is not None:
                self._questions.add(flow)
            if len(self._sent) < _REMEMBERED:
                self._sent.add(packet)
        result = self._target.request(
            Op.INJECT,
            {} if self._through is None else {"through": self._through.fd},
            packets=[packet.hex() for packet in packets],
            side=self._side,
            comment=self._comment,
            packet_info=self._through is not None and self._through.packet_info,
            vnet_header_size=0 if self._through is None else self._through.vnet_header_size,
        )
        for number, outcome in enumerate(result["results"], sent + 1):
            if "error" in outcome:
                if number > 1:
                    click.echo(f"tunscope: {number - 1} packets sent", err=True)
                raise decode_error(outcome["error"])

    def _shows(self, record: PacketRecord) -> bool:
        """Whether a packet of the capture is one of ours, or an answer that was waited for."""
        from tunscope.packet.flow import answered_flows

        if any(comment.startswith("tunscope: injected") for comment in record.comments):
            return self._comment in record.comments
        if record.data in self._sent:  # it comes back on loopback, or enters by its owner's hand
            return self._through is not None
        if self._given["wait"] is None:
            return False
        flows = answered_flows(record.data, record.linktype)
        if self._questions.isdisjoint(flows):
            return False
        self._answers += 1
        return True


class _Descriptor:
    """A growing file that has no name."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def current(self) -> int:
        return self._fd

    def has_next(self) -> bool:
        return False

    def advance(self) -> None:
        pass
