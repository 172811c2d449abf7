"""A tshark that has started already, for the many short runs that judge one capture each.

Four fifths of a run of tshark over a small capture are its start-up. A session of tests pays that
once: the tshark installed starts with `prestarted/server.c` preloaded and forks for each run, and
the `tshark` that tests find on their path (`prestarted/client.c`) asks it to. Where no C compiler
can build them tests run the tshark installed as it is.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

SOURCES = Path(__file__).parent / "prestarted"
#: So many arguments a run may have.
PLACES = 2000
#: The longest path of a capture.
LONGEST = 4000
#: A busy machine may take long to end a process that was killed.
PATIENCE = 30


class PrestartedTshark:
    """The server and its folder; the environment of this process leads to it until `stop`."""

    def __init__(self, installed: str, compiler: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tshark-"))
        self._folder.chmod(0o755)
        (self._folder / "bin").mkdir()
        facts = [f'-DINSTALLED="{installed}"', f"-DPLACES={PLACES}", f"-DLONGEST={LONGEST}"]
        facts += ["-O1", "-Wall", "-Werror"]
        preloaded = self._folder / "server.so"
        for source, product, more in (
            ("server.c", preloaded, ["-shared", "-fPIC", "-ldl"]),
            ("client.c", self._folder / "bin" / "tshark", []),
        ):
            command = [compiler, str(SOURCES / source), "-o", str(product), *facts, *more]
            try:
                subprocess.run(command, check=True)
            except BaseException:
                shutil.rmtree(self._folder)
                raise
        script = self._folder / "script.lua"
        script.touch()
        path = self._folder / "socket"
        self._before = dict(os.environ)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(str(path))
            listener.listen(64)
            self._process = subprocess.Popen(
                [installed, "-X", f"lua_script:{script}", "-r", "x" * LONGEST, *["-n"] * PLACES],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[listener.fileno()],
                env={
                    **os.environ,
                    "LD_PRELOAD": str(preloaded),
                    "PRESTARTED_SCRIPT": str(script),
                    "PRESTARTED_LISTENER": str(listener.fileno()),
                },
                start_new_session=True,
            )
        os.environ["PATH"] = f"{self._folder / 'bin'}:{os.environ.get('PATH', os.defpath)}"
        os.environ["PRESTARTED_SOCKET"] = str(path)
        os.environ["PRESTARTED_USER"] = str(os.geteuid())
        os.environ["PRESTARTED_MOUNTS"] = str(os.stat("/proc/self/ns/mnt").st_ino)

    def stop(self) -> None:
        """End the server and forget it."""
        for name in ("PATH", "PRESTARTED_SOCKET", "PRESTARTED_USER", "PRESTARTED_MOUNTS"):
            if name in self._before:
                os.environ[name] = self._before[name]
            else:
                del os.environ[name]
        self._process.kill()
        self._process.wait(PATIENCE)
        shutil.rmtree(self._folder)


def prestarted_tshark() -> PrestartedTshark | None:
    """Start one, if there are a tshark and a C compiler that can build it."""
    installed, compiler = shutil.which("tshark"), shutil.which("gcc")
    if not (installed and compiler):
        return None
    try:
        return PrestartedTshark(installed, compiler)
    except subprocess.CalledProcessError:  # a compiler without headers, say
        return None
