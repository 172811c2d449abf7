"""Domain names on the wire, and the names of DNS numbers (RFC 1035, IANA registry)."""

from __future__ import annotations

from typing import Final

from tunscope.summary.window import Malformed, Window

_MAX_NAME: Final = 1024
_MAX_POINTERS: Final = 128

_TYPES: Final = {
    0: "Unused", 1: "A", 2: "NS", 3: "MD", 4: "MF", 5: "CNAME", 6: "SOA", 7: "MB", 8: "MG",
    9: "MR", 10: "NULL", 11: "WKS", 12: "PTR", 13: "HINFO", 14: "MINFO", 15: "MX", 16: "TXT",
    17: "RP", 18: "AFSDB", 19: "X25", 20: "ISDN", 21: "RT", 22: "NSAP", 23: "NSAP-PTR",
    24: "SIG", 25: "KEY", 26: "PX", 27: "GPOS", 28: "AAAA", 29: "LOC", 30: "NXT", 31: "EID",
    32: "NIMLOC", 33: "SRV", 34: "ATMA", 35: "NAPTR", 36: "KX", 37: "CERT", 38: "A6",
    39: "DNAME", 40: "SINK", 41: "OPT", 42: "APL", 43: "DS", 44: "SSHFP", 45: "IPSECKEY",
    46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 49: "DHCID", 50: "NSEC3", 51: "NSEC3PARAM",
    52: "TLSA", 55: "HIP", 57: "RKEY", 58: "TALINK", 59: "CDS", 60: "CDNSKEY",
    61: "OPENPGPKEY", 62: "CSYNC", 63: "ZONEMD", 64: "SVCB", 65: "HTTPS", 99: "SPF",
    100: "UINFO", 101: "UID", 102: "GID", 103: "UNSPEC", 104: "NID", 105: "L32", 106: "L64",
    107: "LP", 108: "EUI48", 109: "EUI64", 249: "TKEY", 250: "TSIG", 251: "IXFR",
    252: "AXFR", 253: "MAILA", 254: "MAILB", 255: "ANY", 256: "URI", 257: "CAA",
    32768: "TA", 32769: "DLV", 65281: "WINS", 65282: "WINS-R", 65422: "XPF",
}  # fmt: skip


def type_name(number: int) -> str:
    """Return the mnemonic of a record type."""
    return _TYPES.get(number) or f"Unknown ({number})"


def read_name(message: Window, offset: int) -> tuple[bytes, int]:
    """Return the name at `offset`, dotted, `b"<Root>"` for the root, and where it ends.

    Compression pointers (RFC 1035, 4.1.4) are followed a bounded number of times; the name is
    cut at a length no real name has.
    """
    labels: list[bytes] = []
    end = -1
    total = pointers = 0
    while True:
        size = message.u8(offset)
        kind = size & 0xC0
        if kind == 0xC0:
            target = message.u16(offset) & 0x3FFF
            if end < 0:
                end = offset + 2
            pointers += 1
            if pointers > _MAX_POINTERS:
                raise Malformed
            offset = target
            continue
        if kind:
            labels.append(b"<Unknown extended label>")
            return b".".join(labels), offset + 1 if end < 0 else end
        offset += 1
        if size == 0:
            break
        labels.append(message.take(offset, size))
        offset += size
        total += size + 1
        if total > _MAX_NAME:
            raise Malformed
    return b".".join(labels) or b"<Root>", offset if end < 0 else end
