"""`tunscope run`: a download of 20 MB from the host, recorded and not, and beside a plain relay.

curl in the namespace downloads from a server on the host's loopback; all ways in turn, medians.
The plain relay is a Python loop that only reads and writes; the last line is the program's own tap,
observed. No root is needed.
"""

from __future__ import annotations

import argparse
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import machine, median, table

from tunscope.lab.barepython import bare_command
from tunscope.lab.namespaces import ENTER, Namespaces
from tunscope.usernet.passt import PASST
from tunscope.usernet.private_network import DEVICE, Wishes, topology_of
from tunscope.usernet.slirp import SLIRP
from tunscope.usernet.uplink import UPLINKS

LOOP = Path(__file__).with_name("run_loop.py")
SIZE = 20_000_000
BODY = bytes(SIZE)
#: In each run of curl.
DOWNLOADS = 5


class Pages(http.server.BaseHTTPRequestHandler):
    """Answers every request with so many zeros."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", str(SIZE))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@contextmanager
def server() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as pages:
        thread = threading.Thread(target=pages.serve_forever)
        thread.start()
        try:
            yield pages.server_address[1]
        finally:
            pages.shutdown()
            thread.join()


def curl(port: int, via: str) -> list[str]:
    """Return a command that prints the speed of each of its downloads, bytes a second."""
    # The passt of Debian 12 may stop answering after the first one.
    downloads = 1 if via == PASST else DOWNLOADS
    urls = ["-o", "/dev/null", f"http://10.0.2.2:{port}/"] * downloads
    return ["curl", "-sS", "-m", "60", "-w", "%{speed_download}\n", *urls]


def speed(printed: str) -> float:
    """Return megabytes a second, the median of what curl printed."""
    return median([float(line) / 1e6 for line in printed.split()])


def with_tunscope(port: int, via: str, *words: str) -> float:
    command = [
        sys.executable,
        "-m",
        "tunscope",
        "run",
        "-q",
        "--via",
        via,
        *words,
        "--",
        *curl(port, via),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return speed(done.stdout)


def with_plain_relay(port: int, via: str, mtu: int) -> float:
    namespaces = Namespaces(topology_of("bench", Wishes(mtu=mtu)))
    uplink = UPLINKS[via](mtu, ())
    user = namespaces.descriptors.user_namespace
    network = namespaces.descriptors.network_namespaces["bench"]
    enter = bare_command(ENTER, str(user), str(network))
    loop = subprocess.Popen(
        [*enter, sys.executable, str(LOOP), str(uplink.fileno()), uplink.peer_kind, DEVICE],
        pass_fds=[user, network, uplink.fileno()], stdout=subprocess.PIPE,
    )  # fmt: skip
    assert loop.stdout is not None
    loop.stdout.readline()
    uplink.handed_over()
    read, write = os.pipe()
    try:
        done = namespaces.spawn("bench", curl(port, via), stdout=write, stderr=2)
        os.close(write)
        done.wait(120)
        with open(read) as printed:
            return speed(printed.read())
    finally:
        loop.kill()
        loop.communicate()
        uplink.close()
        namespaces.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--via", choices=UPLINKS, action="append")
    arguments = parser.parse_args()
    results: dict[tuple[str, int, str], list[float]] = {}
    programs = [name for name in arguments.via or UPLINKS if shutil.which(name)]
    ways = [(via, mtu) for via in programs for mtu in (1500, 65520)]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, server() as port:
        file = str(Path(folder) / "run.pcapng")
        for _ in range(arguments.rounds):
            for via, mtu in ways:
                words = ("--mtu", str(mtu))
                plain = with_plain_relay(port, via, mtu)
                results.setdefault((via, mtu, "plain relay"), []).append(plain)
                for what, more in (
                    ("no file", ("--no-tui",)),
                    ("snaplen 256", ("-s", "256", "--pcap", file)),
                    ("whole packets", ("--pcap", file)),
                ):
                    results.setdefault((via, mtu, what), []).append(
                        with_tunscope(port, via, *words, *more)
                    )
            observed = with_tunscope(port, SLIRP, "--observe", "-s", "256", "--pcap", file)
            results.setdefault(("observed", 1500, "snaplen 256"), []).append(observed)
    print(machine())
    rows = []
    for via, mtu in ways:
        plain, null, short, whole = (
            median(results[via, mtu, what])
            for what in ("plain relay", "no file", "snaplen 256", "whole packets")
        )
        rows.append([
            via, str(mtu), *(f"{value:.0f}" for value in (plain, null, short, whole)),
            f"{short / plain:.2f}", f"{short / null:.2f}",
            f"{short / median(results[via, 1500, 'snaplen 256']):.1f}",
        ])  # fmt: skip
    print(table(
        ["", "MTU", "plain relay, MB/s", "no file", "snaplen 256", "whole packets",
         "256 / plain", "256 / no file", "of MTU 1500"], rows,
    ))  # fmt: skip
    print(f"observed, MTU 1500, snaplen 256: "
          f"{median(results['observed', 1500, 'snaplen 256']):.0f} MB/s")  # fmt: skip


if __name__ == "__main__":
    main()
