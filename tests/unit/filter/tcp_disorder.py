"""TCP conversations with losses, repeats, reordering, keep-alives and empty windows."""

from __future__ import annotations

import random
import struct
from ipaddress import ip_address

_ENDS = [ip_address(text).packed for text in ("10.0.0.1", "10.0.0.2")]
SYN, ACK, PSH, FIN, RST = 2, 16, 8, 1, 4


class _Conversation:
    """Two sides that number their bytes, and a wire that mistreats them."""

    def __init__(self, chance: random.Random, port: int) -> None:
        self._chance = chance
        self._ports = (port, 80)
        self._next = [chance.randrange(1 << 32), chance.randrange(1 << 32)]
        self._acked = list(self._next)
        self._sent: list[tuple[int, int, int]] = []
        self.packets: list[bytes] = []

    def send(
        self,
        side: int,
        flags: int,
        seq: int,
        size: int = 0,
        window: int = 500,
        ack: int | None = None,
    ) -> None:
        ports = (self._ports[side], self._ports[1 - side])
        number = (self._acked[1 - side] if ack is None else ack) if flags & ACK else 0
        options = b"\x02\x04\x05\xb4\x03\x03\x02\x00" if flags & SYN else b""
        offset = (20 + len(options)) << 2
        head = struct.pack(
            "!HHIIBBHHH", *ports, seq, number % (1 << 32), offset, flags, window, 0, 0
        )
        body = head + options + bytes(65 + at % 26 for at in range(size))
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, 6, 0)
        self.packets.append(ip + _ENDS[side] + _ENDS[1 - side] + body)

    def open(self) -> None:
        first, second = self._next
        self.send(0, SYN, first, window=8000)
        self._acked[0] = self._next[0] = (first + 1) % (1 << 32)
        self.send(1, SYN | ACK, second, window=8000)
        self._acked[1] = self._next[1] = (second + 1) % (1 << 32)
        self.send(0, ACK, self._next[0])

    def step(self) -> None:
        chance, side = self._chance, self._chance.randrange(2)
        event = chance.random()
        following = self._next[side]
        if event < 0.35:
            size = chance.choice((1, 10, 100, 200))
            self._sent.append((side, following, size))
            self._next[side] = (following + size) % (1 << 32)
            if chance.random() < 0.85:
                self.send(side, ACK | PSH, following, size)
        elif event < 0.6:
            self._acked[1 - side] = self._next[1 - side]
            self.send(side, ACK, following, window=chance.choice((500, 500, 400)))
        elif event < 0.7:
            for _ in range(chance.randrange(1, 5)):
                self.send(side, ACK, following)
        elif event < 0.85 and self._sent:
            again, seq, size = chance.choice(self._sent)
            self.send(again, ACK | PSH, seq, size)
        elif event < 0.89:
            self.send(side, ACK, (following - 1) % (1 << 32), chance.randrange(2))
            self.send(1 - side, ACK, self._next[1 - side])
        elif event < 0.93:
            self.send(1 - side, ACK, self._next[1 - side], window=0)
            self.send(side, ACK, following, 1)
            self.send(1 - side, ACK, self._next[1 - side], window=0)
            self.send(1 - side, ACK, self._next[1 - side], window=500)
        elif event < 0.96:
            self._next[side] = (following + 200) % (1 << 32)
            self.send(side, ACK, self._next[side], 50)
            self._next[side] = (self._next[side] + 50) % (1 << 32)
        elif event < 0.97:
            # All that the window has room for, 500 * 4 bytes.
            self.send(1 - side, ACK, self._next[1 - side], ack=following)
            self.send(side, ACK | PSH, following, 2000)
            self._next[side] = (following + 2000) % (1 << 32)
        elif event < 0.98:
            self.send(side, FIN | ACK, following)
            self._next[side] = (following + 1) % (1 << 32)
        else:
            self.send(side, RST | ACK, following)


def disordered(seed: int, conversations: int = 6, steps: int = 40) -> list[tuple[bytes, int]]:
    """Return raw IPv4 packets with their lengths."""
    chance = random.Random(seed)
    found = []
    for number in range(conversations):
        conversation = _Conversation(chance, 40000 + number % 3)
        conversation.open()
        for _ in range(steps):
            conversation.step()
        found += [(data, len(data)) for data in conversation.packets]
    return found
