"""Numbers as people read them: thousands separators, sizes, rates, bars. Pure."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_EIGHTHS = " ▏▎▍▌▋▊▉"


def count(value: int) -> str:
    """Return `value` with thousands separators: ``12,345``."""
    return f"{value:,}"


def packets(number: int) -> str:
    """Return a number of packets in words: ``1 packet``, ``12,345 packets``."""
    return f"{number:,} packet{'s' * (number != 1)}"


def _scaled(value: float, units: Sequence[str]) -> str:
    step = 0
    while abs(value) >= 999.5 and step < len(units) - 1:
        value /= 1000
        step += 1
    if step == 0 and value == int(value):
        return f"{int(value)} {units[0]}"
    return f"{value:.1f} {units[step]}" if value < 99.95 else f"{value:,.0f} {units[step]}"


def size(octets: float) -> str:
    """Return a number of bytes in decimal units: ``512 B``, ``9.4 MB``, ``2.0 GB``."""
    return _scaled(octets, ("B", "kB", "MB", "GB", "TB"))


def packet_rate(per_second: float) -> str:
    """Return packets per second: ``0 pps``, ``12.0 pps``, ``1.2 kpps``."""
    return _scaled(per_second, ("pps", "kpps", "Mpps"))


def bit_rate(per_second: float) -> str:
    """Return bits per second: ``0 b/s``, ``9.8 Mb/s``."""
    return _scaled(per_second, ("b/s", "kb/s", "Mb/s", "Gb/s", "Tb/s"))


def percentage(part: int, whole: int) -> str:
    """Return `part` of `whole` as ``2.5 %``; nothing of nothing is ``0 %``."""
    if not whole:
        return "0 %"
    value = 100 * part / whole
    return f"{value:.0f} %" if value in {0.0, 100.0} else f"{value:.1f} %"


def sparkline(values: Sequence[float]) -> str:
    """Return one block character a value, scaled to the largest; no traffic is the lowest bar."""
    peak = max(values, default=0)
    if peak <= 0:
        return _BARS[0] * len(values)
    top = len(_BARS) - 1
    return "".join(_BARS[min(top, round(max(0.0, value) / peak * top))] for value in values)


def bar(share: float, cells: int) -> str:
    """Return a bar over `share` (0 to 1) of `cells` cells, in eighths; what is not 0 shows."""
    eighths = round(min(1.0, max(0.0, share)) * cells * 8) or (1 if share > 0 else 0)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(cells)
