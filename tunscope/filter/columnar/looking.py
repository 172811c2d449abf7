"""How applications look, asked of many payloads at once: never stricter than `deep.looks`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from tunscope.filter.deep.looks import (
    looks_like_http,
    looks_like_quic,
    looks_like_ssh,
    looks_like_tls,
    looks_like_wireguard,
)

if TYPE_CHECKING:
    from tunscope.filter.columnar.carriers import Look
    from tunscope.filter.columnar.verdict import Mask

_Integers: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PayloadHeads:
    """Payloads that lie in `data`, the bytes of some packets in their order.

    Each begins at one of `starts` and has as many bytes as `sizes` says, at least one. `tcp` tells
    segments from datagrams; `sport`, `dport` and `stream` are those of their headers.
    """

    data: npt.NDArray[np.uint8]
    starts: _Integers
    sizes: _Integers
    tcp: Mask
    sport: npt.NDArray[np.uint16]
    dport: npt.NDArray[np.uint16]
    stream: npt.NDArray[np.uint32]

    def byte(self, place: int) -> npt.NDArray[np.uint8]:
        """Return byte `place` of each payload; of a shorter one any byte."""
        return self.data[np.minimum(self.starts + place, len(self.data) - 1)]

    def begins(self, octets: bytes) -> Mask:
        """Return which payloads begin with `octets`."""
        mask: Mask = self.sizes >= len(octets)
        for place, octet in enumerate(octets):
            mask &= self.byte(place) == octet
        return mask

    def hold(self, places: _Integers) -> Mask:
        """Return in which payloads one of `places` of `data` (ascending) lies."""
        first = np.searchsorted(places, self.starts)
        last = np.searchsorted(places, self.starts + self.sizes)
        mask: Mask = last > first
        return mask


def may_look(look: Look, heads: PayloadHeads) -> Mask:
    """Return which payloads may look so; where `look` says yes, this does."""
    return _LOOKS[look](heads)


def _http(heads: PayloadHeads) -> Mask:
    """A version stands somewhere in them."""
    data = heads.data
    dots = np.flatnonzero(data[:-2] == ord("/"))
    versions = dots[(data[dots + 1] == ord("1")) & (data[dots + 2] == ord("."))]
    return heads.hold(versions.astype(np.int64))


def _tls(heads: PayloadHeads) -> Mask:
    kind = heads.byte(0)
    mask: Mask = (heads.sizes >= 5) & (kind >= 20) & (kind <= 24) & (heads.byte(1) == 3)
    return mask


def _ssh(heads: PayloadHeads) -> Mask:
    return heads.begins(b"SSH-")


def _quic(heads: PayloadHeads) -> Mask:
    mask: Mask = (heads.sizes >= 13) & (heads.byte(0) & 0x80 != 0)
    return mask


def _wireguard(heads: PayloadHeads) -> Mask:
    kind = heads.byte(0)
    mask: Mask = (heads.sizes >= 4) & (kind >= 1) & (kind <= 4)
    for place in (1, 2, 3):
        mask &= heads.byte(place) == 0
    return mask


_LOOKS: Final[Mapping[Look, Callable[[PayloadHeads], Mask]]] = MappingProxyType(
    {
        looks_like_http: _http,
        looks_like_tls: _tls,
        looks_like_ssh: _ssh,
        looks_like_quic: _quic,
        looks_like_wireguard: _wireguard,
    }
)
