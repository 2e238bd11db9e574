"""proto_wire/compatibility.yaml row by row: a real executor, scripted ones, the class Hotloop."""

from __future__ import annotations

import json
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from trader.apps.trader import main
from trader.compatibility import (
    REFUSED,
    WORKS,
    ExecutorVersions,
    IncompatibleError,
    Matrix,
    check_executor,
    this_release,
)
from trader.config.loading import ConfigError, load
from trader.execution.connection import Connection, HelloRejected, TransportSettings
from trader.execution.interfaces.messages import HelloAck
from trader.execution.rust_executor import RustExecutorConfig
from trader.execution.supervisor import Supervisor, find_binary
from trader.execution.testing import PROTO_WIRE, FakePeer
from trader.strategy.hotloop import reference
from trader.strategy.hotloop.api import Hotloop, UnsupportedHotloopError

MATRIX: Final = Matrix.read(PROTO_WIRE / "compatibility.yaml")
ROWS = pytest.mark.parametrize("row", MATRIX.wire, ids=str)


def code_of(row: dict[str, Any]) -> str | None:
    """The code a row is refused with; None where it works."""
    outcome = row["outcome"]
    assert outcome == WORKS or outcome.startswith(REFUSED), outcome
    return None if outcome == WORKS else outcome.removeprefix(REFUSED)


def hello(row: dict[str, Any], host: str, port: int, token: str) -> str | None:
    """What HELLO of a row's trader comes to at an executor."""
    settings = TransportSettings(
        host=host,
        port=port,
        token=token,
        clock="wire",
        wire_versions=tuple(row["trader"]),
        bundle_version=row["bundle"],
    )
    try:
        connection = Connection(settings, 0)
    except HelloRejected as refused:
        return refused.code
    connection.abort()
    connection.close()
    return None


@ROWS
def test_the_rule_gives_the_row(row: dict[str, Any]) -> None:
    try:
        check_executor(row["trader"], row["bundle"], row["executor"], row["takes"])
    except IncompatibleError as error:
        assert error.code == code_of(row)
    else:
        assert code_of(row) is None


@ROWS
def test_a_scripted_executor_of_the_rows_versions(row: dict[str, Any]) -> None:
    versions = tuple(row["executor"]), tuple(row["takes"])
    with FakePeer(wire_versions=versions[0], bundle_versions=versions[1]) as peer:
        assert hello(row, "127.0.0.1", peer.port, "") == code_of(row)


@pytest.fixture(scope="module")
def executor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisor]:
    folder = tmp_path_factory.mktemp("executor")
    supervisor = Supervisor(find_binary(), folder)
    supervisor.start(RustExecutorConfig().render(folder), ready_timeout_s=20.0)
    yield supervisor
    supervisor.stop(grace_s=5.0)


def real_rows() -> list[dict[str, Any]]:
    """The rows of an executor such as this repository's."""
    newest = MATRIX.releases[-1]
    versions = newest["wire_versions"], [newest["bundle_version"]]
    return [row for row in MATRIX.wire if (row["executor"], row["takes"]) == versions]


@pytest.mark.parametrize("row", real_rows(), ids=str)
def test_the_real_executor(row: dict[str, Any], executor: Supervisor) -> None:
    listening = executor.listening
    assert hello(row, listening.host, listening.port, executor.token) == code_of(row)


def test_an_executor_that_chooses_what_was_not_offered_is_left() -> None:
    ack = HelloAck(
        wire_version=7,
        executor_version="0.0.0",
        session_id="a-1",
        capabilities={},
        next_report_seq=1,
    )
    with FakePeer(on_message=lambda _: [ack]) as peer:
        for offered, code in (([1], "UNSUPPORTED_WIRE"), ([1, 7], None)):
            row = {"trader": offered, "bundle": 1}
            assert hello(row, "127.0.0.1", peer.port, "") == code


@pytest.mark.parametrize("row", MATRIX.hotloop, ids=str)
def test_the_class_hotloop(row: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    class Installed(reference.Hotloop):
        def capabilities(self) -> dict[str, Any]:
            return {**super().capabilities(), "api_version": row["hotloop_api"]}

    module = types.ModuleType("hotloop")
    module.Hotloop = Installed  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "hotloop", module)
    try:
        config = load(None, [f"bundle_version={row['bundle']}"])
        Hotloop(config.hotloop.seam_config(), rust=True)
    except UnsupportedHotloopError as error:
        assert error.code == code_of(row)
    except ConfigError as error:
        assert code_of(row) is not None
        assert str(code_of(row)) in str(error)
    else:
        assert code_of(row) is None


def test_the_newest_release_is_this_one_and_every_pair_of_releases_has_its_row() -> None:
    releases = MATRIX.releases
    assert releases[-1] == this_release()
    for trader in releases:
        for executor in releases:
            wire = {
                "trader": trader["wire_versions"],
                "executor": executor["wire_versions"],
                "bundle": trader["bundle_version"],
                "takes": [executor["bundle_version"]],
            }
            assert any(row.items() >= wire.items() for row in MATRIX.wire), wire
        hotloop = {"hotloop_api": trader["hotloop_api"], "bundle": trader["bundle_version"]}
        assert any(row.items() >= hotloop.items() for row in MATRIX.hotloop), hotloop


def test_the_executors_version_line_is_the_newest_releases() -> None:
    line = subprocess.run([find_binary(), "--version"], capture_output=True, text=True, check=True)
    newest = MATRIX.releases[-1]
    assert ExecutorVersions.read(line.stdout) == ExecutorVersions(
        newest["version"], tuple(newest["wire_versions"]), (newest["bundle_version"],)
    )


# --- the command ---------------------------------------------------------------------------------


def compat(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["compat", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def executor_that_says(folder: Path, line: str) -> str:
    binary = folder / "executor"
    binary.write_text(f"#!/bin/sh\necho '{line}'\n")
    binary.chmod(0o755)
    return str(binary)


def test_the_command_prints_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = compat(capsys)
    assert code == 0
    for outcome in {row["outcome"] for row in (*MATRIX.wire, *MATRIX.hotloop)}:
        assert outcome in out
    assert len(out.splitlines()) > len(MATRIX.wire) + len(MATRIX.hotloop)
    code, out, _ = compat(capsys, "--json", "--profile", "dry")
    told = json.loads(out)
    assert code == 0
    assert told["wire"] == MATRIX.wire
    assert {part["outcome"] for part in told["installed"]} == {WORKS}


def test_an_executor_of_another_wire_is_told_with_exit_code_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    binary = executor_that_says(tmp_path, "executor 9.0.0 (wire 2, 3; bundles 1)")
    code, out, _ = compat(capsys, "--executor", binary)
    assert code == 1
    assert "9.0.0: wire 2, 3, configurations 1" in out
    assert "refused:UNSUPPORTED_WIRE" in out.splitlines()[3]


def test_what_is_no_executor_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for binary in (executor_that_says(tmp_path, "hello"), str(tmp_path / "nothing")):
        code, _, err = compat(capsys, "--executor", binary)
        assert code == 2
        assert err.startswith(f"trader: {binary} --version: ")
        assert len(err.splitlines()) == 1
