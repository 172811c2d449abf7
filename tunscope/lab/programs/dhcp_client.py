"""A DHCP client that gets an address again and again: `main DEVICE HELD AWAY`, in seconds.

It asks (DISCOVER, REQUEST), puts the address on the device, keeps it for HELD seconds, gives it
back (RELEASE) and starts over after AWAY seconds. Without an answer it asks again after two.
"""

from __future__ import annotations

import contextlib
import ipaddress
import secrets
import socket
import sys
import time

from tunscope.lab.interface import add_address, delete_address, mac_of
from tunscope.lab.programs.dhcp_message import (
    CLIENT_PORT,
    SERVER_PORT,
    DhcpError,
    Lease,
    MessageType,
    decode_reply,
    encode_request,
)

ANSWER_SECONDS = 2.0
_LARGEST = 1500


class Client:
    """Talks for one device; the socket works before the device has an address."""

    def __init__(self, device: str) -> None:
        self._mac = mac_of(device)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._socket.bind(("", CLIENT_PORT))

    def obtain(self) -> Lease | None:
        """Ask for an address; None if nobody gives one in time."""
        transaction = secrets.randbits(32)
        offer = self._ask(MessageType.DISCOVER, transaction, None, MessageType.OFFER)
        if offer is None:
            return None
        return self._ask(MessageType.REQUEST, transaction, offer, MessageType.ACK)

    def release(self, lease: Lease) -> None:
        """Give the address back; nobody answers."""
        message = encode_request(MessageType.RELEASE, secrets.randbits(32), self._mac, lease)
        with contextlib.suppress(OSError):
            self._socket.sendto(message, (lease.server, SERVER_PORT))

    def _ask(
        self, kind: MessageType, transaction: int, lease: Lease | None, wanted: MessageType
    ) -> Lease | None:
        message = encode_request(kind, transaction, self._mac, lease)
        until = time.monotonic() + ANSWER_SECONDS
        with contextlib.suppress(OSError):  # the device is down for a while, or time is up
            self._socket.sendto(message, ("255.255.255.255", SERVER_PORT))
            while (left := until - time.monotonic()) > 0:
                self._socket.settimeout(left)
                with contextlib.suppress(DhcpError):
                    reply = decode_reply(self._socket.recv(_LARGEST))
                    if (reply.transaction, reply.kind) == (transaction, wanted):
                        return reply
        return None


def main() -> int:
    """Ask until killed."""
    device, held, away = sys.argv[1:]
    client = Client(device)
    while True:
        lease = client.obtain()
        if lease is None:
            time.sleep(ANSWER_SECONDS)
            continue
        address = str(ipaddress.ip_interface(lease.address))
        with contextlib.suppress(OSError):
            add_address(device, address)
            time.sleep(float(held))
            client.release(lease)
            delete_address(device, address)
        time.sleep(float(away))
