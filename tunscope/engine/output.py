"""Where the capture is written: a regular file, or a pipe whose reader may be slow."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import select
import stat
from typing import Final

import numpy as np

from tunscope.engine.background import Background
from tunscope.engine.batch import Iovecs, skip_bytes

_IOV_MAX: Final = 1024
_IOVEC_SIZE: Final = 16
_libc: Final = ctypes.CDLL(None, use_errno=True)
_writev: Final = _libc.writev
_writev.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_writev.restype = ctypes.c_ssize_t


class Output:
    """An open descriptor that takes pcapng blocks, whole and in order.

    A regular file is written at once. A pipe is written as far as its reader keeps up: what is
    left stays `pending` until `flush` says it went. Writing raises OSError (ENOSPC: the disk is
    full; EPIPE: the reader went away) and leaves `written` at what the file really holds.
    `write_behind` leaves that to a thread where it can be left.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.written = 0
        self._pending: Iovecs | None = None
        self._is_file = stat.S_ISREG(os.fstat(fd).st_mode)
        self._base = _position(fd) if self._is_file else 0
        self._offered = b""
        self._background = Background()
        if stat.S_ISFIFO(os.fstat(fd).st_mode):
            self.fd = _reopened_nonblocking(fd)

    @property
    def pending(self) -> bool:
        """Whether bytes of the last `write` have not gone yet."""
        return self._pending is not None

    def write(self, iovecs: Iovecs) -> bool:
        """Write all bytes of `iovecs`; return False if some are pending.

        The memory that `iovecs` points at must stay until nothing is pending.
        """
        assert self._pending is None, "flush first"
        self.settle()
        self._pending = np.ascontiguousarray(iovecs)
        return self.flush()

    def write_behind(self, iovecs: Iovecs) -> bool:
        """As `write`, but a regular file is written in a thread, and memory must stay until then.

        `written` lags behind, and `settle` raises what `write` would have.
        """
        if not self._is_file:
            return self.write(iovecs)
        self.settle()
        self._background.begin(lambda: self._push(np.ascontiguousarray(iovecs)))
        return True

    def settle(self) -> None:
        """Wait until nothing is written behind any more; raise OSError as `write` does."""
        self._background.wait()

    def offer(self, data: bytes) -> bool:
        """Write `data` as `write` does, and keep it as long as that takes."""
        self._offered = data
        address = np.frombuffer(data, np.uint8).ctypes.data
        return self.write(np.array([[address, len(data)]], np.uint64))

    def write_bytes(self, data: bytes) -> None:
        """Write `data` whole, waiting for a slow reader."""
        self.settle()
        view = memoryview(data)
        while view:
            try:
                count = os.write(self.fd, view)
            except BlockingIOError:
                _wait_writable(self.fd)
                continue
            self.written += count
            view = view[count:]

    def flush(self) -> bool:
        """Go on with what is pending; return True when it all went."""
        if self._pending is not None:
            self._pending = self._push(self._pending)
        return self._pending is None

    def truncate(self, size: int) -> None:
        """Forget what is pending; cut a regular file back to `size` bytes of ours, a whole block.

        What the file held before, as in ``>> FILE``, is never touched.
        """
        with contextlib.suppress(OSError):
            self.settle()
        if self._is_file:
            os.ftruncate(self.fd, self._base + size)
            os.lseek(self.fd, self._base + size, os.SEEK_SET)
            self.written = size
        self._pending = None

    def close(self) -> None:
        """Close the descriptor."""
        with contextlib.suppress(OSError):
            self.settle()
        self._background.close()
        os.close(self.fd)

    def _push(self, iovecs: Iovecs) -> Iovecs | None:
        """Write as much as is taken; return the rest, None if that was all."""
        row = 0
        while row < len(iovecs):
            chunk = iovecs[row : row + _IOV_MAX]
            expected = int(chunk[:, 1].sum())
            count = self._writev(iovecs.ctypes.data + row * _IOVEC_SIZE, len(chunk))
            if count < 0:
                return iovecs[row:]
            self.written += count
            if count < expected:
                iovecs = skip_bytes(iovecs[row:], count)
                row = 0
            else:
                row += len(chunk)
        return None

    def _writev(self, address: int, rows: int) -> int:
        """Return the bytes written, -1 if the reader has no room now; raise OSError otherwise."""
        while True:
            count = int(_writev(self.fd, address, rows))
            if count >= 0:
                return count
            code = ctypes.get_errno()
            if code == errno.EAGAIN:
                return -1
            if code != errno.EINTR:
                raise OSError(code, os.strerror(code))


def _position(fd: int) -> int:
    """Return the place in a regular file where the next byte goes."""
    if fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND:
        return os.fstat(fd).st_size
    return os.lseek(fd, 0, os.SEEK_CUR)


def _reopened_nonblocking(fd: int) -> int:
    """Return a descriptor of the same pipe with flags of its own; the caller's stay blocking."""
    try:
        return os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError:  # a pipe that another user made: a slow reader will block us
        return fd


def _wait_writable(fd: int) -> None:
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    poll.poll()
