from __future__ import annotations

import os
import socket

import pytest

from tunscope.engine.descriptor_passing import receive_descriptors


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


def test_descriptors_arrive_in_order_and_are_not_inherited(pair):
    ours, theirs = pair
    sent = [os.memfd_create(name) for name in ("first", "second")]
    socket.send_fds(theirs, [b"two"], sent)
    data, fds = receive_descriptors(ours, 100, 4)
    assert data == b"two"
    assert [os.readlink(f"/proc/self/fd/{fd}").split()[0] for fd in fds] == [
        "/memfd:first",
        "/memfd:second",
    ]
    assert not any(os.get_inheritable(fd) for fd in fds)
    for fd in (*sent, *fds):
        os.close(fd)


def test_asked_not_to_wait_it_does_not(pair):
    ours, _ = pair
    with pytest.raises(BlockingIOError):
        receive_descriptors(ours, 100, 4, socket.MSG_DONTWAIT)


def test_a_message_may_bring_none(pair):
    ours, theirs = pair
    theirs.send(b"plain")
    assert receive_descriptors(ours, 100, 4) == (b"plain", [])
