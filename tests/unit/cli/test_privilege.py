"""Whose rights and whose home, when sudo stands in front."""

from __future__ import annotations

import os
import pwd

import pytest

from tunscope.cli.privilege import as_invoking_user, invoking_user

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@needs_root
def test_the_person_behind_sudo_works_in_their_own_home(monkeypatch: pytest.MonkeyPatch) -> None:
    account = pwd.getpwnam("nobody")
    monkeypatch.setenv("SUDO_UID", str(account.pw_uid))
    monkeypatch.setenv("SUDO_GID", str(account.pw_gid))
    monkeypatch.setenv("HOME", "/root")
    with as_invoking_user():
        assert os.geteuid() == account.pw_uid
        assert os.environ["HOME"] == account.pw_dir
    assert os.geteuid() == 0
    assert os.environ["HOME"] == "/root"


@needs_root
@pytest.mark.parametrize(("uid", "gid"), [("", ""), ("0", "0"), ("-1", "5"), ("x", "5"), ("5", "")])
def test_without_a_person_behind_sudo_root_is_root(
    monkeypatch: pytest.MonkeyPatch, uid: str, gid: str
) -> None:
    monkeypatch.setenv("SUDO_UID", uid)
    monkeypatch.setenv("SUDO_GID", gid)
    assert invoking_user() is None
