"""Names of addresses in DNS answers; scapy builds them."""

from __future__ import annotations

import random
import warnings

import pytest

from tunscope.summary.dns_answers import address_names

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from scapy.layers.dns import DNS, DNSQR, DNSRR


def answer(*records: DNSRR, **header: int) -> bytes:
    query = DNSQR(qname="www.example.com")
    return bytes(DNS(qr=1, qd=query, an=list(records), **header))


def test_addresses_and_reverse_names_are_read() -> None:
    six = "8.b.d.0.1.0.0.2.ip6.arpa"
    reverse = "1." + "0." * 23 + six
    message = answer(
        DNSRR(rrname="www.example.com", type="CNAME", rdata="host.example.com"),
        DNSRR(rrname="host.example.com", type="A", rdata="192.0.2.1"),
        DNSRR(rrname="host.example.com", type="AAAA", rdata="2001:db8::7"),
        DNSRR(rrname="9.2.0.192.in-addr.arpa", type="PTR", rdata="nine.example.com"),
        DNSRR(rrname=reverse, type="PTR", rdata="six.example.com"),
        DNSRR(rrname="_http._tcp.local", type="PTR", rdata="printer.local"),
    )
    assert [(a, n.rstrip(".")) for a, n in address_names(message)] == [
        ("192.0.2.1", "host.example.com"),
        ("2001:db8::7", "host.example.com"),
        ("192.0.2.9", "nine.example.com"),
        ("2001:db8::1", "six.example.com"),
    ]


def test_mdns_answers_with_cache_flush_count() -> None:
    message = answer(DNSRR(rrname="box.local", type="A", rclass=0x8001, rdata="192.0.2.3"))
    assert address_names(message) == [("192.0.2.3", "box.local")]


@pytest.mark.parametrize("header", [{"qr": 0}, {"rcode": 3}])
def test_questions_and_failures_name_nothing(header: dict[str, int]) -> None:
    record = DNSRR(rrname="x.y", type="A", rdata="192.0.2.1")
    message = bytes(DNS(qd=DNSQR(qname="x.y"), an=[record], **{"qr": 1, **header}))
    assert address_names(message) == []


def test_hostile_messages_end_quietly() -> None:
    whole = answer(*(DNSRR(rrname="a.b", type="A", rdata=f"192.0.2.{n}") for n in range(9)))
    for size in range(len(whole)):
        assert len(address_names(whole[:size])) <= 9
    dice = random.Random(4)
    for _ in range(500):
        damaged = bytearray(whole)
        for _ in range(4):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        address_names(bytes(damaged))
