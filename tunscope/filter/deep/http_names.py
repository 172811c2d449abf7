"""Names of HTTP: methods, headers that have a field, and what status codes mean."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

_METHODS: Final = """
GET PUT POST HEAD TRACE PATCH DELETE OPTIONS CONNECT LINK UNLINK PROPFIND PROPPATCH MKCOL COPY
MOVE LOCK UNLOCK BCOPY BDELETE BMOVE BPROPFIND BPROPPATCH POLL SEARCH SUBSCRIBE UNSUBSCRIBE NOTIFY
REPORT VERSION-CONTROL CHECKOUT CHECKIN UNCHECKOUT MKWORKSPACE UPDATE LABEL MERGE BASELINE-CONTROL
MKACTIVITY RPC_CONNECT RPC_IN_DATA RPC_OUT_DATA M-SEARCH CCM_POST SOURCE
"""
METHODS: Final = frozenset(_METHODS.split())
_HEADERS: Final = """
accept accept-encoding accept-language authorization cache-control connection content-encoding
content-type cookie date host http2-settings last-modified location proxy-authenticate
proxy-authorization referer sec-websocket-accept sec-websocket-extensions sec-websocket-key
sec-websocket-protocol sec-websocket-version server set-cookie transfer-encoding upgrade user-agent
www-authenticate x-forwarded-for
"""
#: Headers with a field of their own, in lower case, and what follows `http.` in its name.
HEADERS: Final = {
    **{name: name.replace("-", "_") for name in _HEADERS.split()},
    "content-length": "content_length_header",
}
_LAST: Final = {
    199: "Informational - Others",
    299: "Success - Others",
    399: "Redirection - Others",
    499: "Client Error - Others",
    599: "Server Error - Others",
}


def reason(code: int) -> str:
    """Return what a status code means."""
    if code in _LAST:
        return _LAST[code]
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return f"Unknown ({code})"
