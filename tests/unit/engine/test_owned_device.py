"""An owned device, played by a datagram socket: each read is a packet, each write too."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import time
from collections.abc import Iterator

import pytest
from epbs import HEADER, packets_in

from tunscope.engine import owned as owned_module
from tunscope.engine.batch import Batch
from tunscope.engine.counters import Counters
from tunscope.engine.owned import OwnedDevice
from tunscope.errors import TunscopeError
from tunscope.packet.direction import Direction
from tunscope.packet.linktype import LinkType
from tunscope.relay.peer import DevicePeer, Peer, SinkPeer

PING = bytes.fromhex("45000014000100004001000001020304 0a090002".replace(" ", ""))


class Kernel:
    """Both ends of a device: what the kernel sends, what it is given."""

    def __init__(self) -> None:
        self.end, self.device = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.end.setblocking(False)
        self.device.setblocking(False)

    def close(self) -> None:
        self.end.close()
        self.device.close()


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    made = Kernel()
    yield made
    made.close()


@pytest.fixture
def other() -> Iterator[Kernel]:
    made = Kernel()
    yield made
    made.close()


def own(kernel: Kernel, peer: Peer | None = None, **changes: object) -> OwnedDevice:
    arguments = {
        "linktype": LinkType.RAW,
        "snaplen": 262144,
        "direction": Direction.UNKNOWN,
        "expression": "",
        "packet_info": False,
        "vnet_header_size": 0,
        "tx_dropped": lambda: 0,
    } | changes
    return OwnedDevice(kernel.device.fileno(), peer or SinkPeer(), **arguments)  # type: ignore[arg-type]  # test doubles


def read(batch: Batch | None) -> bytes:
    assert batch is not None
    return HEADER + b"".join(ctypes.string_at(int(a), int(n)) for a, n in batch.iovecs)


def counted(device: OwnedDevice) -> Counters:
    counters = Counters()
    device.update(counters)
    return counters


def test_what_the_kernel_sends_is_recorded(kernel: Kernel) -> None:
    packets = [PING + bytes([i]) * i for i in range(30)]
    for packet in packets:
        kernel.end.send(packet)
    device = own(kernel)
    batch = device.take()
    assert packets_in(read(batch)) == packets
    assert device.take() is None
    assert counted(device).received == 30


def test_the_kernels_prefix_is_not_recorded(kernel: Kernel) -> None:
    device = own(kernel, packet_info=True, vnet_header_size=12)
    for packet in (PING, PING * 3):
        kernel.end.send(struct.pack(">HH", 0, 0x800) + bytes(12) + packet)
    assert packets_in(read(device.take())) == [PING, PING * 3]


def test_a_peer_that_never_falls_silent_does_not_prolong_the_end(
    kernel: Kernel, other: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owned_module, "_DRAIN_SECONDS", 0.01)
    device = own(kernel, DevicePeer(os.dup(other.device.fileno())))
    device.stop_arrivals()
    other.end.send(PING)
    assert device.take() is not None
    time.sleep(0.02)
    other.end.send(PING)
    assert device.take() is None
    device.close()


def test_a_prefix_that_is_too_large_is_refused(kernel: Kernel) -> None:
    with pytest.raises(TunscopeError, match="in front of every packet"):
        own(kernel, vnet_header_size=64)


def test_snaplen_cuts_the_record_only(kernel: Kernel) -> None:
    kernel.end.send(PING)
    device = own(kernel, snaplen=7)  # its arena is what the batch points into
    capture = read(device.take())
    assert packets_in(capture) == [PING[:7]]
    assert struct.unpack_from("<II", capture, len(HEADER) + 20) == (7, len(PING))


def test_the_filter_decides_what_is_recorded_not_what_passes(kernel: Kernel, other: Kernel) -> None:
    device = own(kernel, DevicePeer(os.dup(other.device.fileno())), expression="dst 10.9.0.2")
    strange = PING[:-1] + b"\x63"
    for packet in (PING, strange, PING):
        kernel.end.send(packet)
    assert packets_in(read(device.take())) == [PING, PING]
    assert [other.end.recv(99) for _ in range(3)] == [PING, strange, PING]
    counters = counted(device)
    assert (counters.received, counters.filtered) == (3, 1)
    device.close()


def test_packets_pass_both_ways_and_say_which(kernel: Kernel, other: Kernel) -> None:
    device = own(kernel, DevicePeer(os.dup(other.device.fileno())))
    kernel.end.send(PING + b"out")
    other.end.send(PING + b"in")
    capture = read(device.take())
    assert packets_in(capture) == [PING + b"out", PING + b"in"]
    assert kernel.end.recv(99) == PING + b"in"
    assert other.end.recv(99) == PING + b"out"
    flags = [
        struct.unpack_from("<I", capture, at + 8 - 4)[0]
        for at in range(len(HEADER), len(capture) - 8, 4)
        if capture[at : at + 4] == struct.pack("<HH", 2, 4)
    ]
    assert flags == [Direction.OUT, Direction.IN]
    device.close()


def test_traffic_goes_on_while_nothing_can_be_recorded(kernel: Kernel, other: Kernel) -> None:
    device = own(kernel, DevicePeer(os.dup(other.device.fileno())))
    kernel.end.send(PING)
    waiting = device.take()
    kernel.end.send(PING + b"unrecorded")
    device.pass_on()
    assert packets_in(read(waiting)) == [PING], "what waits to be written is left alone"
    assert [other.end.recv(99) for _ in range(2)] == [PING, PING + b"unrecorded"]
    assert counted(device).dropped_output == 1
    device.close()


def test_a_peer_that_takes_nothing_is_counted(kernel: Kernel) -> None:
    peer = DevicePeer(os.open("/dev/null", os.O_RDONLY))
    device = own(kernel, peer)
    kernel.end.send(PING)
    assert packets_in(read(device.take())) == [PING]
    assert counted(device).dropped_peer == 1
    device.close()


def test_the_devices_queue_is_counted_from_the_start_of_the_capture(kernel: Kernel) -> None:
    lost = iter((5, 12))
    device = own(kernel, tx_dropped=lambda: next(lost))
    assert counted(device).dropped_queue == 7
