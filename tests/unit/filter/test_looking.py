"""Looks asked of many payloads at once are never stricter than asked of one."""

from __future__ import annotations

import random

import numpy as np

from tunscope.filter.columnar.carriers import CARRIERS
from tunscope.filter.columnar.looking import PayloadHeads, may_look

BEGINNINGS = (
    b"GET / HTTP/1.1\r\n", b"http/1.0 200 OK\r\n", b"HTTP/1.", b"x HTTP/1.1", b"\nHTTP/1.1",
    b"\x16\x03\x01\0\5", b"\x18\x03\x03\xff\xff", b"\x19\x03\x03\0\0", b"SSH-2.0-x\r\n", b"SSH",
    b"\xc0\0\0\0\1" + bytes(20), b"\x80" + bytes(12), b"\1\0\0\0" + bytes(100),
    b"\4\0\0\0", b"\5\0\0\0",
    b"", b"\0",
)  # fmt: skip


def heads_of(payloads: list[bytes]) -> PayloadHeads:
    sizes = np.array([len(payload) for payload in payloads])
    data = np.frombuffer(b"".join(payloads) + bytes(256), np.uint8)
    nothing = np.zeros(len(payloads), np.uint16)
    starts = np.cumsum(sizes) - sizes
    return PayloadHeads(
        data, starts, sizes, nothing == 0, nothing, nothing, nothing.astype(np.uint32)
    )


def test_what_looks_so_alone_looks_so_among_others() -> None:
    dice = random.Random(11)
    payloads = [
        before + beginning + dice.randbytes(dice.randrange(30)) or b"\0"
        for beginning in BEGINNINGS
        for before in (b"", dice.randbytes(3), b"POST /x ", b"\n")
        for _ in range(20)
    ]
    dice.shuffle(payloads)
    heads = heads_of(payloads)
    looks = {
        look for carrier in CARRIERS.values() for some in carrier.looks.values() for look in some
    }
    for look in looks:
        alone = [look(payload) for payload in payloads]
        assert any(alone)
        together = may_look(look, heads).tolist()
        missed = [
            p for p, one, all_ in zip(payloads, alone, together, strict=True) if one and not all_
        ]
        assert not missed, (look.__name__, missed[:3])
        assert not all(together)
