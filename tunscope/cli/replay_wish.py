"""What a person at the screen wants replayed, as an order; packets taken along in a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from tunscope.cli.replay_arguments import over_mtu_argument, replay_arguments, seed_argument
from tunscope.cli.replay_order import ReplayOrder
from tunscope.errors import TunscopeError, UsageError
from tunscope.tui.replaying import ReplayPackets, ReplayWish

if TYPE_CHECKING:
    from tunscope.packet.record import PacketRecord
    from tunscope.tui.surroundings import ReplayChoice


def order_of(wish: ReplayWish, file: str) -> ReplayOrder:
    """Return what a person at the screen wants; UsageError for what is wrong with it."""
    words = wish.words()
    try:
        context = _typed.make_context("replay", words)
    except click.UsageError as error:
        raise UsageError("options", error.format_message()) from None
    except click.exceptions.Exit:  # --help
        raise UsageError("options", "tunscope replay --help explains them") from None
    if context.params["ranges"] is not None:
        raise UsageError("--range", "packet numbers go into the field Packets")
    return ReplayOrder.of(file, "", context.params)


def packets_of_file(choice: ReplayChoice) -> ReplayPackets:
    """Return the packets that were taken along in a file of their own."""

    def records() -> Iterator[tuple[int, PacketRecord]]:
        from tunscope.capfile.reader import open_capture

        with open_capture(choice.path) as reader:
            yield from enumerate(reader, 1)

    return ReplayPackets(choice.label, choice.total, records)


def mistake_of(wish: ReplayWish) -> str:
    """Return what is wrong with a wish, "" if nothing is to be seen."""
    try:
        order_of(wish, "")
    except TunscopeError as error:
        return str(error)
    return ""


@click.command("replay")
@replay_arguments
@over_mtu_argument("--mtu")
@seed_argument("--seed")
def _typed(**given: Any) -> Mapping[str, Any]:
    return given
