"""The executor: the installed one is started and spoken with, another one only greeted."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trader.doctor import sidecar
from trader.doctor.findings import Finding, Mark
from trader.doctor.sidecar import BINARY, HANDSHAKE, binary, handshake
from trader.doctor.subject import Subject
from trader.doctor.testing import only, secret, subject_of
from trader.execution.interfaces.executor import ExecutorStartError
from trader.execution.interfaces.messages import Goodbye, Heartbeat, Hello, HelloAck, HelloReject
from trader.execution.rust_executor import External, RustExecutorConfig
from trader.execution.supervisor import Listening, find_binary
from trader.execution.testing import FakePeer

RUST = "execution.backend=rust"


def executor_that(folder: Path, does: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = secret(folder, "executor", f"#!/bin/sh\n{does}\n", 0o755)
    monkeypatch.setenv("HOTLOOP_EXECUTOR", str(path))
    return path


def with_peer(peer: FakePeer, folder: Path) -> Subject:
    """A live trader whose sidecar somebody else looks after."""
    token = secret(folder, "token", "secret-token")
    external = External(Listening("127.0.0.1", peer.port), token)
    return subject_of(RUST, sidecar=replace(RustExecutorConfig(), external=external))


def greeted(folder: Path, peer: FakePeer) -> Finding:
    with peer:
        return only(handshake(with_peer(peer, folder)))


def test_python_needs_none() -> None:
    assert only(binary(subject_of())).mark is Mark.SKIPPED
    assert only(handshake(subject_of())).mark is Mark.SKIPPED


def test_the_installed_one_says_its_version_and_answers_over_the_wire() -> None:
    try:
        find_binary()
    except ExecutorStartError as error:
        if "TEST_SRCDIR" in os.environ:
            raise  # under Bazel it is a dependency of this test: it must be there
        pytest.skip(str(error))
    assert only(binary(subject_of(RUST))).mark is Mark.OK
    found = only(handshake(subject_of(RUST)))
    assert found.mark is Mark.OK, found
    assert "in a dry run: executor 0." in found.found
    assert "heartbeat ready, 0 orders open" in found.found


def test_one_that_is_not_there_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLOOP_EXECUTOR", str(tmp_path / "none"))
    found = only(binary(subject_of(RUST)))
    assert (found.name, found.mark) == (BINARY, Mark.FAIL)
    assert "no executor binary" in found.found


def test_one_of_another_wire_fails_with_both_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor_that(tmp_path, "echo 'executor 9.0.0 (wire 2; bundles 1)'", monkeypatch)
    found = only(binary(subject_of(RUST)))
    assert found.mark is Mark.FAIL
    assert "UNSUPPORTED_WIRE: trader 0." in found.found
    assert "executor 9.0.0" in found.found
    assert "docs/upgrade.md" in found.found


def test_one_of_another_release_that_works_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor_that(tmp_path, "echo 'executor 9.0.0 (wire 1, 2; bundles 1)'", monkeypatch)
    found = only(binary(subject_of(RUST)))
    assert found.mark is Mark.WARN
    assert "9.0.0, wire 1, 2" in found.found


def test_one_that_ends_at_once_fails_the_handshake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor_that(tmp_path, "echo 'no such thing' >&2; exit 3", monkeypatch)
    found = only(handshake(subject_of(RUST)))
    assert (found.name, found.mark) == (HANDSHAKE, Mark.FAIL)
    assert "ended with code 3" in found.found


def test_one_that_hangs_at_its_start_fails_the_handshake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor_that(tmp_path, "exec sleep 1000", monkeypatch)
    monkeypatch.setattr(sidecar, "READY_S", 0.2)
    found = only(handshake(subject_of(RUST)))
    assert found.mark is Mark.FAIL
    assert "was not ready within 0.2 s" in found.found


# --- one that somebody else looks after ----------------------------------------------------------


def test_one_of_somebody_elses_is_greeted_without_takeover_and_left(tmp_path: Path) -> None:
    peer = FakePeer(clock="wall")
    found = greeted(tmp_path, peer)
    assert found.mark is Mark.OK, found
    hello, *rest = peer.heard
    assert isinstance(hello, Hello)
    assert (hello.takeover, hello.last_report_seq, hello.token) == (False, 0, "secret-token")
    assert [type(message) for message in rest] == [Goodbye], "nothing else was said"


def reject(code: str) -> HelloReject:
    return HelloReject(code=code, message="no", supported=(1,))


def test_one_that_has_a_trader_is_left_alone_and_said_to_fit(tmp_path: Path) -> None:
    found = greeted(tmp_path, FakePeer(clock="wall", reject=reject("SESSION_TAKEN")))
    assert found.mark is Mark.WARN
    assert "takes our token and versions, and has a trader already" in found.found


@pytest.mark.parametrize(
    ("changes", "found", "advice"),
    [
        ({"reject": reject("BAD_TOKEN")}, "BAD_TOKEN", "external_token_file"),
        ({"wire_versions": (2,)}, "UNSUPPORTED_WIRE", "docs/upgrade.md"),
        ({"bundle_versions": (7,)}, "UNSUPPORTED_BUNDLE", "docs/upgrade.md"),
        ({"clock": "wire"}, "clock 'wire'", '"clock": "wall"'),
    ],
)
def test_one_that_does_not_fit_fails(
    tmp_path: Path, changes: dict[str, Any], found: str, advice: str
) -> None:
    told = greeted(tmp_path, FakePeer(**{"clock": "wall", **changes}))
    assert told.mark is Mark.FAIL
    assert found in told.found
    assert advice in told.advice


def test_one_that_was_killed_is_warned_of(tmp_path: Path) -> None:
    ack = HelloAck(
        wire_version=1,
        executor_version="0.1.0",
        session_id="a-1",
        capabilities={"clock": "wall"},
        next_report_seq=1,
    )
    paused = Heartbeat(
        ts_ms=1,
        state="PAUSED",
        reason="KILLED: by hand",
        open_orders=0,
        queue_depth=0,
        venue="up",
        next_report_seq=1,
    )
    found = greeted(tmp_path, FakePeer(on_message=lambda _: [ack, paused]))
    assert found.mark is Mark.WARN
    assert "KILLED: by hand" in found.found


def test_one_that_is_gone_or_whose_token_is_readable_fails(tmp_path: Path) -> None:
    peer = FakePeer(clock="wall")
    subject = with_peer(peer, tmp_path)
    with peer:
        assert only(handshake(subject)).mark is Mark.OK
    assert "cannot connect" in only(handshake(subject)).found
    (tmp_path / "token").chmod(0o644)
    assert "must be 0600" in only(handshake(subject)).found


def test_one_that_is_not_named_fails() -> None:
    found = only(handshake(subject_of(RUST, external_wrong="external_socket is empty")))
    assert found.mark is Mark.FAIL
    assert found.found == "external_socket is empty"
