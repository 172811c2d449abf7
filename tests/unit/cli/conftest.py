"""Traffic that the tests of other rooms make is read here as well."""

from __future__ import annotations

import sys
from pathlib import Path

_UNIT = Path(__file__).parents[1]
sys.path[:0] = [str(_UNIT / room) for room in ("summary", "dissect")]
