"""Imports scapy's protocols one by one, when the first packet needs them.

Scapy looks at interfaces, routes and caches in the user's folders when it is imported, and says
things on the terminal; none of that is wanted from a program that only reads packets. What is
left: it makes the folders ``~/.config`` and ``~/.cache`` where there are none.
"""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from functools import cache
from importlib import import_module
from typing import Any

_lock = threading.RLock()


@cache
def packet_class(module: str, name: str) -> Any:
    """Return scapy's class `name` of `scapy.<module>`; the first call takes about half a second."""
    with _lock:
        _prepare()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return getattr(import_module(f"scapy.{module}"), name)


@cache
def _prepare() -> None:
    """Import scapy's core so that it touches neither network, nor routes, nor user files.

    Where it is imported already it is left as whoever uses it needs it.
    """
    if "scapy.interfaces" in sys.modules:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("scapy").setLevel(logging.CRITICAL)
        main: Any = import_module("scapy.main")
        main.SCAPY_CACHE_FOLDER = None
        conf = import_module("scapy.config").conf
        conf.verb = 0
        conf.route_autoload = conf.route6_autoload = False
        conf.max_list_count = 1000
        interfaces = import_module("scapy.interfaces").conf.ifaces
        interfaces.reload = interfaces.load_confiface = _nothing
        import_module("scapy.packet")


def _nothing() -> None:
    """Stand in for scapy's look at the machine's interfaces."""
