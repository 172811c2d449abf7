"""Who runs tunscope in a test: root, a user without any rights, or that user behind sudo."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

USER = 64321  # nobody's uid
UNPRIVILEGED = Path(__file__).with_name("unprivileged.py")
TUNSCOPE = [sys.executable, "-m", "tunscope"]
CHECKOUT = Path(__file__).resolve().parents[2]


class Child(subprocess.Popen[Any]):
    """A process that is killed where its `with` block fails, and not waited for for ever."""

    def __exit__(self, kind: type[BaseException] | None, *rest: Any) -> None:
        if kind is not None:
            self.kill()
        super().__exit__(kind, *rest)


@dataclass
class Person:
    """Who runs the lab, and how; `folder` is theirs to write in."""

    name: str
    folder: Path
    aside: Path
    tun_mode: str = "666"
    uid: int = USER
    mark: str = field(default_factory=lambda: f"tunscope-test-{uuid.uuid4()}")

    def command(self, *words: str) -> list[str]:
        if self.name == "root":
            return list(words)
        wrapper = ["unshare", "-m", "--propagation", "private", sys.executable, str(UNPRIVILEGED)]
        if self.name == "sudo":
            behind = ["env", f"SUDO_UID={self.uid}", f"SUDO_GID={self.uid}", *words]
            return [*wrapper, str(self.aside), "0", self.tun_mode, *behind]
        return [*wrapper, str(self.aside), str(self.uid), self.tun_mode, *words]

    def popen(self, *words: str, **kwargs: Any) -> subprocess.Popen[Any]:
        environment = os.environ | {
            "HOME": str(self.folder),
            "TUNSCOPE_TEST_MARK": self.mark,
            "PYTHONPATH": str(CHECKOUT),
            "SHELL": "/bin/sh",
        }
        return Child(self.command(*words), env=environment, cwd="/", **kwargs)

    def run(self, *words: str, **kwargs: Any) -> subprocess.CompletedProcess[str]:
        """Run to the end; the exit status is the caller's to judge."""
        with self.popen(
            *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kwargs
        ) as child:
            out, err = child.communicate(timeout=30)
        return subprocess.CompletedProcess(words, child.returncode, out, err)


@contextlib.contextmanager
def person_of(name: str, aside: Path) -> Iterator[Person]:
    folder = Path(tempfile.mkdtemp(prefix="tunscope-lab-"))
    try:
        if name != "root":
            os.chown(folder, USER, USER)
        yield Person(name, folder, aside)
    finally:
        shutil.rmtree(folder)
