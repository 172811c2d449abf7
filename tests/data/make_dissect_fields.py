"""Writes the field table of tunscope/dissect from what the installed tshark says of its fields.

Names, labels, types, masks and value names are Wireshark's, so that the field tree speaks its
words. Run with `.venv/bin/python tests/data/make_dissect_fields.py`.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOM = Path(__file__).parents[2] / "tunscope" / "dissect"
PROTOCOLS = frozenset(
    (
        "frame",
        "pkt_comment",
        "eth",
        "vlan",
        "ieee8021ad",
        "ieee8021ah",
        "ah",
        "carp",
        "llc",
        "arp",
        "ip",
        "ipv6",
        "icmp",
        "icmpv6",
        "tcp",
        "udp",
        "udplite",
        "dns",
        "sll",
        "null",
        "loop",
        "gre",
        "vxlan",
        "mpls",
        "pppoe",
        "pppoed",
        "pppoes",
        "ppp",
        "geneve",
        "data",
    )
)
#: Of these protocols only the groups that are decoded.
GROUPS = (
    *("http.", "tls.record.", "tls.handshake.", "tls.change_cipher_spec", "tls.alert_message"),
    *("tls.app_data", "dhcp.type", "dhcp.hw.", "dhcp.hops", "dhcp.id", "dhcp.secs", "dhcp.flags"),
    *("dhcp.ip.", "dhcp.cookie", "dhcp.server", "dhcp.file", "dhcp.option.", "dhcp.client_id"),
)
#: Fields of features that are not decoded, with many value names.
SKIPPED = (
    "citrix",
    "quic",
    "esni",
    "echnames",
    ".ech_",
    "cable",
    "docsis",
    "pxe",
    "_resolved",
    "addr_oui",
    "addr.oui",
    "dst.oui",
    "src.oui",
    ".proc.",
    "icmp.int_ident",
    "dns.wks",
    "dns.xpf",
    "_host",
)


def report(topic: str) -> list[list[str]]:
    text = subprocess.run(
        ["tshark", "-G", topic], capture_output=True, check=True, encoding="utf-8"
    ).stdout
    return [line.split("\t") for line in text.splitlines()]


def wanted(name: str) -> bool:
    protocol, _, _ = name.partition(".")
    known = protocol in PROTOCOLS or name.startswith(GROUPS)
    return known and not any(part in name for part in SKIPPED)


def main() -> None:
    values: dict[str, list[str]] = {}
    units: dict[str, str] = {}
    for row in report("values"):
        if len(row) < 3 or not wanted(row[1]):
            continue
        if row[0] in {"V", "V64"}:
            values.setdefault(row[1], []).append(f"{int(row[2], 0)}\t{row[3]}")
        elif row[0] == "R":
            values.setdefault(row[1], []).append(f"{int(row[2], 0)}-{int(row[3], 0)}\t{row[4]}")
        elif row[0] == "T":
            values.setdefault(row[1], []).extend([f"1\t{row[2]}", f"0\t{row[3]}"])
        elif row[0] == "U":
            units[row[1]] = f"{row[2]}\t{row[3]}"
    sets: dict[str, str] = {}
    texts = ["# A set of value names: its key on a line of its own, then values and names."]
    rows = ["# name\tlabel\ttype\tbase\tmask\tnames\tunit"]
    seen: set[str] = set()
    for row in report("fields"):
        if row[0] != "F" or not wanted(row[2]) or row[2] in seen:
            continue
        _, label, name, kind, _, base, mask = row[:7]
        seen.add(name)
        key = ""
        if name == "vlan.priority":
            # The meanings by five standards; Wireshark's default is the second, IEEE 802.1Q-2005.
            values[name] = values[name][8:16]
        if name in values:
            body = "\n".join(values[name])
            if body not in sets:
                sets[body] = name
                texts += [name, body]
            key = sets[body]
        kind, base = kind.removeprefix("FT_"), base.removeprefix("BASE_")
        mask = "" if int(mask, 0) == 0 else mask
        rows.append("\t".join([name, label, kind, base, mask, key, units.get(name, "")]).rstrip())
    (ROOM / "fields.tsv").write_text("\n".join(sorted(rows)) + "\n", encoding="utf-8")
    (ROOM / "names.tsv").write_text("\n".join(texts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
