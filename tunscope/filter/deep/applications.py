"""Every decoder of applications, registered: import this before decoding."""

from __future__ import annotations

from tunscope.filter.deep import dhcp, dns, http, ntp, ssh, tls

__all__ = ["dhcp", "dns", "http", "ntp", "ssh", "tls"]
