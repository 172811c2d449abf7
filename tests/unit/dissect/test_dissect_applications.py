"""Protocols above TCP and UDP: their fields, their bytes, and how scapy is kept quiet."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.ntp import NTP
from scapy.layers.radius import Radius, RadiusAttr_User_Name
from scapy.layers.sctp import SCTP, SCTPChunkInit, SCTPChunkParamCookiePreservative
from scapy.layers.snmp import SNMP
from scapy.packet import Packet

from tunscope.dissect import FieldNode, field_tree
from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord

ENDS = IP(src="10.9.0.1", dst="10.9.0.2")


def tree(packet: Packet) -> FieldNode:
    data = bytes(packet)
    return field_tree(PacketRecord(data, 0, len(data), LinkType.RAW))


def walk(root: FieldNode) -> Iterator[FieldNode]:
    for child in root.children:
        yield child
        yield from walk(child)


def find(root: FieldNode, name: str) -> FieldNode:
    return next(node for node in walk(root) if node.name == name)


def test_scapys_fields_have_their_own_bytes() -> None:
    root = tree(ENDS / UDP(sport=123, dport=123) / NTP(stratum=3, poll=7))
    places = {node.name: (node.start, node.stop, node.value) for node in walk(root)}
    assert places["ntp.flags.mode"] == (28, 29, "3")
    assert places["ntp.stratum"] == (29, 30, "3")
    assert places["ntp.ppoll"] == (30, 31, "7")
    assert places["ntpheader.sent"][:2] == (68, 76)


def test_packets_within_scapys_fields_have_their_own_bytes() -> None:
    user = RadiusAttr_User_Name(value=b"bob")
    root = tree(ENDS / UDP(sport=1812, dport=1812) / Radius(code=1, attributes=[user]))
    node = find(root, "radiusattr_user_name.value")
    assert (node.start, node.stop, node.label) == (50, 53, "value: bob")


def test_a_chain_of_scapys_protocols_is_followed() -> None:
    chunk = SCTPChunkInit(init_tag=5, params=[SCTPChunkParamCookiePreservative()])
    root = tree(ENDS / SCTP(sport=7, dport=9) / chunk)
    assert find(root, "sctp.dstport").value == "9"
    node = find(root, "sctp.init_initiate_tag")
    assert (node.start, node.stop, node.value) == (36, 40, "5")


def test_a_protocol_without_places_gives_its_fields_the_range_of_all() -> None:
    root = tree(ENDS / UDP(sport=40000, dport=161) / SNMP(community="public"))
    node = find(root, "snmp.community")
    assert (node.start, node.stop, node.value) == (28, root.stop, "public")


def test_a_protocol_that_raises_leaves_what_it_read() -> None:
    root = tree(IP(src="10.9.0.1", dst="10.9.0.2", proto=132) / b"\x00\x07\x00\x09\x01")
    assert find(root, "sctp.dstport").value == "9"
    note = root.children[-1]
    assert note.name == "_ws.malformed"
    assert note.label == "[Malformed Packet: Stream Control Transmission Protocol]"


def test_dhcp_shows_its_options() -> None:
    options = [("message-type", "discover"), ("hostname", b"ho\x1bst"), "end"]
    packet = UDP(sport=68, dport=67) / BOOTP(xid=7) / DHCP(options=options)
    root = tree(ENDS / packet)
    assert find(root, "dhcp").label == "Dynamic Host Configuration Protocol (Discover)"
    assert find(root, "dhcp.option.hostname").value == "ho\\x1bst"
    kind = find(root, "dhcp.option.dhcp")
    assert (kind.start, kind.stop) == (270, 271)


def test_http_shows_its_first_line_and_headers() -> None:
    text = b"GET /index.html HTTP/1.1\r\nHost: example.com\r\nX-Odd: \x1b[31m\r\n\r\nbody"
    root = tree(ENDS / TCP(sport=40000, dport=8081, flags="PA") / text)
    assert find(root, "http.request.uri").value == "/index.html"
    host = find(root, "http.host")
    assert (host.label, host.stop - host.start) == ("Host: example.com\\r\\n", 19)
    assert find(root, "http.request.line").value == "X-Odd: \\x1b[31m"
    assert find(root, "http.file_data").stop == root.stop


def client_hello(name: bytes) -> bytes:
    server = b"\x00" + len(name).to_bytes(2, "big") + name
    body = len(server).to_bytes(2, "big") + server
    extensions = b"\x00\x00" + len(body).to_bytes(2, "big") + body
    hello = b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x02\x13\x01" + b"\x01\x00"
    hello += len(extensions).to_bytes(2, "big") + extensions
    message = b"\x01" + len(hello).to_bytes(3, "big") + hello
    return b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message


@pytest.mark.parametrize("port", [443, 40443])
def test_tls_shows_the_server_name(port: int) -> None:
    segment = TCP(sport=40000, dport=port, flags="PA") / client_hello(b"lab.\x1bexample")
    root = tree(ENDS / segment)
    node = find(root, "tls.handshake.extensions_server_name")
    assert node.value == "lab.\\x1bexample"
    assert node.stop == root.stop
    suite = find(root, "tls.handshake.ciphersuite")
    assert suite.label == "Cipher Suite: TLS_AES_128_GCM_SHA256 (0x1301)"


PROBE = """
import os, sys
seen = []
def watch(event, arguments):
    if event.startswith("socket.") and event != "socket.__new__" or event == "os.mkdir":
        seen.append((event, arguments))
    if event == "open" and str(arguments[0]).startswith(os.environ["HOME"]):
        seen.append((event, arguments))
from tunscope.dissect import field_tree, warm_up
assert "scapy" not in sys.modules, "scapy is imported before it is needed"
sys.addaudithook(watch)
warm_up()
assert "scapy" in sys.modules
print(seen)
"""


def test_scapy_is_imported_late_and_touches_nothing(tmp_path: Path) -> None:
    for folder in (".config", ".cache"):
        # Scapy makes these two where a person has none, and leaves them empty.
        (tmp_path / folder).mkdir()
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROBE],
        capture_output=True,
        check=False,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        cwd=Path(__file__).parents[3],
        encoding="utf-8",
    )
    assert run.stderr == ""
    assert run.stdout == "[]\n"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
