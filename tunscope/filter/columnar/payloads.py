"""Payloads of a run read straight from the file, where columns tell where they are for certain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.layout import Layer
from tunscope.filter.columnar.endpoints import EndpointReader
from tunscope.filter.columnar.looking import PayloadHeads
from tunscope.filter.layers.dissection import Network, Octets, Payload
from tunscope.filter.layers.registry import dissector_of

if TYPE_CHECKING:
    from tunscope.columns.batch import PacketBytes, Rows
    from tunscope.filter.columnar.run import Run
    from tunscope.filter.columnar.verdict import Mask

_TCP: Final = np.uint32(Layer.TCP | Layer.PORTS | Layer.TCP_COMPLETE | Layer.ADDRESSES)
_UDP: Final = np.uint32(Layer.UDP | Layer.PORTS | Layer.ADDRESSES)
_LAYER_TCP: Final = int(Layer.TCP)
_LAYER_IPV6: Final = int(Layer.IPV6)
#: What makes headers say less, or more, than columns have room for.
_STRANGE: Final = np.uint32(
    Layer.FRAGMENT | Layer.LATER_FRAGMENT | Layer.CUT | Layer.MALFORMED | Layer.INNER
    | Layer.QUOTED | Layer.EXTENSION
)  # fmt: skip
#: A column of 16 bits is full: the length may be more.
_FULL: Final = 0xFFFF
_RST: Final = 0x04
_PORTS: Final = 1 << 16
#: Place of the byte with a TCP header's length, and the length of UDP's.
_DATA_OFFSET: Final = 12
_UDP_HEADER: Final = 8
_COLUMNS: Final = ("layers", "src", "dst", "sport", "dport", "l4_offset", "payload_len", "flow")


def plain_payloads(run: Run) -> Mask:
    """Return the packets whose one transport header carries bytes that `payloads` can read: all
    captured, whole, in no tunnel, and with nothing odd about the headers."""
    level = run.levels[0]
    layers = level["layers"]
    datagram = layers & _UDP == _UDP
    segment = (layers & _TCP == _TCP) & (level["tcp_flags"] & _RST == 0)
    plain: Mask = (datagram | segment) & (layers & _STRANGE == 0)
    plain &= (level["payload_len"] > 0) & (level["payload_len"] < _FULL) & (level["flow"] != 0)
    plain &= run.batch["caplen"] >= run.batch["origlen"]
    tunnels = _tunnel_ports()
    plain &= ~(datagram & (tunnels[level["sport"]] | tunnels[level["dport"]]))
    for doubt in (run.doubtful, run.nested):
        if doubt is not None:
            plain &= ~doubt
    return plain


def payloads(
    run: Run, rows: Rows, matter: Callable[[PayloadHeads], Mask]
) -> Iterator[tuple[int, Payload | None]]:
    """Yield each of `rows` (ascending, out of those that are plain) with what it carries.

    None stands for a payload that does not `matter`. Packets whose bytes are gone are left out.
    Payload.stream is set, `stale` is not.
    """
    if not len(rows):
        return
    batch = run.batch
    columns = {name: batch[name][rows].tolist() for name in _COLUMNS}
    streams = batch.flows.streams[batch["flow"][rows]].tolist()
    endpoints = EndpointReader(batch)
    index = 0
    for piece in batch.packet_bytes(rows):
        memory = piece.data.data
        whole, heads = _heads(run, piece)
        matters = np.zeros(len(whole), np.bool_)
        matters[whole] = matter(heads)
        begins = np.zeros(len(whole), np.int64)
        begins[whole] = heads.starts
        for row, there, wanted, begin in zip(
            piece.rows.tolist(), whole.tolist(), matters.tolist(), begins.tolist(), strict=True
        ):
            if wanted:
                layers, size = columns["layers"][index], columns["payload_len"][index]
                tcp = bool(layers & _LAYER_TCP)
                ends = endpoints.endpoints(columns, index)
                network = Network(
                    6 if layers & _LAYER_IPV6 else 4,
                    ends.source,
                    ends.destination,
                    6 if tcp else 17,
                )
                yield (
                    row,
                    Payload(
                        "tcp" if tcp else "udp",
                        ends.source_port,
                        ends.destination_port,
                        Octets(bytes(memory[begin : begin + size]), size),
                        network,
                        stream=streams[index],
                    ),
                )
            elif there:
                yield row, None
            index += 1


def _heads(run: Run, piece: PacketBytes) -> tuple[Mask, PayloadHeads]:
    """Return which packets of a piece hold all of their payloads, and these payloads."""
    batch, rows = run.batch, piece.rows
    tcp = batch["layers"][rows] & np.uint32(_LAYER_TCP) != 0
    at = batch["l4_offset"][rows].astype(np.int64)
    length = piece.data[np.minimum(piece.starts + at + _DATA_OFFSET, len(piece.data) - 1)]
    at += np.where(tcp, length.astype(np.int64) >> 4 << 2, _UDP_HEADER)
    size = batch["payload_len"][rows].astype(np.int64)
    whole: Mask = at + size <= piece.caplens
    kept = rows[whole]
    return whole, PayloadHeads(
        piece.data,
        (piece.starts + at)[whole],
        size[whole],
        tcp[whole],
        batch["sport"][kept],
        batch["dport"][kept],
        batch.flows.streams[batch["flow"][kept]],
    )


@cache
def _tunnel_ports() -> npt.NDArray[np.bool_]:
    """Return for every UDP port whether headers stand behind it, not an application."""
    return np.array([dissector_of("udp.port", port) is not None for port in range(_PORTS)])
