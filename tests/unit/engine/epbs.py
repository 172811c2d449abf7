"""Batches for the engine's tests: real memory behind real iovecs, and a judge to read them."""

from __future__ import annotations

import ctypes
import io

import numpy as np
from pcapng import FileScanner
from pcapng.blocks import EnhancedPacket, InterfaceStatistics

from tunscope.capfile.blocks import (
    InterfaceDescription,
    enhanced_packet,
    interface_description,
    section_header,
)
from tunscope.engine.batch import Batch
from tunscope.packet.record import PacketRecord

HEADER = section_header("test") + interface_description(InterfaceDescription(linktype=1))


def make_batch(packets: list[bytes]) -> tuple[Batch, object]:
    """Return a batch of EPBs, one iovec each, and what keeps their memory alive."""
    blocks = [
        enhanced_packet(PacketRecord(data=data, ts_ns=1, origlen=len(data), linktype=1))
        for data in packets
    ]
    buffers = [ctypes.create_string_buffer(block, len(block)) for block in blocks]
    rows = [(ctypes.addressof(buffer), len(buffer)) for buffer in buffers]
    sizes = np.array([len(block) for block in blocks], np.uint32)
    return Batch(np.array(rows, np.uint64).reshape(-1, 2), sizes), buffers


def packets_in(capture: bytes) -> list[bytes]:
    """Return the packets of a capture, as python-pcapng reads them."""
    scanner = FileScanner(io.BytesIO(capture))
    return [block.packet_data for block in scanner if isinstance(block, EnhancedPacket)]


def statistics_in(capture: bytes) -> dict[str, object]:
    """Return the options of the one Interface Statistics Block."""
    scanner = FileScanner(io.BytesIO(capture))
    (found,) = [block for block in scanner if isinstance(block, InterfaceStatistics)]
    return dict(found.options)
