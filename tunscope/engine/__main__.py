"""``python -I -m tunscope.engine``: pcapng on stdout, control on descriptor 0, words on stderr."""

from __future__ import annotations

import sys

from tunscope.engine.control import ControlChannel
from tunscope.engine.server import Server


def main() -> int:
    """Serve one front end; return the exit status."""
    return Server(ControlChannel(0, fallback=2), output_fd=1).run()


if __name__ == "__main__":
    sys.exit(main())
