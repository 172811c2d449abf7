"""Who asked, and with whose rights: files are the person's, only the engine is privileged."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InvokingUser:
    """The person behind sudo."""

    uid: int
    gid: int
    name: str


def invoking_user() -> InvokingUser | None:
    """Return who called sudo, None where nobody did (or root did)."""
    uid, gid = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if os.geteuid() != 0 or not (uid.isdecimal() and gid.isdecimal()) or uid == "0":
        return None
    try:
        name = pwd.getpwuid(int(uid)).pw_name
    except KeyError:
        name = ""
    return InvokingUser(int(uid), int(gid), name)


@contextlib.contextmanager
def as_invoking_user() -> Iterator[None]:
    """Open files with the rights of the person behind sudo, in their home, and make them theirs."""
    user = invoking_user()
    if user is None:
        yield
        return
    groups, home = os.getgroups(), os.environ.get("HOME")
    os.setgroups(_groups_of(user))
    os.setegid(user.gid)
    os.seteuid(user.uid)
    _go_home(user)
    try:
        yield
    finally:
        if home is not None:
            os.environ["HOME"] = home
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def drop_privileges() -> None:
    """Become the person behind sudo for good; without sudo, stay who we are."""
    user = invoking_user()
    if user is None:
        return
    os.setgroups(_groups_of(user))
    os.setresgid(user.gid, user.gid, user.gid)
    os.setresuid(user.uid, user.uid, user.uid)
    _go_home(user)


def sudo_launcher() -> tuple[str, ...]:
    """Return the words that start a program as root, () where there is no way to ask a person."""
    if os.geteuid() == 0 or not sys.stderr.isatty():
        return ()
    sudo = shutil.which("sudo")
    return (sudo, "--") if sudo else ()


def _go_home(user: InvokingUser) -> None:
    """Have HOME, which sudo makes root's, name the person's folder."""
    if user.name:
        os.environ["HOME"] = pwd.getpwuid(user.uid).pw_dir


def _groups_of(user: InvokingUser) -> list[int]:
    return os.getgrouplist(user.name, user.gid) if user.name else [user.gid]
