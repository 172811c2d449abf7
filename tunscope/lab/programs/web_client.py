"""Keeps fetching pages: `main SECONDS URL...`, one URL after the other, for ever."""

from __future__ import annotations

import http.client
import itertools
import sys
import time
import urllib.error
import urllib.request

TIMEOUT_SECONDS = 30  # a held SYN or segment is retransmitted several times within


def fetch(opener: urllib.request.OpenerDirector, url: str) -> int | None:
    """Fetch one page to its end; return the status, None where no answer came."""
    try:
        with opener.open(url, timeout=TIMEOUT_SECONDS) as response:
            response.read()
            status: int = response.status
            return status
    except urllib.error.HTTPError as error:
        with error:
            error.read()
            return error.code
    except (OSError, http.client.HTTPException):
        return None


def main() -> int:
    """Fetch until killed."""
    seconds, *urls = sys.argv[1:]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.addheaders = [("User-Agent", "tunscope-lab")]
    for url in itertools.cycle(urls):
        fetch(opener, url)
        time.sleep(float(seconds))
    return 0
