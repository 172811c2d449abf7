"""Which program leads outside, and what tunscope wants of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, Protocol, TypeVar

from tunscope.errors import TunscopeError, UsageError
from tunscope.usernet import passt, slirp
from tunscope.usernet.forward import Forward

#: `tunscope doctor` tells which of them are there.
INSTALL_HINT: Final = "sudo apt-get install slirp4netns, or passt; --offline needs neither"


class Uplink(Protocol):
    """A program that takes the frames of a tap that tunscope owns."""

    @property
    def name(self) -> str:
        """The program's name."""

    @property
    def peer_kind(self) -> Literal["seqpacket", "stream"]:
        """How it speaks; a kind of `PeerRequest`."""

    def fileno(self) -> int:
        """The socket to give to the engine."""

    def handed_over(self) -> None:
        """The engine has its copy of the socket: close this one."""

    def close(self) -> None:
        """End the program; a second call does nothing."""


class UplinkTap(Protocol):
    """A program with a tap of its own in a namespace."""

    @property
    def name(self) -> str:
        """The program's name."""

    def close(self) -> None:
        """End the program; a second call does nothing."""


OpenUplink = Callable[[int, Sequence[Forward]], Uplink]
OpenTap = Callable[[int, str, int, Sequence[Forward]], UplinkTap]

#: What starts each program, in the order of preference; called with MTU and forwards.
UPLINKS: Final[dict[str, OpenUplink]] = {
    slirp.SLIRP: slirp.SlirpUplink,
    passt.PASST: passt.PasstUplink,
}
#: Called with a process in the namespace, the tap's name, MTU and forwards.
TAPS: Final[dict[str, OpenTap]] = {
    slirp.SLIRP: slirp.SlirpTap,
    passt.PASTA: passt.PastaTap,
}

_T = TypeVar("_T")


def chosen(programs: Mapping[str, _T], asked: str | None) -> _T:
    """Return what starts the program called `asked`, or the first one that is installed.

    TunscopeError says what to install, UsageError that it is the wrong program.
    """
    if asked is not None and asked not in programs:
        raise UsageError(f"--via {asked}", f"cannot do this, but {' and '.join(programs)} can")
    for name in programs if asked is None else (asked,):
        if shutil.which(name):
            return programs[name]
    missing = f"neither {' nor '.join(programs)} is" if asked is None else f"{asked} is not"
    raise TunscopeError("the way outside", f"{missing} installed", INSTALL_HINT)
