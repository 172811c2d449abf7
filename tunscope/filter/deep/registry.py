"""Which decoder reads a payload: by port, and for some by how the bytes look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from tunscope.filter.layers.dissection import Dissection, Payload

#: Decodes a payload; False if it is not the decoder's. Raises one of PAST_THE_END where bytes
#: are missing.
Decoder: TypeAlias = Callable[[Dissection, Payload], bool]

_NAMED: Final[dict[tuple[str, str], Decoder]] = {}
_GUESSING: Final[dict[str, list[Decoder]]] = {"tcp": [], "udp": []}


def decodes(transport: str, protocol: str) -> Callable[[Decoder], Decoder]:
    """Register a decoder for what `protocol`'s ports of `transport` carry."""

    def register(decoder: Decoder) -> Decoder:
        _NAMED[transport, protocol] = decoder
        return decoder

    return register


def guesses(transport: str) -> Callable[[Decoder], Decoder]:
    """Register a decoder that knows its payloads of `transport` by their look."""

    def register(decoder: Decoder) -> Decoder:
        _GUESSING[transport].append(decoder)
        return decoder

    return register


def decoder_of(transport: str, protocol: str) -> Decoder | None:
    """Return the decoder of `protocol` over `transport`, None if there is none."""
    return _NAMED.get((transport, protocol))


def is_decoded(transport: str, protocol: str) -> bool:
    """Whether `protocol` over `transport` has a decoder."""
    return (transport, protocol) in _NAMED


def guessing(transport: str) -> list[Decoder]:
    """Return the decoders that know payloads by their look, in the order to ask them."""
    return _GUESSING[transport]
