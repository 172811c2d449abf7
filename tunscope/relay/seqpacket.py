"""The peer behind a SOCK_SEQPACKET socket: one datagram is one Ethernet frame.

This is how slirp4netns speaks with `--target-type=bess`.
"""

from __future__ import annotations

from tunscope.relay.program_peer import SMALLEST_FRAME, ProgramPeer


class SeqpacketPeer(ProgramPeer):
    """A program that takes and gives a frame a datagram; one without bytes would look like its end.

    The rest as `ProgramPeer`.
    """

    def send(self, packet: memoryview) -> bool:
        """Pass a frame on, now or as soon as there is room."""
        if self._socket is None or len(packet) < SMALLEST_FRAME:
            return False
        return self._pass_on((packet,))

    def receive_into(self, buffer: memoryview) -> int:
        """Take one frame; use the occasion to send what waits."""
        if self._socket is None:
            return 0
        try:
            if self._outgoing:
                self._outgoing.flush()
            length = self._socket.recv_into(buffer)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._give_up_if_gone(error)
            return 0
        if not length:
            self._give_up("has ended")
        return length
