"""``python -I -m tunscope.device.inspect``: answers whose a device or socket is, and nothing else.

The privileged child of a front end that gave its own rights away. One JSON object a line on
stdin, one answer a line on stdout, until stdin ends::

    {"id": 1, "op": "owners", "netns": null}
    {"id": 1, "owners": {"tun0": {"pid": 7748, "command": "/usr/sbin/openvpn ..."}}}
    {"id": 2, "error": "--netns blue: no such network namespace (ip netns list shows them)"}
    {"id": 3, "op": "programs", "netns": null, "conversations": [[6, "10.9.0.1", 40122, ...]]}
    {"id": 3, "programs": [[812, "curl"]]}

It never touches a packet, and loads nothing that reads one.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any, Final, TextIO

from tunscope.device.namespaces import inside
from tunscope.device.owners import find_owners
from tunscope.device.programs import TCP, UDP, Conversation, find_programs
from tunscope.errors import TunscopeError

#: No question is longer; what is gets an error, not memory.
MAX_LINE: Final = 8192


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
    handler = {"owners": _owners, "programs": _programs}.get(str(question.get("op")))
    if handler is None or not isinstance(netns, str | None):
        return {"id": identity, "error": "the question is not known"}
    try:
        with inside(netns):
            return {"id": identity, **handler(question)}
    except TunscopeError as error:
        return {"id": identity, "error": str(error)}


def _owners(question: dict[str, Any]) -> dict[str, Any]:
    del question
    owners = find_owners()
    return {
        "owners": {
            name: {"pid": owner.pid, "command": owner.command} for name, owner in owners.items()
        }
    }


def _programs(question: dict[str, Any]) -> dict[str, Any]:
    try:
        asked = [
            Conversation(int(protocol), str(source), int(sport), str(target), int(dport))
            for protocol, source, sport, target, dport in question["conversations"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise TunscopeError("the question", "names no conversations") from error
    if any(one.protocol not in {TCP, UDP} for one in asked):
        raise TunscopeError("the question", "is of neither TCP nor UDP")
    found = find_programs(asked)
    return {"programs": [None if one is None else [one.pid, one.name] for one in found]}


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
