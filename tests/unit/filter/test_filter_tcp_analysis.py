"""What filters find out about TCP conversations, judged by tshark over disordered segments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from filter_judge import FilterAgreement
from filter_packets import write_pcap
from tcp_disorder import disordered

RAW_IP = 101
FINDINGS = (
    "retransmission", "fast_retransmission", "spurious_retransmission", "out_of_order",
    "duplicate_ack", "lost_segment", "ack_lost_segment", "zero_window", "zero_window_probe",
    "zero_window_probe_ack", "window_full", "keep_alive", "keep_alive_ack", "window_update",
    "reused_ports", "flags", "acks_frame", "ack_rtt", "bytes_in_flight",
)  # fmt: skip
FILTERS = [f"tcp.analysis.{name}" for name in FINDINGS] + [
    "tcp.analysis",
    "tcp.stream == 0",
    "tcp.stream > 2",
    "tcp.len > 10",
    "tcp.seq == 1",
    "tcp.seq > 200",
    "tcp.ack > 200",
    "tcp.nxtseq > 300",
    "tcp.analysis.acks_frame > 20",
    "tcp.analysis.ack_rtt > 0.03",
    "tcp.analysis.initial_rtt > 0.01",
    "tcp.analysis.bytes_in_flight > 100",
    "tcp.analysis.bytes_in_flight == 200",
    "tcp.analysis.duplicate_ack_num > 1",
    "tcp.analysis.duplicate_ack_frame > 30",
    "tcp.analysis.push_bytes_sent > 100",
    "tcp.analysis.rto > 0.1",
    "tcp.analysis.rto_frame > 10",
    "tcp.window_size == 2000",
    "tcp.window_size_scalefactor == 4",
    "tcp.completeness == 31",
    "tcp.completeness & 16",
    "tcp.time_delta > 0.01",
    "tcp.time_relative > 0.2",
    "tcp.connection.fin_active",
    "tcp.connection.fin_passive",
    "not tcp.analysis.flags",
    "tcp.analysis.flags and not tcp.analysis.retransmission",
]


def test_the_analysis_of_disordered_conversations_is_that_of_tshark(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    agreement = FilterAgreement()
    for seed in range(1, 7):
        capture = write_pcap(tmp_path / f"disorder{seed}.pcap", disordered(seed), RAW_IP)
        agreement.judge(capture, FILTERS, tmp_path)
    record_property("judge's table", agreement.table())
    assert not agreement.differences, "\n".join(agreement.differences[:20])
    assert agreement.telling >= {f"tcp.analysis.{name}" for name in FINDINGS}
