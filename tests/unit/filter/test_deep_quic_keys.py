"""QUIC's first keys and AES, by the examples in their standards."""

from __future__ import annotations

from tunscope.filter.deep.aes import count_stream, encrypt_blocks
from tunscope.filter.deep.quic_keys import initial_keys


def test_a_block_is_encrypted_as_fips_197_shows() -> None:
    key = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
    block = bytes.fromhex("00112233445566778899aabbccddeeff")
    expected = bytes.fromhex("69c4e0d86a7b0430d8cdb78070b4c55a")
    assert encrypt_blocks(key, block * 3) == expected * 3


def test_counter_mode_is_its_own_inverse_for_any_length() -> None:
    key, nonce = bytes(16), bytes(12)
    for length in (0, 1, 15, 16, 17, 100):
        data = bytes(range(length))
        assert count_stream(key, nonce, count_stream(key, nonce, data)) == data


def test_initial_keys_are_those_of_rfc_9001_appendix_a() -> None:
    keys = initial_keys(1, bytes.fromhex("8394c8f03e515708"))
    assert keys is not None
    client, server = keys
    assert client.key.hex() == "1f369613dd76d5467730efcbe3b1a22d"
    assert client.nonce.hex() == "fa044b2f42a3fd3b46fb255c"
    assert client.header.hex() == "9f50449e04a0e810283a1e9933adedd2"
    assert server.key.hex() == "cf3a5331653c364c88f0f379b6067e37"
    assert server.nonce.hex() == "0ac1493ca1905853b0bba03e"
    assert server.header.hex() == "c206b8d9b9f0f37644430b490eeaa314"


def test_keys_of_an_unknown_version_are_unknown() -> None:
    assert initial_keys(0x1A2A3A4A, bytes(8)) is None
