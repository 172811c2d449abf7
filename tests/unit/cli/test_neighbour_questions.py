"""How often the neighbours of a replay are asked for their MAC addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunscope.cli.neighbours import Neighbours
from tunscope.device.facts import DeviceFacts

FACTS = DeviceFacts(
    "v0", 2, "veth", "up", 1500, 1, addresses=("10.9.0.1/24",), mac="02:00:00:00:00:01"
)
ADDRESS, MAC = bytes((10, 9, 0, 2)), bytes.fromhex("020000000002")


class LossyNetwork:
    """Loses the first `lost` questions, and answers at the look after the next one."""

    def __init__(self, lost: int) -> None:
        self.lost = lost
        self.questions = 0
        self._known: dict[str, str] = {}

    def __call__(self, request: Mapping[str, Any]) -> dict[str, Any]:
        known = dict(self._known)
        for address in request["addresses"]:
            self.questions += 1
            if self.questions > self.lost:
                self._known[address] = MAC.hex()
        return {"known": known}


def test_a_question_that_was_lost_is_asked_again() -> None:
    network = LossyNetwork(lost=2)
    neighbours = Neighbours(FACTS, network)
    assert neighbours(ADDRESS) == MAC
    assert network.questions == 3
    assert not neighbours.silent


def test_who_never_answers_is_asked_three_times_and_not_waited_for_again() -> None:
    network = LossyNetwork(lost=99)
    neighbours = Neighbours(FACTS, network)
    assert neighbours(ADDRESS) is None
    assert neighbours(ADDRESS) is None
    assert network.questions == 3
    assert neighbours.silent == {ADDRESS}
