"""The payloads of a packet to the fields of their applications."""

from __future__ import annotations

from typing import Final

from tunscope.filter.assignments import assignments
from tunscope.filter.deep import applications
from tunscope.filter.deep.registry import decoder_of, guessing, is_decoded
from tunscope.filter.layers.dissection import PAST_THE_END, Dissection, Payload
from tunscope.filter.layers.registry import dissect_data

#: Ports from here on are also given to clients: the other port may name the application.
_PRIVILEGED: Final = 1024
#: Protocols that are not read, whose every message begins with a word.
_TEXTS: Final = frozenset({"sip"})


def decode_payloads(dissection: Dissection) -> None:
    """Decode what the transport headers of a dissected packet carry.

    The lower port names the application, then the higher one, then the look of the bytes (which
    over TCP also beats the name of an application that is not read); what nobody takes is data.
    Payload that a retransmission brings again is not looked at.
    """
    network = dissection.network
    for payload in dissection.payloads:
        if payload.stale:
            continue
        dissection.network = payload.network
        try:
            _decode(dissection, payload)
        except PAST_THE_END:
            dissection.cut_short()
    dissection.network = network


def _decode(dissection: Dissection, payload: Payload) -> None:
    names = assignments(f"{payload.transport}.port")
    ports = sorted({payload.source_port, payload.destination_port})
    unread = None
    for port in ports:
        if port not in names:
            continue
        decoder = decoder_of(payload.transport, names[port])
        if decoder is not None and decoder(dissection, payload):
            return
        if decoder is None and not _refuses(names[port], payload):
            unread = unread or names[port]
            if port < _PRIVILEGED:
                break
    if unread is None or payload.transport == "tcp":
        for decoder in guessing(payload.transport):
            if decoder(dissection, payload):
                return
    if unread is None:
        dissect_data(dissection, payload.octets)
    else:
        # Named by its port, and not read: its name is all there is to say.
        dissection.begin(unread, payload.octets)


def _refuses(protocol: str, payload: Payload) -> bool:
    """Whether what has a port of a protocol that is not read cannot be it: text that is none."""
    return protocol in _TEXTS and not payload.octets.data[:1].isalpha()


__all__ = ["applications", "decode_payloads", "is_decoded"]
