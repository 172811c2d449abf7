"""The one exception a user ever sees: what failed, why, and what to do about it."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit status of every tunscope command."""

    OK = 0
    FAILURE = 1
    USAGE = 2


class TunscopeError(Exception):
    """A failure to tell in one line: ``tunscope: what: why (hint)``.

    `what` names the thing that failed (a device, a file, an option), `why` the reason,
    `hint` the next step, where one is known. `exit_code` becomes the exit status.
    """

    def __init__(
        self, what: str, why: str, hint: str = "", exit_code: ExitCode = ExitCode.FAILURE
    ) -> None:
        super().__init__(what, why, hint, exit_code)
        self.what = what
        self.why = why
        self.hint = hint
        self.exit_code = exit_code

    def caret(self) -> str:
        """Return what was written and, in a line below, a mark under the fault; "" if none is."""
        return ""

    def __str__(self) -> str:
        line = f"{self.what}: {self.why}" if self.why else self.what
        return f"{line} ({self.hint})" if self.hint else line


class UsageError(TunscopeError):
    """Wrong words on the command line, an unreadable file, a bad filter: exit status 2."""

    def __init__(self, what: str, why: str, hint: str = "") -> None:
        super().__init__(what, why, hint, ExitCode.USAGE)
