"""The name that a program of a lab goes by in ps, top and the column `process`.

Standard library only.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

_NAME: Final = Path("/proc/self/comm")


def take_name(name: str) -> None:
    """Have the kernel call this process `name`, of which it keeps 15 bytes.

    Where that is refused (a /proc that may not be written to) it stays as it was.
    """
    with contextlib.suppress(OSError):
        _NAME.write_text(name)
