"""A lab that outlives the command that built it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from tunscope.lab.barepython import bare_command
from tunscope.lab.namespaces import Descriptors

CARETAKER = "tunscope.lab.caretaker"


@dataclass(frozen=True, slots=True)
class Legacy:
    """The process that keeps a lab, and the commands that enter its nodes, by node."""

    pid: int
    entrances: Mapping[str, str]

    @classmethod
    def of(cls, controls: Sequence[int], descriptors: Descriptors) -> Self:
        """Start that process: it is given copies of the control sockets and of the namespaces."""
        process = subprocess.Popen(
            bare_command(CARETAKER, *map(str, controls)),
            pass_fds=[*controls, *descriptors.all()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )
        folder = f"/proc/{process.pid}/fd"
        user = f"nsenter --preserve-credentials --user={folder}/{descriptors.user_namespace}"
        return cls(
            process.pid,
            {
                node: f"{user} --net={folder}/{fd}"
                for node, fd in descriptors.network_namespaces.items()
            },
        )
