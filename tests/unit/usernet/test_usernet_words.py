"""--forward and the choice of the program that leads outside, as words."""

from __future__ import annotations

import pytest

from tunscope.errors import TunscopeError, UsageError
from tunscope.usernet.forward import Forward, parse_forward
from tunscope.usernet.uplink import chosen


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("80", Forward(80, 80)),
        ("8080:80", Forward(8080, 80)),
        ("65535:1/tcp", Forward(65535, 1)),
        ("5353:53/udp", Forward(5353, 53, "udp")),
    ],
)
def test_a_forward_is_a_port_or_two_with_a_protocol(text, meaning):
    assert parse_forward(text) == meaning


@pytest.mark.parametrize(
    "text", ["", "0", "65536", "a", "80:", ":80", "1:2:3", "80/sctp", "80/", "-1", "٣", "8 0"]
)
def test_other_words_are_a_usage_error_that_shows_the_form(text):
    with pytest.raises(UsageError, match="5353:53/udp"):
        parse_forward(text)


PROGRAMS = {"slirp4netns": 1, "passt": 2}


def _installed(monkeypatch, tmp_path, *names):
    for name in names:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize(
    ("there", "asked", "taken"),
    [
        (("slirp4netns", "passt"), None, 1),
        (("passt",), None, 2),
        (("slirp4netns", "passt"), "passt", 2),
    ],
)
def test_what_is_asked_for_or_the_first_that_is_installed(
    monkeypatch, tmp_path, there, asked, taken
):
    _installed(monkeypatch, tmp_path, *there)
    assert chosen(PROGRAMS, asked) == taken


@pytest.mark.parametrize(
    ("asked", "why"),
    [(None, "neither slirp4netns nor passt is installed"), ("passt", "passt is not installed")],
)
def test_a_missing_program_is_named_with_how_to_install_it(monkeypatch, tmp_path, asked, why):
    _installed(monkeypatch, tmp_path)
    with pytest.raises(TunscopeError) as caught:
        chosen(PROGRAMS, asked)
    assert caught.value.why == why
    assert "apt-get install slirp4netns" in caught.value.hint


def test_a_program_that_cannot_do_it_is_a_usage_error():
    with pytest.raises(UsageError, match="slirp4netns and passt can"):
        chosen(PROGRAMS, "pasta")
