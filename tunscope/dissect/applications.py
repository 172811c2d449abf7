"""Which application protocol a TCP or UDP payload is given to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.dissect.packet import TCP_GUESSES, TCP_PORTS, decode_data

if TYPE_CHECKING:
    from tunscope.dissect.packet import Decoder, Dissection, Guess
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window


def decode_application(
    ports: dict[int, Decoder], payload: Window, parent: Tree, dissection: Dissection
) -> None:
    """Decode by the lower port, then by the higher one, as Wireshark does."""
    for port in sorted(dissection.ports):
        decoder = ports.get(port)
        if decoder is not None:
            dissection.run(decoder, payload, parent)
            return
    if ports is TCP_PORTS:
        for guess in TCP_GUESSES:
            found = _Attempt(guess)
            dissection.run(found, payload, parent)
            if found.accepted:
                return
    dissection.run(decode_data, payload, parent)


class _Attempt:
    """A guess run as a decoder, which remembers whether it took the bytes."""

    __slots__ = ("_guess", "accepted")

    def __init__(self, guess: Guess) -> None:
        self._guess = guess
        self.accepted = True

    def __call__(self, window: Window, parent: Tree, dissection: Dissection) -> None:
        """Try; a guess that raises had recognised its own before."""
        self.accepted = self._guess(window, parent, dissection)
