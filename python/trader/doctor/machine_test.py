"""The machine: what is scarce is told, what cannot be known is skipped."""

from __future__ import annotations

import os
import resource
import socket
from pathlib import Path

import pytest

from trader.doctor import machine
from trader.doctor.findings import Mark
from trader.doctor.testing import only, subject_of
from trader.execution.rust_executor import External, RustExecutorConfig
from trader.execution.supervisor import Listening
from trader.live.folder import LiveFolder


@pytest.mark.parametrize(
    ("soft", "mark"),
    [(resource.RLIM_INFINITY, Mark.OK), (1_024, Mark.OK), (1_023, Mark.WARN), (127, Mark.FAIL)],
)
def test_few_descriptors_are_too_few(
    monkeypatch: pytest.MonkeyPatch, soft: int, mark: Mark
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, 4_096))
    assert only(machine.descriptors(subject_of())).mark is mark


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("MemTotal: 9 kB\nMemAvailable:  600000 kB\n", Mark.OK),
        ("MemAvailable:  500000 kB\n", Mark.WARN),
        ("MemAvailable:  100000 kB\n", Mark.FAIL),
        ("MemTotal: 9 kB\n", Mark.SKIPPED),
        ("MemAvailable:\n", Mark.SKIPPED),
    ],
)
def test_little_memory_is_too_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, mark: Mark
) -> None:
    (tmp_path / "meminfo").write_text(text)
    monkeypatch.setattr(machine, "MEMINFO", tmp_path / "meminfo")
    assert only(machine.memory(subject_of())).mark is mark


def test_ports_that_are_taken_fail_with_their_key() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        metrics = ("monitoring.metrics.enabled=true", f"monitoring.metrics.port={port}")
        sidecar = ("execution.backend=rust", f"execution.port={port}")
        found = machine.ports(subject_of(*metrics, *sidecar))
        assert [one.mark for one in found] == [Mark.FAIL, Mark.FAIL]
        assert found[0].found == f"monitoring.metrics.port 127.0.0.1:{port}: in use"
        assert found[1].found.startswith("execution.port ")
        # Whose page is not served, and whose sidecar listens already, takes no port.
        assert only(machine.ports(subject_of(metrics[1]))).mark is Mark.OK
        external = External(Listening("127.0.0.1", port), Path("token"))
        others = subject_of(*sidecar, sidecar=RustExecutorConfig(external=external))
        assert only(machine.ports(others)).mark is Mark.OK
    assert "free" in only(machine.ports(subject_of(*metrics))).found


def test_ports_of_the_trader_that_runs_are_its_own(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        metrics = ("monitoring.metrics.enabled=true", f"monitoring.metrics.port={port}")
        subject = subject_of(*metrics, out=tmp_path)
        assert only(machine.ports(subject)).mark is Mark.FAIL
        with LiveFolder(tmp_path, "out"):
            found = only(machine.ports(subject))
            assert found.mark is Mark.OK
            assert f"runs (process {os.getpid()})" in found.found


@pytest.mark.parametrize(
    ("told", "mark"),
    [((True, 0.4), Mark.OK), ((False, 16_000.0), Mark.WARN), (None, Mark.SKIPPED)],
)
def test_a_clock_that_nobody_keeps_is_warned_of(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    told: tuple[bool, float] | None,
    mark: Mark,
) -> None:
    monkeypatch.setattr(machine, "kernel_clock", lambda: told)
    monkeypatch.setattr(machine, "TIMESYNC", tmp_path / "synchronized")
    assert only(machine.synchronised(subject_of())).mark is mark
    (tmp_path / "synchronized").touch()
    kept = Mark.SKIPPED if told is None else Mark.OK
    assert only(machine.synchronised(subject_of())).mark is kept


def test_the_kernel_of_this_machine_can_be_asked() -> None:
    told = machine.kernel_clock()
    assert told is None or told[1] >= 0.0


def test_units_are_named_where_there_are_any(tmp_path: Path) -> None:
    places = (tmp_path, tmp_path / "none")
    assert only(machine.units(subject_of(units=places))).mark is Mark.SKIPPED
    (tmp_path / "hotloop-trader.service").touch()
    (tmp_path / "other.service").touch()
    found = only(machine.units(subject_of(units=places)))
    assert (found.mark, found.found) == (Mark.OK, "hotloop-trader.service")
