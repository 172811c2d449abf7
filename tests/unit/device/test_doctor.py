from __future__ import annotations

import os
from pathlib import Path

import pytest

from tunscope.device import doctor


@pytest.mark.parametrize(
    ("release", "ok"),
    [("6.18.44-x", True), ("5.6.0", True), ("5.4.0-100-generic", False), ("odd", False)],
)
def test_old_kernels_cannot_tell_owners(release: str, ok: bool) -> None:
    check = doctor.check_kernel(release)
    assert check.ok is ok
    assert release in check.detail
    assert bool(check.remedy) is not ok


def test_a_missing_tun_device_is_made_by_the_command_that_fits(tmp_path: Path) -> None:
    check = doctor.check_tun(str(tmp_path / "net/tun"), lambda _: None)
    assert not check.ok
    assert "modprobe tun" in check.remedy or "mknod" in check.remedy


def test_a_tun_device_that_may_not_be_opened_is_told_with_its_mode() -> None:
    def open_it(path: str) -> None:
        raise PermissionError(13, "Permission denied")

    check = doctor.check_tun("/dev/null", open_it)
    assert not check.ok
    assert check.detail.startswith("permission denied (mode 0")
    assert check.remedy == "sudo chmod 0666 /dev/null"


def test_a_plain_file_is_no_tun_device(tmp_path: Path) -> None:
    (tmp_path / "tun").write_text("")
    assert "mknod" in doctor.check_tun(str(tmp_path / "tun"), lambda _: None).remedy


def test_each_missing_capability_is_named() -> None:
    assert all(check.ok for check in doctor.check_capabilities(0x1FFFFFFFFFF))
    one = doctor.check_capabilities(1 << 12)
    assert [(check.name, check.ok) for check in one] == [
        ("CAP_NET_ADMIN", True),
        ("CAP_NET_RAW", False),
        ("CAP_SYS_PTRACE", False),
    ]


@pytest.mark.parametrize(
    ("switches", "remedy"),
    [
        (
            {"kernel/apparmor_restrict_unprivileged_userns": "1"},
            "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        (
            {
                "kernel/apparmor_restrict_unprivileged_userns": "0",
                "kernel/unprivileged_userns_clone": "0",
            },
            "sudo sysctl kernel.unprivileged_userns_clone=1",
        ),
        ({"user/max_user_namespaces": "0"}, "sudo sysctl user.max_user_namespaces=15000"),
    ],
)
def test_the_switch_that_forbids_user_namespaces_is_found(
    switches: dict[str, str], remedy: str
) -> None:
    check = doctor.check_user_namespaces("Operation not permitted", switches.get)
    assert (check.ok, check.remedy) == (False, remedy)


def test_namespaces_that_work_need_no_switch() -> None:
    assert doctor.check_user_namespaces(None, {"user/max_user_namespaces": "0"}.get).ok


def test_an_unknown_refusal_is_passed_on() -> None:
    check = doctor.check_user_namespaces("Operation not permitted", lambda _: None)
    assert not check.ok
    assert "Operation not permitted" in check.detail
    assert check.remedy


@pytest.mark.parametrize(
    ("environ", "size", "encoding", "part"),
    [
        ({"TERM": "dumb"}, (80, 24), "utf-8", "TERM is dumb"),
        ({}, (80, 24), "utf-8", "TERM is not set"),
        ({"TERM": "xterm"}, (80, 24), "ISO-8859-1", "not UTF-8"),
        ({"TERM": "xterm"}, (79, 24), "utf-8", "79 x 24"),
        ({"TERM": "xterm"}, (80, 23), "utf-8", "80 x 23"),
    ],
)
def test_terminals_that_cannot_show_the_table_are_told(
    environ: dict[str, str], size: tuple[int, int], encoding: str, part: str
) -> None:
    check = doctor.check_terminal(environ, size, encoding)
    assert not check.ok
    assert part in check.detail
    assert check.remedy


def test_a_good_terminal_and_none_at_all_are_fine() -> None:
    assert doctor.check_terminal({"TERM": "xterm"}, (80, 24), "UTF-8").ok
    assert doctor.check_terminal({}, None, None).ok


def test_this_machine_is_looked_at_without_changing_it() -> None:
    namespace = os.readlink("/proc/self/ns/user")
    found = doctor.checks()
    assert os.readlink("/proc/self/ns/user") == namespace
    assert all(check.ok or check.remedy for check in found)
    assert [check.name for check in found][:2] == ["kernel", "/dev/net/tun"]


@pytest.mark.parametrize(
    ("there", "ok", "detail"),
    [
        ({"slirp4netns", "passt", "pasta"}, True, "slirp4netns, passt, pasta"),
        ({"passt", "pasta"}, True, "passt, pasta"),
        ({"pasta"}, False, "only pasta"),
        (set(), False, "neither slirp4netns nor passt"),
    ],
)
def test_what_leads_out_of_a_namespace_is_named_or_what_to_install(there, ok, detail):
    check = doctor.check_way_outside(lambda name: f"/usr/bin/{name}" if name in there else None)
    assert check.ok is ok
    assert detail in check.detail
    assert check.remedy.startswith("sudo apt-get install slirp4netns") is not ok
