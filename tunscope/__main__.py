"""``python -m tunscope``."""

from __future__ import annotations

from tunscope.cli.main import program

program()
