from __future__ import annotations

import pytest

from tunscope.engine.counters import Counters
from tunscope.engine.ending import together
from tunscope.engine.protocol import StoppedEvent, StopReason
from tunscope.errors import TunscopeError

ASKED = StoppedEvent(StopReason.ASKED, Counters(received=5, captured=3, rules=[2, 1]), None)
GONE = StoppedEvent(StopReason.READER_GONE, Counters(received=7, captured=7), None)
FAILED = StoppedEvent(
    StopReason.DEVICE_GONE, Counters(captured=1, dropped_kernel=4), TunscopeError("eth0", "gone")
)


def test_totals_are_added_up_and_rules_are_those_of_the_device_that_has_them():
    counters = together(ASKED, GONE, FAILED).counters
    assert counters == Counters(received=12, captured=11, dropped_kernel=4, rules=[2, 1])


@pytest.mark.parametrize(
    ("ends", "worst"),
    [
        ((ASKED,), ASKED),
        ((ASKED, GONE), GONE),
        ((GONE, ASKED), GONE),
        ((GONE, FAILED), FAILED),
        ((FAILED, ASKED), FAILED),
    ],
)
def test_the_worst_end_is_that_of_all(ends, worst):
    end = together(*ends)
    assert (end.reason, end.error) == (worst.reason, worst.error)
