"""`unprivileged.py ASIDE UID TUN_MODE COMMAND...`: run a command as a user without any rights.

With UID 0 root runs it. To be started by root as `unshare -m --propagation private`, so that what
it mounts is seen by nobody else: a /dev/net/tun of its own with permissions TUN_MODE (octal), and a
way to the interpreter and the checkout where they lie under a folder that others may not enter,
/root say. ASIDE is an empty folder to mount things on.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import tunscope

TUN_NUMBER = os.makedev(10, 200)  # Documentation/admin-guide/devices.txt


def mount(*words: str | Path) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)


def closed_ancestor(path: Path) -> Path | None:
    """The outermost folder above `path` that others may not enter."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None


def open_ways(paths: set[Path], aside: Path) -> None:
    """Show `paths`, and nothing else of the closed folders above them."""
    closed: dict[Path, list[Path]] = {}
    for path in sorted(paths):
        folder = closed_ancestor(path)
        if folder:
            closed.setdefault(folder, []).append(path)
    for folder, wanted in closed.items():
        kept = []
        for number, path in enumerate(wanted):
            place = aside / f"{folder.name}{number}"
            place.mkdir()
            mount("--bind", path, place)
            kept.append((place, path))
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
        for place, path in kept:
            path.mkdir(parents=True, exist_ok=True)
            mount("--bind", place, path)


def give_tun(mode: int, aside: Path) -> None:
    node = aside / "tun"
    os.mknod(node, stat.S_IFCHR, TUN_NUMBER)
    node.chmod(mode)
    mount("--bind", node, "/dev/net/tun")


def main() -> None:
    folder, uid, mode, *command = sys.argv[1:]
    aside = Path(folder)
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", aside)
    interpreter = Path(sys.base_prefix).resolve()
    checkout = Path(tunscope.__file__).resolve().parent.parent
    open_ways({interpreter, Path(sys.prefix).resolve(), checkout}, aside)
    give_tun(int(mode, 8), aside)
    os.setgroups([])
    os.setresgid(int(uid), int(uid), int(uid))
    os.setresuid(int(uid), int(uid), int(uid))
    os.chdir("/")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
