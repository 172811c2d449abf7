"""What the answering peer can answer, by name."""

from __future__ import annotations

from typing import Final

#: What is answered unless it is switched off.
DEFAULT_SERVICES: Final = ("arp", "ndp", "icmp", "icmpv6")
#: All services.
SERVICES: Final = (*DEFAULT_SERVICES, "tcp-rst", "tcp-syn-ack", "udp-echo", "dns")
