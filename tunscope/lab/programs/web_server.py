"""A web server with a few pages: `main PORT ADDRESS...`; prints `ready` once it listens.

Python's http.server over pages held in memory, so that no file of the person who runs the lab
is ever served.
"""

from __future__ import annotations

import http.server
import socket
import socketserver
import sys
import threading
from http import HTTPStatus
from typing import NamedTuple


class Page(NamedTuple):
    """A body and what it is."""

    content_type: str
    body: bytes


BIG_PAGE = "/numbers.txt"
PAGES = {
    "/": Page(
        "text/html; charset=utf-8",
        b"<!doctype html>\n<title>tunscope lab</title>\n"
        b"<p>This page crossed a tun device. <a href='/hello.txt'>Hello</a>\n",
    ),
    "/hello.txt": Page("text/plain; charset=utf-8", b"Hello from the other side.\n"),
    BIG_PAGE: Page(
        "text/plain; charset=utf-8", b"".join(b"%06d\n" % number for number in range(5000))
    ),
}


class PageHandler(http.server.BaseHTTPRequestHandler):
    """Answers GET and HEAD from `PAGES`."""

    server_version = "tunscope-lab"

    def do_GET(self) -> None:
        """Send headers and body."""
        page = self._send_head()
        if page is not None:
            self.wfile.write(page.body)

    def do_HEAD(self) -> None:
        """Send headers only."""
        self._send_head()

    def log_message(self, format: str, *args: object) -> None:
        """Keep standard error for what is wrong."""

    def _send_head(self) -> Page | None:
        page = PAGES.get(self.path)
        if page is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        return page


class WebServer(socketserver.ThreadingTCPServer):
    """A TCP server on one address; unlike HTTPServer it looks no name up at the start."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, port), PageHandler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is no news."""


def main() -> int:
    """Serve until killed."""
    port, *addresses = sys.argv[1:]
    servers = [WebServer(address, int(port)) for address in addresses]
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    for thread in threads:
        thread.join()
    return 0
