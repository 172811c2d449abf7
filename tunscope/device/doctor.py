"""What this machine allows, and the exact command that mends what it does not.

Each check is a pure function of what was found, and `checks` finds it.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tunscope.device.tuntap import CLONE_DEVICE


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `remedy` is a command where `ok` is False."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


#: pidfd_getfd(2), by which owners are told exactly, is there from this kernel on.
_MIN_KERNEL: Final = (5, 6)

#: What each capability is for, by its number in include/uapi/linux/capability.h.
_CAPABILITIES: Final = (
    (12, "CAP_NET_ADMIN", "to create and configure devices"),
    (13, "CAP_NET_RAW", "to capture on devices of others"),
    (19, "CAP_SYS_PTRACE", "to name the owners of devices"),
)

#: Switches that forbid user namespaces: path, the forbidding value, and the command.
_USERNS_SWITCHES: Final = (
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "restricted by AppArmor",
        "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    (
        "kernel/unprivileged_userns_clone",
        "0",
        "switched off by sysctl",
        "sudo sysctl kernel.unprivileged_userns_clone=1",
    ),
    (
        "user/max_user_namespaces",
        "0",
        "none are allowed by sysctl",
        "sudo sysctl user.max_user_namespaces=15000",
    ),
)

#: Programs that connect a namespace without root.
_USER_MODE_NETWORKS: Final = ("slirp4netns", "passt", "pasta")

#: In a child of its own, since unshare is for good: namespaces, and what they are wanted for.
_USERNS_PROBE: Final = """
import ctypes, fcntl, os, socket, struct, sys
uid, gid = os.geteuid(), os.getegid()
libc = ctypes.CDLL(None, use_errno=True)
try:
    if libc.unshare(0x10000000 | 0x40000000):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open("/proc/self/" + name, "w") as file:
            file.write(text)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH22x", b"lo", 1))
except OSError as error:
    sys.exit(error.strerror)
"""


def checks() -> list[Check]:
    """Look at this machine; takes some 50 ms, changes nothing."""
    return [
        check_kernel(os.uname().release),
        check_tun(CLONE_DEVICE, lambda path: os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC))),
        *check_capabilities(_effective_capabilities()),
        check_packet_sockets(),
        check_user_namespaces(_probe_user_namespaces(), _sysctl),
        check_way_outside(shutil.which),
        check_libpcap(),
        check_terminal(os.environ, _terminal_size(), sys.stdout.encoding),
    ]


def check_kernel(release: str) -> Check:
    """Judge the kernel by its release, as uname -r prints it."""
    match = re.match(r"(\d+)\.(\d+)", release)
    version = (int(match[1]), int(match[2])) if match else (0, 0)
    wanted = ".".join(map(str, _MIN_KERNEL))
    if version < _MIN_KERNEL:
        return Check(
            "kernel",
            False,
            f"Linux {release}: older than {wanted}, owners of devices cannot be told",
            "sudo apt-get install linux-image-amd64  # or your distribution's newest kernel",
        )
    return Check("kernel", True, f"Linux {release}")


def check_tun(path: str, open_it: Callable[[str], None]) -> Check:
    """Judge /dev/net/tun: `open_it` opens it for reading and writing, or raises OSError."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        remedy = "sudo modprobe tun"
        if Path("/proc/misc").exists() and re.search(
            r"\btun$", Path("/proc/misc").read_text(), re.MULTILINE
        ):  # the kernel has it, /dev does not: a container
            folder = os.path.dirname(path)
            remedy = f"sudo mkdir -p {folder} && sudo mknod -m 0666 {path} c 10 200"
        return Check(path, False, error.strerror or "missing", remedy)
    if not stat.S_ISCHR(mode):
        return Check(
            path,
            False,
            "is no device file",
            f"sudo rm {path} && sudo mknod -m 0666 {path} c 10 200",
        )
    permissions = f"mode {stat.S_IMODE(mode):04o}"
    try:
        open_it(path)
    except OSError as error:
        if error.errno in {errno.EACCES, errno.EPERM}:
            return Check(
                path, False, f"permission denied ({permissions})", f"sudo chmod 0666 {path}"
            )
        return Check(path, False, error.strerror or "cannot be opened", "sudo modprobe tun")
    return Check(path, True, f"can be opened ({permissions})")


def check_capabilities(effective: int) -> list[Check]:
    """Judge the effective capability set (CapEff of proc_pid_status(5))."""
    return [
        Check(name, True, purpose)
        if effective >> number & 1
        else Check(name, False, f"missing, needed {purpose}", "sudo tunscope DEVICE")
        for number, name, purpose in _CAPABILITIES
    ]


def check_packet_sockets() -> Check:
    """See whether the kernel has AF_PACKET; who may open one is the capability's business."""
    name = "packet sockets"
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except PermissionError:
        return Check(name, True, "in the kernel")
    except OSError as error:
        return Check(name, False, error.strerror or "cannot be opened", "sudo modprobe af_packet")
    return Check(name, True, "can be opened")


def check_user_namespaces(refusal: str | None, sysctl: Callable[[str], str | None]) -> Check:
    """Judge user namespaces: `refusal` is why the probe failed, `sysctl` reads /proc/sys."""
    name = "user namespaces"
    if refusal is None:
        return Check(name, True, "labs and `run` work without root")
    for path, forbidding, reason, remedy in _USERNS_SWITCHES:
        if sysctl(path) == forbidding:
            return Check(name, False, reason, remedy)
    return Check(
        name,
        False,
        f"{refusal}: forbidden here, as in many containers",
        "docker run --security-opt seccomp=unconfined ...  # or sudo tunscope lab",
    )


def check_way_outside(which: Callable[[str], str | None]) -> Check:
    """See what leads out of the namespace of `tunscope run`; `which` finds programs."""
    name = "way outside"
    found = [program for program in _USER_MODE_NETWORKS if which(program)]
    if {"slirp4netns", "passt"} & set(found):
        return Check(name, True, f"{', '.join(found)}: `run` reaches the network")
    there = f"only {', '.join(found)}" if found else "neither slirp4netns nor passt"
    return Check(
        name,
        False,
        f"{there} is installed, `run` works --offline",
        "sudo apt-get install slirp4netns  # or passt",
    )


def check_libpcap() -> Check:
    """See whether capture filters can be compiled."""
    name = "libpcap (cypcap)"
    remedy = f"{sys.executable} -m pip install --force-reinstall cypcap"
    try:
        from tunscope.device import bpf

        bpf.compile_filter("tcp port 80", 1, 262144)
        return Check(name, True, bpf.libpcap_version())
    except (ImportError, OSError) as error:
        return Check(name, False, str(error), remedy)


def check_terminal(
    environ: Mapping[str, str], size: tuple[int, int] | None, encoding: str | None
) -> Check:
    """Judge the terminal by environment, size in columns and rows (None: there is none), coding."""
    name = "terminal"
    if size is None:
        return Check(name, True, "none here; --pcap and --print need none")
    columns, rows = size
    kind = environ.get("TERM", "")
    if kind in {"", "dumb"}:
        return Check(name, False, f"TERM is {kind or 'not set'}", "export TERM=xterm-256color")
    if (encoding or "").lower().replace("-", "") != "utf8":
        return Check(
            name, False, f"text is {encoding or 'unknown'}, not UTF-8", "export LC_ALL=C.UTF-8"
        )
    if columns < 80 or rows < 24:
        return Check(
            name,
            False,
            f"{columns} x {rows}, smaller than 80 x 24",
            r"printf '\033[8;24;80t'  # or make the window larger",
        )
    colours = "true colour" if environ.get("COLORTERM") in {"truecolor", "24bit"} else "colours"
    return Check(name, True, f"{kind}, {columns} x {rows}, {colours}, UTF-8")


def _effective_capabilities() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def _probe_user_namespaces() -> str | None:
    """Make a user and a network namespace in a child; return why that failed, if it did."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _USERNS_PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"cannot be tried: {error}"
    lines = done.stderr.strip().splitlines()
    return None if done.returncode == 0 else (lines[-1] if lines else "refused")


def _sysctl(path: str) -> str | None:
    try:
        return Path("/proc/sys", path).read_text().strip()
    except OSError:
        return None


def _terminal_size() -> tuple[int, int] | None:
    for stream in (1, 0, 2):
        if os.isatty(stream):
            columns, rows = shutil.get_terminal_size()
            return columns, rows
    return None
