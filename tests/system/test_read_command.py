"""`tunscope read` beside tshark, in pipes, and on files that are not what they should be."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
DATA = REPOSITORY / "tests" / "data"
TSHARK = (
    "tshark", "-n", "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE",
    "-o", "tcp.desegment_tcp_streams:FALSE",
)  # fmt: skip
TUNSCOPE = (sys.executable, "-m", "tunscope", "read")
FIELDS = (
    "frame.number", "frame.time_epoch", "frame.time_relative", "frame.time_delta", "frame.len",
    "eth.src", "eth.addr", "eth.type", "ip.src", "ip.addr", "ip.id", "ip.ttl", "ip.flags.df",
    "ip.proto", "ipv6.addr", "ipv6.hlim", "tcp.port", "tcp.flags", "tcp.flags.syn", "tcp.seq_raw",
    "tcp.window_size_value", "tcp.checksum", "udp.port", "udp.length", "icmp.type", "arp.opcode",
    "arp.src.proto_ipv4", "_ws.col.No.", "_ws.col.Time", "_ws.col.Source",
    "_ws.col.Destination", "_ws.col.Length",
)  # fmt: skip


def run(*words: object, **kwargs: object) -> subprocess.CompletedProcess[str]:
    options: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 60, **kwargs}
    return subprocess.run([str(word) for word in words], check=False, **options)


def read(*words: object, **kwargs: object) -> subprocess.CompletedProcess[str]:
    return run(*TUNSCOPE, *words, **kwargs)


def lines(*words: object) -> list[str]:
    done = run(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def chosen(*fields: str) -> list[str]:
    return [word for field in fields for word in ("-e", field)]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3000 packets of IPv4 and IPv6, TCP, UDP and DNS."""
    path = tmp_path_factory.mktemp("read") / "mixed.pcapng"
    script = REPOSITORY / "benchmarks" / "make_capture.py"
    words = (sys.executable, script, path, "--packets", "3000", "--flows", "150")
    subprocess.run(
        words, check=True, cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}
    )
    return path


@pytest.fixture(params=["mixed", "tap", "tun"])
def capture(request: pytest.FixtureRequest, mixed: Path) -> Path:
    return mixed if request.param == "mixed" else DATA / f"browser_{request.param}.pcapng"


def head(line: str) -> str:
    """The columns up to the length, without the protocol, whose judge is elsewhere."""
    before, _, after = line.partition(" → ")
    return f"{before} → {after[:12]}"


# --- text


@pytest.mark.parametrize("form", ["a", "ad", "d", "dd", "e", "r", "u", "ud"])
def test_lines_are_laid_out_as_tsharks(form: str, capture: Path) -> None:
    environment = {**os.environ, "TZ": "Asia/Kolkata"}
    ours = read(capture, "-t", form, "-c", "300", env=environment).stdout.splitlines()
    theirs = run(*TSHARK, "-r", capture, "-t", form, "-c", "300", env=environment).stdout
    assert len(ours) > 100
    assert list(map(head, ours)) == list(map(head, theirs.splitlines()))


def test_most_whole_lines_are_tsharks(capture: Path) -> None:
    ours, theirs = lines(*TUNSCOPE, capture), lines(*TSHARK, "-r", capture)
    equal = sum(mine == other for mine, other in zip(ours, theirs, strict=True))
    assert equal >= 0.9 * len(theirs)


@pytest.mark.parametrize("name", ["le_basic_test001", "be_basic_test008", "be_basic_test004"])
def test_times_have_the_decimals_of_their_interface(name: str) -> None:
    path = DATA / "captures" / "hadrielk" / f"{name}.pcapng"
    ours, theirs = lines(*TUNSCOPE, path), lines(*TSHARK, "-r", path)
    assert [line.split()[1] for line in ours] == [line.split()[1] for line in theirs]


def test_the_first_lines_of_a_pipe_come_before_the_rest(mixed: Path) -> None:
    whole = mixed.read_bytes()
    with subprocess.Popen(
        [*TUNSCOPE, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(whole[:5000])
        process.stdin.flush()
        assert process.stdout.readline().lstrip().startswith(b"1 ")
        rest, _ = process.communicate(whole[5000:], timeout=60)
        assert len(rest.splitlines()) == 2999


def test_a_reader_that_has_seen_enough_is_no_error(mixed: Path) -> None:
    for form in ("text", "json"):
        with subprocess.Popen(
            [*TUNSCOPE, str(mixed), "-T", form], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(20) == 0


@pytest.mark.serial
def test_the_first_line_comes_within_half_a_second(mixed: Path) -> None:
    read(mixed, "-c", "1")
    took = []
    for _ in range(5):
        began = time.monotonic()
        with subprocess.Popen([*TUNSCOPE, str(mixed)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            took.append(time.monotonic() - began)
            process.stdout.close()
    assert min(took) < 0.5


@pytest.mark.parametrize("compress", [gzip.compress, None])
def test_compressed_captures_are_read_from_stdin(
    compress: Callable[[bytes], bytes] | None, mixed: Path
) -> None:
    if compress is None:
        packed = subprocess.run(["zstd", "-qc", mixed], check=True, capture_output=True).stdout
    else:
        packed = compress(mixed.read_bytes())
    done = subprocess.run(
        [*TUNSCOPE, "-", "--count"], input=packed, capture_output=True, check=True
    )
    assert done.stdout == b"3000\n"


# --- fields


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("header=y", "separator=;", "quote=s", "occurrence=f"),
        ("header=y", "separator=/s", "quote=d", "occurrence=l"),
        ("aggregator=/s", "occurrence=a", "header=n", "quote=n"),
        ("bom=y", "header=y", "separator=,"),
    ],
)
def test_fields_are_printed_as_tshark_prints_them(options: tuple[str, ...], capture: Path) -> None:
    words = [word for option in options for word in ("-E", option)]
    words += ["-T", "fields", *chosen(*FIELDS), "-c", "500"]
    assert lines(*TUNSCOPE, capture, *words) == lines(*TSHARK, "-r", capture, *words)


def test_columns_are_fields_under_old_and_new_names(mixed: Path) -> None:
    old = chosen("_ws.col.No.", "_ws.col.Protocol", "_ws.col.Info", "_ws.col.Source")
    new = chosen("_ws.col.number", "_ws.col.protocol", "_ws.col.info", "_ws.col.def_src")
    found = lines(*TUNSCOPE, mixed, "-T", "fields", *old)
    assert found == lines(*TUNSCOPE, mixed, "-T", "fields", *new)
    theirs = lines(*TSHARK, "-r", mixed, "-T", "fields", *old)
    assert sum(map(str.__eq__, found, theirs)) >= 0.9 * len(theirs)


# --- json


def test_json_is_an_array_of_tsharks_layers(capture: Path) -> None:
    done = run("jq", "-c", ".[]._source.layers", input=read(capture, "-T", "json").stdout)
    assert done.returncode == 0, done.stderr
    ours = [json.loads(line) for line in done.stdout.splitlines()]
    theirs = json.loads(run(*TSHARK, "-r", capture, "-T", "json", "--no-duplicate-keys").stdout)
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        layers = other["_source"]["layers"]
        for protocol in {"frame", "eth", "ip", "ipv6", "tcp", "udp", "arp"} & set(layers):
            for name in ("frame.len", "eth.src", "ip.src", "ip.id", "ipv6.dst", "tcp.dstport",
                         "udp.length", "arp.opcode", "frame.time"):  # fmt: skip
                if not isinstance(layers[protocol], list) and name in layers[protocol]:
                    header = mine[protocol]  # tshark nests what an ICMP error quotes
                    outer = header[0] if isinstance(header, list) else header
                    assert outer[name] == layers[protocol][name]


def test_json_of_chosen_fields_is_tsharks(mixed: Path) -> None:
    words = ("-T", "json", "-c", "50", *chosen("ip.addr", "frame.number", "tcp.flags"))
    ours = json.loads(read(mixed, *words).stdout)
    theirs = json.loads(run(*TSHARK, "-r", mixed, *words).stdout)
    assert ours == theirs


def test_json_of_nothing_is_an_empty_array(mixed: Path) -> None:
    assert json.loads(read(mixed, "-T", "json", "-Y", "sctp").stdout) == []


def test_a_header_inside_a_header_of_its_kind_is_the_second_of_a_list() -> None:
    path = DATA / "captures" / "libpcap" / "tests_filter_vxlan.pcap"
    packets = json.loads(read(path, "-T", "json").stdout)
    layers = packets[0]["_source"]["layers"]
    outer, inner = layers["ip"]
    words = ("-T", "fields", "-e", "ip.src", "-c", "1")
    assert [f"{outer['ip.src']},{inner['ip.src']}"] == lines(*TSHARK, "-r", path, *words)


# --- filter, limit, count


@pytest.mark.parametrize(
    "expression",
    ["tcp.flags.syn == 1", "ip.addr == 10.16.0.0/14 && udp", "ipv6 and !(tcp.port == 443)",
     "frame.number in {5, 70..90} or arp"],
)  # fmt: skip
def test_the_packets_that_pass_are_tsharks(expression: str, capture: Path) -> None:
    words = ("-Y", expression, "-T", "fields", "-e", "frame.number")
    theirs = lines(*TSHARK, "-r", capture, *words)
    assert lines(*TUNSCOPE, capture, *words) == theirs
    assert lines(*TUNSCOPE, capture, "-Y", expression, "--count") == [str(len(theirs))]
    text = lines(*TUNSCOPE, capture, "-Y", expression)
    assert [line.split()[0] for line in text] == theirs
    with capture.open("rb") as stdin:
        assert read("-", "-Y", expression, stdin=stdin).stdout.splitlines() == text


def test_a_filtered_line_is_the_same_as_an_unfiltered_one(capture: Path) -> None:
    whole = {line.split()[0]: line for line in lines(*TUNSCOPE, capture)}
    for expression in ("tcp", "udp or icmp", "frame.number == 120"):
        for line in lines(*TUNSCOPE, capture, "-Y", expression):
            assert line == whole[line.split()[0]]


def test_the_limit_counts_packets_read(mixed: Path) -> None:
    words = ("-c", "40", "-Y", "udp", "-T", "fields", "-e", "frame.number")
    assert lines(*TUNSCOPE, mixed, *words) == lines(*TSHARK, "-r", mixed, *words)
    assert lines(*TUNSCOPE, mixed, "-c", "40", "--count") == ["40"]


def test_a_wrong_filter_is_told_with_a_caret(mixed: Path) -> None:
    done = read(mixed, "-Y", "ip.src == 10.0.0.1 && tcp.prot == 4")
    assert done.returncode == 2
    assert done.stdout == ""
    message, text, caret = done.stderr.splitlines()
    assert message.startswith("tunscope: display filter: ")
    assert "tcp.port" in message
    assert text[caret.index("^") :].startswith("tcp.prot")


# --- writing


@pytest.mark.parametrize("name", ["out.pcapng", "out.pcap", "out.pcapng.gz", "out.pcap.zst"])
def test_packets_that_pass_are_saved_in_the_format_of_the_name(
    name: str, mixed: Path, tmp_path: Path
) -> None:
    out = tmp_path / name
    done = read(mixed, "-Y", "udp", "-w", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    words = ("-T", "fields", *chosen("frame.time_epoch", "frame.len", "ip.id", "udp.checksum"))
    assert lines(*TUNSCOPE, out, *words) == lines(*TSHARK, "-r", mixed, "-Y", "udp", *words)
    if not name.endswith(".zst"):
        assert lines(*TSHARK, "-r", out, *words) == lines(*TUNSCOPE, out, *words)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("captures/hadrielk/be_basic_test009", "frame.comment"),
        ("captures/hadrielk/be_basic_test008", "frame.interface_name"),
        ("captures/hadrielk/be_basic_test009", "frame.packet_flags"),
        ("browser_tap", "frame.packet_flags_direction"),
        ("browser_tap", "frame.time_epoch"),
    ],
)
def test_saving_keeps_what_the_file_says(name: str, field: str, tmp_path: Path) -> None:
    source = DATA / f"{name}.pcapng"
    out = tmp_path / "out.pcapng"
    assert read(source, "-w", out).returncode == 0
    words = ("-T", "fields", "-e", field)
    theirs = lines(*TSHARK, "-r", source, *words)
    assert any(theirs)
    assert lines(*TSHARK, "-r", out, *words) == theirs


def test_saving_to_stdout_is_for_pipes(mixed: Path) -> None:
    with subprocess.Popen(
        [*TUNSCOPE, str(mixed), "-Y", "udp.port == 53", "-w", "-"], stdout=subprocess.PIPE
    ) as process:
        counted = subprocess.run(
            ["tcpdump", "-r", "-", "--count"], stdin=process.stdout, capture_output=True, check=True
        )
        assert process.wait(20) == 0
    (expected,) = lines(*TUNSCOPE, mixed, "-Y", "udp.port == 53", "--count")
    assert counted.stdout.decode().split()[0] == expected


def test_a_file_that_is_read_is_never_overwritten(mixed: Path) -> None:
    before = mixed.read_bytes()
    done = read(mixed, "-w", mixed)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert mixed.read_bytes() == before


def test_a_wrong_filter_leaves_the_output_alone(mixed: Path, tmp_path: Path) -> None:
    out = tmp_path / "precious.pcapng"
    out.write_bytes(b"precious")
    assert read(mixed, "-Y", "nonsense ==", "-w", out).returncode == 2
    assert read(tmp_path / "missing.pcap", "-w", out).returncode == 2
    assert out.read_bytes() == b"precious"


# --- several files


def test_a_directory_is_one_capture_in_time_order(mixed: Path, tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    lines("editcap", "-c", "700", mixed, parts / "x.pcapng")
    (parts / "README").write_text("not a capture")
    (parts / "empty.pcap").touch()
    assert lines(*TUNSCOPE, parts) == lines(*TUNSCOPE, mixed)


def test_overlapping_captures_are_merged_as_mergecap_merges(mixed: Path, tmp_path: Path) -> None:
    later = tmp_path / "later.pcapng"
    merged = tmp_path / "merged.pcapng"
    lines("editcap", "-t", "0.001", mixed, later)
    lines("mergecap", "-w", merged, later, mixed)
    words = (
        "-T",
        "fields",
        *chosen("frame.number", "frame.time_epoch", "ip.id", "frame.time_delta"),
    )
    assert lines(*TUNSCOPE, later, mixed, *words) == lines(*TSHARK, "-r", merged, *words)


def test_more_files_than_may_be_open_are_merged(mixed: Path, tmp_path: Path) -> None:
    lines("editcap", "-c", "30", mixed, tmp_path / "x.pcapng")
    limited = ("bash", "-c", 'ulimit -n 32; exec "$@"', "-")
    assert lines(*limited, *TUNSCOPE, tmp_path, "--count") == ["3000"]


# --- faults


def damage(source: Path, folder: Path) -> Path:
    """Return a copy with zeros over the first block behind byte 200,000."""
    data = bytearray(source.read_bytes())
    place = 0
    while place < 200_000:
        place += int.from_bytes(data[place + 4 : place + 8], "little")
    data[place : place + 40] = bytes(40)
    damaged = folder / "damaged.pcapng"
    damaged.write_bytes(data)
    return damaged


def test_a_tail_cut_short_is_a_warning(mixed: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(mixed.read_bytes()[:100_001])
    for words in ((), ("--count",), ("-Y", "tcp"), ("-T", "json")):
        done = read(cut, *words)
        assert done.returncode == 0
        (warning,) = done.stderr.splitlines()
        assert warning.startswith(f"tunscope: {cut}: cut short at byte ")


@pytest.mark.parametrize("words", [(), ("--count",), ("-Y", "tcp"), ("-T", "json")])
def test_damage_ends_the_reading_after_the_packets_before_it(
    words: tuple[str, ...], mixed: Path, tmp_path: Path
) -> None:
    damaged = damage(mixed, tmp_path)
    done = read(damaged, *words)
    assert done.returncode == 2
    (error,) = done.stderr.splitlines()
    assert error.startswith(f"tunscope: {damaged}: damaged at byte ")
    assert "--lenient" in error
    if words == ():
        assert len(done.stdout.splitlines()) > 100
    if "json" in words:
        assert len(json.loads(done.stdout)) > 100


def test_lenient_reading_goes_on_behind_damage(mixed: Path, tmp_path: Path) -> None:
    damaged = damage(mixed, tmp_path)
    done = read(damaged, "--count", "--lenient")
    assert done.returncode == 0
    assert 2990 <= int(done.stdout) < 3000
    assert "skipped" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("missing.pcap",), "No such file"),
        (("{text}",), "neither a pcap nor a pcapng capture"),
        (("{empty}",), "no capture file"),
        (("-", "-"), "only once"),
        (("{mixed}", "-T", "fields"), "-e"),
        (("{mixed}", "-e", "ip.src"), "-T fields"),
        (("{mixed}", "-T", "fields", "-e", "ip.scr"), "ip.src"),
        (("{mixed}", "-T", "fields", "-e", "_ws.col.Nothing"), "_ws.col.Info"),
        (("{mixed}", "-T", "fields", "-e", "ip.src", "-E", "zork=1"), "zork"),
        (("{mixed}", "-T", "fields", "-e", "ip.src", "-E", "quote=x"), "quote"),
        (("{mixed}", "-T", "xml"), "xml"),
        (("{mixed}", "--count", "-T", "json"), "--count"),
        (("{mixed}", "-c", "0"), "0"),
    ],
)
def test_wrong_words_are_one_line_and_exit_status_2(
    words: tuple[str, ...], says: str, mixed: Path, tmp_path: Path
) -> None:
    text, empty = tmp_path / "text", tmp_path / "empty"
    text.write_text("hello, this is no capture")
    empty.mkdir()
    named = [word.format(mixed=mixed, text=text, empty=empty) for word in words]
    done = read(*named)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("tunscope: ")
    assert says in line


def test_terminals_are_safe_from_what_packets_say() -> None:
    for words in ((), ("-T", "fields", "-e", "_ws.col.Info"), ("-T", "json")):
        printed = read(DATA / "browser_tap.pcapng", *words).stdout
        assert all(character.isprintable() or character in "\n\t" for character in printed)


# --- fields command


def test_the_field_table_can_be_searched() -> None:
    listed = lines(sys.executable, "-m", "tunscope", "fields", "tcp.flags.s")
    assert any(line.split()[0] == "tcp.flags.syn" for line in listed)
    assert any("boolean" in line for line in listed)
    done = run(sys.executable, "-m", "tunscope", "fields", "zzzzq")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
