"""tunscope: see, record, hold and edit the packets of a Linux network device, in a terminal."""

from __future__ import annotations

__version__ = "0.1.0"
