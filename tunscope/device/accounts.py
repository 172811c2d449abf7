"""Users and groups by name or number."""

from __future__ import annotations

import grp
import pwd
from typing import Final

from tunscope.errors import UsageError
from tunscope.packet.printable import printable

_MAX_ID: Final = 0xFFFFFFFE


def user_id(text: str) -> int:
    """Return the uid of a user; a number need not be in the user database."""
    number = _number(text)
    if number is not None:
        return number
    try:
        return pwd.getpwnam(text).pw_uid
    except (KeyError, ValueError):
        raise UsageError(f"--user {printable(text)}", "no such user") from None


def group_id(text: str) -> int:
    """Return the gid of a group; a number need not be in the group database."""
    number = _number(text)
    if number is not None:
        return number
    try:
        return grp.getgrnam(text).gr_gid
    except (KeyError, ValueError):
        raise UsageError(f"--group {printable(text)}", "no such group") from None


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()):
        return None
    return int(text) if len(text) <= 10 and int(text) <= _MAX_ID else None
