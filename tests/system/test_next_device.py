"""An engine that stays: one device after another, each capture in a file of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from capturing import packet_count
from network_namespace import NetworkNamespace

from tunscope.device.request import DeviceRequest
from tunscope.engine.client import EngineClient
from tunscope.engine.options import CaptureOptions
from tunscope.engine.protocol import Op, StopReason
from tunscope.errors import TunscopeError


def output(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)


@pytest.fixture
def client(netns: NetworkNamespace, tmp_path: Path) -> Iterator[EngineClient]:
    fd = output(tmp_path / "first.pcapng")
    engine = EngineClient(fd, netns.command())
    os.close(fd)
    yield engine
    engine.close()


def ping(netns: NetworkNamespace, address: str, count: int) -> None:
    netns.run("ping", "-q", "-i", "0.02", "-W", "0.1", "-c", str(count), address, check=False)


def stopped(client: EngineClient) -> StopReason:
    deadline = time.monotonic() + 10
    while client.stopped is None and time.monotonic() < deadline:
        client.poll()
        time.sleep(0.01)
    assert client.stopped is not None
    return client.stopped.reason


def test_devices_are_captured_one_after_another(
    client: EngineClient, netns: NetworkNamespace, tmp_path: Path
) -> None:
    client.open(DeviceRequest("lo"), CaptureOptions(filter="icmp"))
    client.stay()
    client.start()
    ping(netns, "127.0.0.1", 3)
    client.stop()
    assert stopped(client) is StopReason.ASKED
    for name in ("second", "third"):
        fd = output(tmp_path / f"{name}.pcapng")
        request = DeviceRequest("tun5", addresses=("10.77.0.1/24",))
        opening = client.open_next(request, CaptureOptions(filter="icmp"), fd)
        os.close(fd)
        assert opening.mode == "created"
        client.start()
        assert "tun5" in netns.links()
        ping(netns, "10.77.0.2", 2)
        client.stop()
        assert stopped(client) is StopReason.ASKED
        assert "tun5" not in netns.links()
    assert packet_count(tmp_path / "first.pcapng") == 6
    assert packet_count(tmp_path / "second.pcapng") == 2
    assert packet_count(tmp_path / "third.pcapng") == 2
    with open(f"/proc/{client.pid}/status") as status:
        rights = next(line for line in status if line.startswith("CapEff"))
    assert int(rights.split()[1], 16) == 0x3000  # CAP_NET_ADMIN, CAP_NET_RAW
    assert client.close() == 0


def test_a_device_that_cannot_be_opened_leaves_the_engine_ready(
    client: EngineClient, netns: NetworkNamespace, tmp_path: Path
) -> None:
    client.stay()
    fd = output(tmp_path / "none.pcapng")
    with pytest.raises(TunscopeError, match="no such device"):
        client.open_next(DeviceRequest("nothing0"), CaptureOptions(), fd)
    client.open_next(DeviceRequest("lo"), CaptureOptions(), fd)
    with pytest.raises(TunscopeError, match="a device is open already"):
        client.open_next(DeviceRequest("lo"), CaptureOptions(), fd)
    os.close(fd)
    client.start()
    before = len(os.listdir(f"/proc/{client.pid}/fd"))
    ping(netns, "127.0.0.1", 1)
    client.stop()
    assert stopped(client) is StopReason.ASKED
    assert client.stopped is not None
    assert client.stopped.counters.captured == 2
    assert len(os.listdir(f"/proc/{client.pid}/fd")) < before


def test_a_device_that_vanishes_leaves_the_engine_ready(
    client: EngineClient, netns: NetworkNamespace, tmp_path: Path
) -> None:
    netns.ip("link add d0 type veth peer name d1")
    netns.ip("link set d0 up")
    client.open(DeviceRequest("d0"), CaptureOptions())
    client.stay()
    client.start()
    netns.ip("link del d0")
    assert stopped(client) is StopReason.DEVICE_GONE
    fd = output(tmp_path / "next.pcapng")
    client.open_next(DeviceRequest("lo"), CaptureOptions(), fd)
    os.close(fd)
    with pytest.raises(TunscopeError, match="no capture is running"):
        client.request(Op.STATISTICS)
    client.start()
    assert client.stopped is None
