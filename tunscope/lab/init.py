"""Process 1 of a lab: starts programs in its nodes, reaps them, ends with its front end.

When process 1 ends, the kernel kills every process of its PID namespace, whatever session or
parent it moved to (pid_namespaces(7)). So a lab is gone as soon as the front end's end of the
control socket is closed, by `close` or by a SIGKILL. Standard library only.

Requests are SOCK_SEQPACKET messages of one JSON object, descriptors beside it (SCM_RIGHTS):

- `{"spawn": ID, "node": NAME, "argv": [...], "env": {...}, "foreground": BOOL, "lent": BOOL,
  "uid": N, "gid": N, "ignored": [N, ...]}` with standard input, output, error and a status pipe.
  A foreground program stays in the front end's session and process group, or where the terminal is
  `lent`, gets a group that has the terminal at its input; others have a session of their own, with
  the terminal that is their input, if it is one. With another uid than 0 it has no rights in the
  lab. It begins with the terminal's signals `ignored`. The pipe gets `exit N`, `signal N`, or
  `errno N` where the program could not be started.
- `{"signal": ID, "number": N}` signals a program that still runs.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import select
import signal
import socket
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from tunscope.engine.descriptor_passing import receive_descriptors
from tunscope.lab.syscalls import (
    CLONE_NEWNET,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    set_host_name,
    setns,
    unshare,
)

MESSAGE_LIMIT = 1 << 18
DESCRIPTORS_PER_SPAWN = 4

# A Ctrl-C or hang-up at the front end's terminal reaches its whole process group; what that
# means for the lab is the front end's decision.
TERMINAL_SIGNALS = (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGHUP,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
)


def ignore_terminal_signals() -> None:
    """Leave the terminal's signals to the front end."""
    for number in TERMINAL_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def become_user(uid: int, gid: int) -> None:
    """Give root of this user namespace other numbers, in a user namespace inside; 0 stays 0."""
    if not uid:
        return
    unshare(CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} 0 1"), ("gid_map", f"{gid} 0 1")):
        Path("/proc/self", name).write_text(text)


def _is_on_path(program: str, env: Mapping[str, str]) -> bool:
    """Whether there is such a program at all, for a person who may not run it."""
    folders = [""] if "/" in program else env.get("PATH", os.defpath).split(os.pathsep)
    return any(os.path.lexists(os.path.join(folder, program)) for folder in folders)


class Init:
    """The programs of one lab. `namespaces` maps a node to its network namespace's descriptor."""

    def __init__(self, control: socket.socket, namespaces: Mapping[str, int]) -> None:
        self._control = control
        self._namespaces = namespaces
        self._running: dict[int, tuple[int, int]] = {}  # pid -> (id, status pipe)

    def run(self) -> None:
        """Serve requests until the front end closes its end of the control socket."""
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(wake_read, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == wake_read:
                    with contextlib.suppress(BlockingIOError):
                        os.read(wake_read, 512)
                    self._reap()
                elif not self._serve():
                    return

    def _serve(self) -> bool:
        """Answer one request; False at the end of the control socket."""
        try:
            message, fds = receive_descriptors(self._control, MESSAGE_LIMIT, DESCRIPTORS_PER_SPAWN)
        except ConnectionResetError:
            return False
        if not message:
            return False
        request: dict[str, Any] = json.loads(message)
        if "spawn" in request:
            self._spawn(request, fds)
        else:
            self._signal(request["signal"], request["number"])
        return True

    def _spawn(self, request: Mapping[str, Any], fds: list[int]) -> None:
        *standard, status = fds
        pid = os.fork()
        if pid == 0:
            self._become(request, standard, status)
        self._running[pid] = (request["spawn"], status)
        for fd in standard:
            os.close(fd)

    def _become(self, request: Mapping[str, Any], standard: list[int], status: int) -> NoReturn:
        """Turn this fresh child into the program; never returns."""
        argv: list[str] = request["argv"]
        try:
            unshare(CLONE_NEWUTS)
            set_host_name(request["node"])
            setns(self._namespaces[request["node"]], CLONE_NEWNET)
            for target, fd in enumerate(standard):
                os.dup2(fd, target, inheritable=True)
            become_user(request["uid"], request["gid"])
            if not request["foreground"]:
                os.setsid()
                if os.isatty(0):
                    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            elif request["lent"]:
                # A shell cannot name the front end's process group: it is not in this namespace.
                os.setpgid(0, 0)
                os.tcsetpgrp(0, os.getpid())
            signal.set_wakeup_fd(-1)
            kept = set(request["ignored"])
            for number in {*TERMINAL_SIGNALS, signal.SIGCHLD, signal.SIGPIPE} - kept:
                signal.signal(number, signal.SIG_DFL)
            os.execvpe(argv[0], argv, request["env"])
        except OSError as error:
            code = error.errno or 0
            if code == errno.EACCES and not _is_on_path(argv[0], request["env"]):
                code = errno.ENOENT  # a folder of PATH may not be entered
            os.write(status, b"errno %d\n" % code)
        finally:
            os._exit(127)

    def _signal(self, program: int, number: int) -> None:
        for pid, (running, _) in self._running.items():
            if running == program:
                # Not reaped yet, so the number cannot have passed to another process.
                os.kill(pid, number)

    def _reap(self) -> None:
        """Collect what ended, orphans of the programs included."""
        while True:
            try:
                pid, result = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            entry = self._running.pop(pid, None)
            if entry is None:
                continue
            code = os.waitstatus_to_exitcode(result)
            line = b"exit %d\n" % code if code >= 0 else b"signal %d\n" % -code
            with contextlib.suppress(BrokenPipeError):  # nobody waits for this one any more
                os.write(entry[1], line)
            os.close(entry[1])
