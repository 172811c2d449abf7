from __future__ import annotations

import contextlib
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunscope.lab.programs import nameserver
from tunscope.lab.programs.dns_message import (
    TYPE_A,
    TYPE_AAAA,
    DnsError,
    Query,
    ResponseCode,
    decode_query,
    decode_response,
    encode_query,
    encode_response,
)

V4 = ipaddress.ip_address("10.9.0.2")
V6 = ipaddress.ip_address("fd00:9::2")
RECORDS = {"www.lab.test": [V4, V6]}


def test_scapy_reads_our_query():
    from scapy.layers.dns import DNS

    message = DNS(encode_query(Query(0x1234, "www.lab.test", TYPE_AAAA)))
    assert (message.id, message.qr, message.rd, message.qdcount) == (0x1234, 0, 1, 1)
    assert (message.qd[0].qname, message.qd[0].qtype) == (b"www.lab.test.", TYPE_AAAA)


def test_scapy_reads_our_response():
    from scapy.layers.dns import DNS

    query = Query(7, "www.lab.test", TYPE_A)
    message = DNS(encode_response(query, [V4, V6]))
    assert (message.id, message.qr, message.aa, message.rcode) == (7, 1, 1, 0)
    assert message.ancount == 1
    assert (message.an[0].rrname, message.an[0].rdata) == (b"www.lab.test.", "10.9.0.2")


def test_we_read_a_query_that_scapy_made():
    from scapy.layers.dns import DNS, DNSQR

    raw = bytes(DNS(id=9, rd=1, qd=DNSQR(qname="WWW.Lab.Test", qtype="AAAA")))
    assert decode_query(raw) == Query(9, "www.lab.test", TYPE_AAAA)


def test_we_read_a_response_that_scapy_made():
    from scapy.layers.dns import DNS, DNSQR, DNSRR

    raw = bytes(
        DNS(
            id=9,
            qr=1,
            qd=DNSQR(qname="www.lab.test", qtype="A"),
            an=[
                DNSRR(rrname="www.lab.test", type="CNAME", rdata="server.lab.test"),
                DNSRR(rrname="server.lab.test", type="A", rdata="10.9.0.2"),
            ],
        )
    )
    assert decode_response(raw).addresses == (V4,)


def test_an_unknown_name_is_answered_with_nxdomain():
    reply = nameserver.answer(encode_query(Query(1, "nobody.test", TYPE_A)), RECORDS)
    assert reply is not None
    assert decode_response(reply).code == ResponseCode.NAME_ERROR


def test_a_known_name_without_the_type_asked_for_has_no_answers():
    reply = nameserver.answer(encode_query(Query(1, "v4.test", TYPE_AAAA)), {"v4.test": [V4]})
    assert reply is not None
    assert decode_response(reply) == decode_response(
        encode_response(Query(1, "v4.test", TYPE_AAAA), ())
    )


def test_a_response_is_no_query():
    with pytest.raises(DnsError):
        decode_query(encode_response(Query(1, "www.lab.test", TYPE_A), [V4]))


@given(st.binary(max_size=600))
def test_hostile_bytes_never_stop_the_nameserver(data):
    nameserver.answer(data, RECORDS)
    for decode in (decode_query, decode_response):
        with contextlib.suppress(DnsError):
            decode(data)


@given(st.data())
def test_a_response_cut_short_is_refused_or_read_up_to_there(data):
    whole = encode_response(Query(1, "www.lab.test", TYPE_A), [V4])
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(DnsError):
        decode_response(whole[:cut])


def test_records_are_read_from_words():
    assert nameserver.read_records(["a.test=10.9.0.2", "A.test=fd00:9::2"]) == {"a.test": [V4, V6]}
