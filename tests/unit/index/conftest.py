"""Damaged captures are made by the tests of the room that reads them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "capfile"))
