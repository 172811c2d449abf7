"""What a summary is, and what the rest of a capture can add to one packet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    """One packet in a packet list, in the words of Wireshark 4.0's default columns.

    All texts are single printable lines. `source` and `destination` are the innermost addresses
    that the packet shows (IP before MAC); `mac_source`, `mac_destination` and `ethertype` are
    those of the outermost link header, empty on links that have none.
    """

    source: str
    destination: str
    protocol: str
    info: str
    mac_source: str = ""
    mac_destination: str = ""
    ethertype: str = ""


@dataclass(frozen=True, slots=True)
class FlowHints:
    """What earlier packets of the same conversation say about this one.

    `sequence_base` and `acknowledgment_base` are what is subtracted (modulo 2**32) from TCP's
    sequence and acknowledgment number: the initial sequence numbers of the sender and of its
    peer, `None` to show the raw number. `window_shift` is the sender's window scale (RFC 7323),
    `None` when no SYN told. `analysis` are TCP analysis notes without brackets, in the order
    they are shown ("TCP Retransmission", "TCP Dup ACK 4#1"). `application` names the
    application protocol already recognised in this conversation, `version` its version ("TLSv1.3").
    `request` is the number of the packet that this one answers.
    """

    sequence_base: int | None = None
    acknowledgment_base: int | None = None
    window_shift: int | None = None
    analysis: tuple[str, ...] = ()
    application: str = ""
    version: str = ""
    request: int | None = None


NO_HINTS = FlowHints()
