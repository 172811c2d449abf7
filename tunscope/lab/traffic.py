"""Traffic as data: the programs that keep a lab busy, and how to make the usual ones.

Real programs over the kernel's own stacks: what a lab shows is what these programs do anywhere.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tunscope.lab.barepython import bare_command

HTTP_PORT = 80
READY = "ready"


def search_path() -> str:
    """Return where programs of labs are looked for: the caller's PATH and the folders of root.

    A person's PATH may lack /usr/sbin, where dnsmasq, nft and openvpn are.
    """
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(dict.fromkeys((*folders, "/usr/local/sbin", "/usr/sbin", "/sbin")))


@dataclass(frozen=True, slots=True)
class Program:
    """A program in a node.

    `ready` is text that it prints once others may talk to it, "" if nobody waits for that. A
    `plain` one is a program that a person would start with the same words.
    """

    name: str
    node: str
    argv: tuple[str, ...]
    ready: str = ""
    plain: bool = False


def ping(node: str, address: str, seconds: float) -> Program:
    """An echo request every `seconds`, by the system's ping where there is one."""
    if shutil.which("ping", path=search_path()):
        argv: tuple[str, ...] = ("ping", "-n", "-i", f"{seconds:g}", address)
    else:
        argv = bare_command("tunscope.lab.programs.echo", f"{seconds:g}", address)
    return Program(f"ping {address}", node, argv, plain=argv[0] == "ping")


def bare_program(name: str, node: str, *arguments: str, waits: bool = False) -> Program:
    """One of `lab.programs`; `waits` for those that print that they are ready."""
    argv = bare_command(f"tunscope.lab.programs.{name}", *arguments)
    return Program(name.replace("_", " "), node, argv, ready=READY if waits else "")


def bandwidth_tests(client: str, server: str, address: str, seconds: float) -> tuple[Program, ...]:
    """A short transfer by iperf3 every `seconds`; nothing where it is not installed."""
    if not shutil.which("iperf3", path=search_path()):
        return ()
    again = f"while sleep {seconds:g}; do iperf3 -c {address} -n 200K >/dev/null; done"
    return (
        Program("iperf3 server", server, ("iperf3", "-s"), plain=True),
        Program("iperf3", client, ("sh", "-c", again), plain=True),
    )


def nameserver(
    node: str, addresses: Sequence[str], records: Mapping[str, Iterable[str]]
) -> Program:
    """A DNS server on UDP port 53 of `addresses` that knows `records`, name to addresses."""
    words = [f"{name}={address}" for name, known in records.items() for address in known]
    argv = bare_command("tunscope.lab.programs.nameserver", *addresses, *words)
    return Program("nameserver", node, argv, ready=READY)


def lookups(node: str, name: str, servers: Sequence[str], seconds: float) -> Program:
    """An A and an AAAA query for `name` every `seconds`, the servers in turn."""
    argv = bare_command("tunscope.lab.programs.lookup", f"{seconds:g}", name, *servers)
    return Program("lookups", node, argv)


def web_server(node: str, addresses: Sequence[str]) -> Program:
    """An HTTP server on port 80 of `addresses`."""
    argv = bare_command("tunscope.lab.programs.web_server", str(HTTP_PORT), *addresses)
    return Program("web server", node, argv, ready=READY)


def web_client(node: str, urls: Sequence[str], seconds: float) -> Program:
    """A page fetched every `seconds`, the URLs in turn."""
    argv = bare_command("tunscope.lab.programs.web_client", f"{seconds:g}", *urls)
    return Program("web client", node, argv)
