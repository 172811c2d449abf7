"""The front end's end of a lab: starts the helper, holds what it hands over, runs programs.

The calling process keeps its own namespaces, and may have any number of threads.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tunscope.device.inspector import Inspector
from tunscope.engine.client import EngineClient
from tunscope.engine.descriptor_passing import receive_descriptors
from tunscope.errors import TunscopeError
from tunscope.lab.barepython import bare_command
from tunscope.lab.foreground import may_lend_terminal
from tunscope.lab.init import MESSAGE_LIMIT
from tunscope.lab.process import NodeProcess
from tunscope.lab.residents import Residents
from tunscope.lab.topology import Topology

HELPER = "tunscope.lab.helper"
ENTER = "tunscope.lab.enter"
START_SECONDS = 10.0
END_SECONDS = 5.0
MAXIMUM_DESCRIPTORS = 64

_DOCTOR = "see `tunscope doctor`"


@dataclass(frozen=True, slots=True)
class Descriptors:
    """What the helper handed over: namespaces, the network ones by node; closed with the lab."""

    user_namespace: int
    network_namespaces: Mapping[str, int]

    def all(self) -> tuple[int, ...]:
        """Every descriptor."""
        return (self.user_namespace, *self.network_namespaces.values())


class Namespaces:
    """The namespaces of one topology, from the constructor to `close`.

    All processes inside end with `close`, or with the calling process, however it ends. `ipv6`
    tells whether the kernel has IPv6; without it the devices have their IPv4 addresses only.
    Raises TunscopeError where namespaces or tun devices are not to be had.
    """

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self._next_program = 1
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with contextlib.ExitStack() as undo:
            undo.callback(self._control.close)
            self._diagnostics: IO[bytes] = undo.enter_context(tempfile.TemporaryFile())
            with theirs:
                self._helper = subprocess.Popen(
                    bare_command(HELPER, str(theirs.fileno())),
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=self._diagnostics,
                )
            undo.callback(self._end_helper)
            self.ipv6, self.descriptors = self._receive()
            undo.pop_all()
        self._open = True

    def spawn(
        self,
        node: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
        foreground: bool = False,
        identity: tuple[int, int] = (0, 0),
        ignored: Sequence[int] = (),
    ) -> NodeProcess:
        """Start a program in a node; standard streams that are not given are /dev/null.

        `env` None means the caller's environment. A foreground program stays in the caller's
        terminal session, and has its terminal where `may_lend_terminal`; others get a session of
        their own. `identity` is the user and group that
        the program sees itself as; outside it is the caller. Of the terminal's signals it begins
        with those `ignored`. KeyError if there is no such node.
        """
        program = self._next_program
        self._next_program += 1
        request: dict[str, Any] = {
            "spawn": program,
            "node": node,
            "argv": list(argv),
            "env": dict(os.environ if env is None else env),
            "foreground": foreground,
            "lent": foreground and may_lend_terminal(),
            "uid": identity[0],
            "gid": identity[1],
            "ignored": list(ignored),
        }
        if node not in self.descriptors.network_namespaces:
            raise KeyError(node)
        status_read, status_write = os.pipe2(os.O_CLOEXEC)
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        standard = [null if fd is None else fd for fd in (stdin, stdout, stderr)]
        try:
            socket.send_fds(
                self._control, [json.dumps(request).encode()], [*standard, status_write]
            )
        except OSError as error:
            os.close(status_read)
            raise _not_sent(argv[0], error) from error
        finally:
            os.close(status_write)
            os.close(null)
        return NodeProcess(argv[0], status_read, lambda number: self._signal(program, number))

    def engine(self, node: str, output_fd: int) -> EngineClient:
        """Start an engine in a node, with all rights there; its stdout is `output_fd`.

        It is no process of the lab: it drains and ends when its client is closed.
        """
        user, nodes = self.descriptors.user_namespace, self.descriptors.network_namespaces
        launcher = bare_command(ENTER, str(user), str(nodes[node]))
        return EngineClient(output_fd, launcher, (user, *nodes.values()))

    def residents(self, first: Sequence[str]) -> Residents:
        """Return who can tell the programs in the nodes, of which `first` are looked into first."""
        user, nodes = self.descriptors.user_namespace, self.descriptors.network_namespaces
        order = tuple(dict.fromkeys((*first, *nodes)))
        launcher = bare_command(ENTER, str(user), str(nodes[order[0]]))
        inspector = Inspector(launcher, (user, *nodes.values()))
        return Residents(inspector, [self.netns_path(node) for node in order])

    def netns_path(self, node: str) -> str:
        """Return the path by which a child in this lab can open a node's network namespace."""
        return f"/proc/self/fd/{self.descriptors.network_namespaces[node]}"

    @property
    def first_pid(self) -> int:
        """Process 1 of the lab, as this process sees it; it is in the node that was built last."""
        children = Path(f"/proc/{self._helper.pid}/task/{self._helper.pid}/children").read_text()
        return int(children.split()[0])

    @property
    def control_fd(self) -> int:
        """The socket whose last copy keeps the lab alive."""
        return self._control.fileno()

    @property
    def helper_pid(self) -> int:
        """The helper's process id; its only child is process 1 of the lab."""
        return self._helper.pid

    def close(self) -> None:
        """End every process inside and give all descriptors back; a second call does nothing."""
        if self._open:
            self._open = False
            self._control.close()
            for fd in self.descriptors.all():
                os.close(fd)
            self._end_helper()
            self._diagnostics.close()

    def _signal(self, program: int, number: int) -> None:
        request = {"signal": program, "number": number}
        with contextlib.suppress(OSError):  # the lab has ended, and the program with it
            self._control.send(json.dumps(request).encode())

    def _receive(self) -> tuple[bool, Descriptors]:
        """Send the topology and take the answer."""
        self._control.settimeout(START_SECONDS)
        try:
            self._control.send(self.topology.to_json().encode())
            message, fds = receive_descriptors(self._control, MESSAGE_LIMIT, MAXIMUM_DESCRIPTORS)
        except TimeoutError:
            raise self._failure(f"its namespaces were not ready in {START_SECONDS:g} s") from None
        except (BrokenPipeError, ConnectionResetError):
            message, fds = b"", []
        self._control.settimeout(None)
        if not message:
            raise self._failure(f"its helper ended early{self._last_words()}")
        answer: dict[str, Any] = json.loads(message)
        if "failed" in answer:
            raise construction_error(
                self.topology.name, answer["failed"], answer["errno"], answer["reason"]
            )
        rest = iter(fds)
        return answer["ipv6"], Descriptors(
            next(rest), {node: next(rest) for node in answer["nodes"]}
        )

    def _failure(self, why: str) -> TunscopeError:
        return TunscopeError(f"lab {self.topology.name}", why, _DOCTOR)

    def _last_words(self) -> str:
        """What the helper said last on standard error, with its exit status."""
        status = self._helper.wait(END_SECONDS)
        self._diagnostics.seek(0)
        lines = self._diagnostics.read().decode(errors="replace").strip().splitlines()
        return f" with status {status}: {lines[-1]}" if lines else f" with status {status}"

    def _end_helper(self) -> None:
        """Wait until the last process is gone; the control socket is closed already."""
        self._control.close()
        try:
            self._helper.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            # Process 1 was told (PR_SET_PDEATHSIG) to die with the helper. Who has dropped root's
            # rights since cannot do more than close the control socket.
            with contextlib.suppress(PermissionError):
                self._helper.kill()
                self._helper.wait()


def _not_sent(program: str, error: OSError) -> TunscopeError:
    """Say why a program could not be asked for."""
    if error.errno == errno.EMSGSIZE:
        return TunscopeError(
            program, "its arguments and environment are too long", "about 200 kB, together"
        )
    return TunscopeError(program, f"the lab has ended: {error.strerror}")


def construction_error(lab: str, step: str, number: int, reason: str) -> TunscopeError:
    """Say in one line why a lab could not be built, and where the remedy is."""
    if step == "user namespace":
        why = f"this machine does not let you make user namespaces: {reason}"
    elif step == "/dev/net/tun" and number in (errno.EACCES, errno.EPERM):
        why = f"/dev/net/tun may not be opened by you: {reason}"
    elif number == errno.EOPNOTSUPP:
        why = f"this kernel does not offer it: {step}: {reason}"
    else:
        why = f"{step}: {reason}"
    return TunscopeError(f"lab {lab}", why, _DOCTOR)
