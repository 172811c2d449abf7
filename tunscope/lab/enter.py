"""Enters a lab and becomes another program: `main USER_NAMESPACE NETWORK_NAMESPACE COMMAND...`.

The namespaces are inherited descriptors. Only for who made the user namespace, which gives all
rights inside it. Mounts and processes stay those of the caller. Standard library only, and one
thread, as setns(2) asks for.
"""

from __future__ import annotations

import os
import sys

from tunscope.lab.syscalls import CLONE_NEWNET, CLONE_NEWUSER, setns


def main() -> int:
    """Do it; returns only where it fails."""
    user, network, *command = sys.argv[1:]
    try:
        setns(int(user), CLONE_NEWUSER)
        setns(int(network), CLONE_NEWNET)
        os.close(int(user))
        os.execvp(command[0], command)
    except OSError as error:
        print(f"cannot enter the lab: {error.strerror}", file=sys.stderr)
    return 1
