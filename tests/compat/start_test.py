"""Versions that do not work together end a command before anything of it is begun: one line that
names both and says what to do, exit code 3, and no trace of a run."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest

from trader import __version__
from trader.apps.trader import main
from trader.compatibility import UnknownVersionError, ask_executor
from trader.execution.testing import FakePeer
from trader.simulator.feed_lines import stream_lines
from trader.simulator.feeds import GeneratedFeed
from trader.simulator.generator import RaceShape
from trader.strategy.hotloop import reference

RUST = ("--hotloop", "python", "--execution", "rust")
RUST_HOTLOOP = ("--hotloop", "rust", "--execution", "python")
FITS = f"executor {__version__} (wire 1; bundles 1)"


@pytest.fixture
def commands(tmp_path: Path) -> dict[str, list[str]]:
    """Each that trades, as it is called; all write to `out`."""
    shape = RaceShape(runners=3, pre_off_s=5.0, in_play_s=1.0, messages_per_s=1.0)
    race = tmp_path / "race.jsonl"
    race.write_bytes(
        b"".join(b"%b\n" % line for line in stream_lines(GeneratedFeed(1, shape=shape).events()))
    )
    out = ["--out", str(tmp_path / "out")]
    return {
        "demo": ["demo", "--speed", "max", *out],
        "replay": ["replay", str(race), *out],
        "live": ["live", "--set", "betfair.app_key_file=/none", *out],
    }


COMMANDS = pytest.mark.parametrize("command", ["demo", "replay", "live"])


def executor_that(folder: Path, does: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = folder / "executor"
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    monkeypatch.setenv("HOTLOOP_EXECUTOR", str(path))
    return path


def when_asked(line: str) -> str:
    """The script's answer to `--version`."""
    return f"[ \"$1\" = --version ] && {{ echo '{line}'; exit; }}"


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of a command that could not start."""
    code = main(arguments)
    said = capsys.readouterr()
    assert code == 3, said
    line = said.err.strip()
    assert len(line.splitlines()) == 1, said
    assert line.startswith("trader: ")
    return line


@COMMANDS
@pytest.mark.parametrize(
    ("says", "code", "names"),
    [
        ("executor 9.0.0 (wire 2, 3; bundles 1)", "UNSUPPORTED_WIRE", "speaks 2 and 3"),
        ("executor 9.0.0 (wire 1; bundles 2)", "UNSUPPORTED_BUNDLE", "takes 2"),
    ],
)
def test_an_executor_of_another_version(
    command: str,
    says: str,
    code: str,
    names: str,
    commands: dict[str, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ran = tmp_path / "ran"
    binary = executor_that(
        tmp_path, f'[ "$1" = --version ] || touch {ran}\necho "{says}"', monkeypatch
    )
    line = refused([*commands[command], *RUST], capsys)
    assert f"{code}: trader {__version__} does not work with executor 9.0.0 ({binary})" in line
    assert names in line
    assert "docs/upgrade.md" in line
    assert not ran.exists(), "it was only asked for its version"
    assert_untouched(tmp_path)


@COMMANDS
@pytest.mark.parametrize(
    ("does", "why"),
    [
        ("echo hello", "not the version line of an executor: 'hello'"),
        ("exit 5", "it ended with code 5"),
    ],
)
def test_an_executor_that_does_not_say_its_version(
    command: str,
    does: str,
    why: str,
    commands: dict[str, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    binary = executor_that(tmp_path, does, monkeypatch)
    line = refused([*commands[command], *RUST], capsys)
    assert f"{binary} --version: {why}" in line
    assert_untouched(tmp_path)


def test_an_executor_that_hangs_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = executor_that(tmp_path, "exec sleep 1000", monkeypatch)
    with pytest.raises(UnknownVersionError, match=r"--version: no answer within 0\.1 s"):
        ask_executor(binary, timeout_s=0.1)


@COMMANDS
def test_an_extension_of_another_api(
    command: str,
    commands: dict[str, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Later(reference.Hotloop):
        def capabilities(self) -> dict[str, Any]:
            return {**super().capabilities(), "api_version": 2}

    module: Any = types.ModuleType("hotloop")
    module.Hotloop = Later
    monkeypatch.setitem(sys.modules, "hotloop", module)
    line = refused([*commands[command], *RUST_HOTLOOP], capsys)
    assert "UNSUPPORTED_HOTLOOP: this trader uses API 1 of Hotloop, the one installed has 2" in line
    assert "docs/upgrade.md" in line
    assert_untouched(tmp_path)


@COMMANDS
def test_a_configuration_of_another_version_is_bad_input(
    command: str,
    commands: dict[str, list[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main([*commands[command], "--set", "bundle_version=2"])
    line = capsys.readouterr().err
    assert code == 2
    assert "bundle_version: 2 is not allowed; allowed: 1" in line
    assert "UNSUPPORTED_BUNDLE: docs/upgrade.md" in line
    assert_untouched(tmp_path)


@pytest.mark.parametrize(
    ("versions", "code"),
    [
        ({"wire_versions": (2,)}, "UNSUPPORTED_WIRE"),
        ({"bundle_versions": (2,)}, "UNSUPPORTED_BUNDLE"),
    ],
)
def test_an_executor_that_was_changed_between_the_question_and_the_start(
    versions: dict[str, Any],
    code: str,
    commands: dict[str, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with FakePeer(**versions) as peer:
        ready = f'{{"listening": "127.0.0.1:{peer.port}", "metrics": "127.0.0.1:1"}}'
        does = (
            f"[ \"$1\" = --version ] && {{ echo '{FITS}'; exit; }}\necho '{ready}'\nexec sleep 60"
        )
        executor_that(tmp_path, does, monkeypatch)
        line = refused([*commands["replay"], *RUST], capsys)
    assert f"executor refused the session: {code}: " in line
    assert f"trader {__version__} speaks wire 1 with a configuration of version 1" in line
    assert "docs/upgrade.md" in line


def test_an_executor_of_another_release_that_works_is_told_of_and_used(
    commands: dict[str, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    says = (
        "[ \"$1\" = --version ] && { echo 'executor 9.0.0 (wire 1, 2; bundles 1)'; exit; }\nexit 4"
    )
    executor_that(tmp_path, says, monkeypatch)
    code = main([*commands["replay"], *RUST])
    said = capsys.readouterr().err
    assert code == 3
    assert f"WARNING: trader {__version__} with executor 9.0.0: they work together" in said
    assert "executor ended with code 4" in said, "it was started"


def assert_untouched(folder: Path) -> None:
    assert not (folder / "out").exists(), "nothing was begun"
