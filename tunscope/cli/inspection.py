"""What only a privileged process may see, asked of a child that was started while we were one."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Self

from tunscope.cli.privilege import invoking_user

if TYPE_CHECKING:
    from tunscope.device.facts import Owner
    from tunscope.device.inspector import Inspector
    from tunscope.device.programs import Conversation, SocketOwner

#: sudo that asks nobody: it knows the password from a moment ago, or does nothing.
_QUIET_SUDO: Final = ("sudo", "-n", "--")


class Inspection:
    """Answers from `device.inspect` where there is one, else what this process may see itself.

    To be made before rights are given away; any thread may ask. `elevated` says that the engine
    was started through sudo: then the child is started likewise when it is first asked.
    """

    def __init__(self) -> None:
        self._lock: Final = threading.Lock()
        self._child: Inspector | None = None
        self._may_ask_sudo = False
        if invoking_user() is not None:
            self._start(())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def elevated(self) -> None:
        """Note that sudo lately started something for us."""
        self._may_ask_sudo = os.geteuid() != 0 and shutil.which(_QUIET_SUDO[0]) is not None

    def owners(self) -> Mapping[str, Owner]:
        """Return who owns which device here, as far as anybody may tell."""
        with self._lock:
            child = self._asked()
            if child is not None:
                found = child.owners()
                if child.alive:
                    return found
        from tunscope.device.owners import find_owners

        return find_owners()

    def programs(
        self, conversations: Sequence[Conversation], netns: str | None = None
    ) -> Sequence[SocketOwner | None]:
        """Return who takes part in each conversation, as far as anybody may tell.

        `netns` names the network namespace, None is that of this process. TunscopeError: nobody.
        """
        with self._lock:
            child = self._asked()
            if child is not None:
                found = child.programs(conversations, netns)
                if child.alive:
                    return found
        from tunscope.device.namespaces import inside
        from tunscope.device.programs import find_programs

        with inside(netns):
            return find_programs(conversations)

    def close(self) -> None:
        """End the child."""
        with self._lock:
            if self._child is not None:
                self._child.close()
            self._may_ask_sudo = False

    def _asked(self) -> Inspector | None:
        if self._child is None and self._may_ask_sudo:
            self._may_ask_sudo = False
            self._start(_QUIET_SUDO)
        return self._child

    def _start(self, launcher: tuple[str, ...]) -> None:
        from tunscope.device.inspector import Inspector

        self._child = Inspector(launcher)
