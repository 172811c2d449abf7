"""One descriptor that tells when a peer behind a socket wants to be called."""

from __future__ import annotations

import os
import select


class Readiness:
    """Readable while `watched` is, while it has room that is waited for, or while `pending` is set.

    An epoll descriptor: the engine polls this one, whatever the peer waits for. `watched` stays
    the caller's, and must be closed after this.
    """

    def __init__(self, watched: int) -> None:
        self._watched = watched
        self._epoll = select.epoll()
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._wants_room = self._pending = False
        self._epoll.register(watched, select.EPOLLIN)
        self._epoll.register(self._event, select.EPOLLIN)

    def fileno(self) -> int:
        """The descriptor."""
        return self._epoll.fileno()

    def want_room(self, wanted: bool) -> None:
        """Be readable once more can be written to `watched`, or no longer."""
        if wanted != self._wants_room:
            self._wants_room = wanted
            room = select.EPOLLOUT if wanted else 0
            self._epoll.modify(self._watched, select.EPOLLIN | room)

    def set_pending(self, pending: bool) -> None:
        """Be readable until this is taken back."""
        if pending != self._pending:
            self._pending = pending
            if pending:
                os.eventfd_write(self._event, 1)
            else:
                os.eventfd_read(self._event)

    def close(self) -> None:
        """Give the descriptors back."""
        self._epoll.close()
        os.close(self._event)
