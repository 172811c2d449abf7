"""Vendor names of MAC addresses, from scapy's copy of Wireshark's table."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tunscope.dissect.scapy_import import packet_class


def vendor_table() -> dict[str, str]:
    """Return the short vendor name of each block of addresses: ``00:1b:21`` to ``IntelCor``.

    Takes about a third of a second when scapy is not loaded yet.
    """
    packet_class("packet", "Packet")  # has scapy prepared as it must be
    table: Any = import_module("scapy.config").conf.manufdb
    return {str(block).lower(): str(names[0]) for block, names in table.d.items()}
