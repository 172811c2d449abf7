"""``python -I -m tunscope.device.inspect``: answers who owns which device, and nothing else.

The privileged child of a front end that gave its own rights away. One JSON object a line on
stdin, one answer a line on stdout, until stdin ends::

    {"id": 1, "op": "owners", "netns": null}
    {"id": 1, "owners": {"tun0": {"pid": 7748, "command": "/usr/sbin/openvpn ..."}}}
    {"id": 2, "error": "--netns blue: no such network namespace (ip netns list shows them)"}

It never touches a packet, and loads nothing that reads one.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any, Final, TextIO

from tunscope.device.namespaces import entered, open_netns
from tunscope.device.owners import find_owners
from tunscope.errors import TunscopeError

#: No question is longer; what is gets an error, not memory.
MAX_LINE: Final = 4096


def answer(line: str) -> dict[str, Any]:
    """Return the answer to one line; a line that is no question is answered with an error."""
    try:
        question = json.loads(line)
    except (ValueError, RecursionError):
        return {"id": None, "error": "the line is no JSON"}
    if not isinstance(question, dict):
        return {"id": None, "error": "the line is no JSON object"}
    netns = question.get("netns")
    identity = question.get("id")
    if question.get("op") != "owners" or not isinstance(netns, str | None):
        return {"id": identity, "error": "the question is not known"}
    try:
        owners = _owners(netns)
    except TunscopeError as error:
        return {"id": identity, "error": str(error)}
    return {
        "id": identity,
        "owners": {
            name: {"pid": owner.pid, "command": owner.command} for name, owner in owners.items()
        },
    }


def _owners(spec: str | None) -> dict[str, Any]:
    if spec is None:
        return dict(find_owners())
    fd = open_netns(spec)
    try:
        with entered(fd):
            return dict(find_owners())
    finally:
        os.close(fd)


def serve(questions: TextIO, answers: TextIO) -> None:
    """Answer line by line until the questions end or nobody reads the answers."""
    try:
        while line := questions.readline(MAX_LINE + 1):
            if len(line) > MAX_LINE and not line.endswith("\n"):
                while rest := questions.readline(MAX_LINE):
                    if rest.endswith("\n"):
                        break
                reply: dict[str, Any] = {"id": None, "error": "the line is too long"}
            else:
                reply = answer(line)
            answers.write(json.dumps(reply) + "\n")
            answers.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), answers.fileno())  # for the flush at exit


def main() -> int:
    """Serve the front end; Ctrl-C, which reaches both, is its business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open(0, errors="backslashreplace", closefd=False) as questions:
        serve(questions, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
