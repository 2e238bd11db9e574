"""Every way to use the command line wrongly ends with one clear line and the right exit code."""

from __future__ import annotations

import bz2
import json
import re
import resource
import socket
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.trader_process import command, environment, need_executor, run_trader, succeed

MCM: Final = b'{"op":"mcm","pt":1,"mc":[{"id":"1.1","rc":[]}]}\n'
PYTHON: Final = ("--hotloop", "python", "--execution", "python")


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.json"
    path.write_bytes(MCM * 3)
    return path


def refused(code: int, *arguments: str, **env: str) -> str:
    """The one line on standard error of a run that must end with that code."""
    done = run_trader(*arguments, **env)
    assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("trader: ")
    assert "Traceback" not in done.stdout
    return lines[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not exist"),
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n", "is not a recording of the market stream"),
        (b"not json\n", "is not a recording of the market stream: it begins with 'not json'"),
        (b'{"op":"ocm","pt":1}\n', "holds order stream messages"),
        (bz2.compress(MCM * 9)[:-8], "is truncated: its compressed data ends after line"),
    ],
)
def test_a_file_that_is_no_recording(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "thing"
    if content is not None:
        path.write_bytes(content)
    out = tmp_path / "out"
    line = refused(2, "replay", str(path), "--out", str(out), *PYTHON)
    assert str(path) in line
    assert said in line
    assert not (out / "summary.json").exists()


def test_a_recording_truncated_further_on_keeps_nothing_and_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "cut.bz2"
    message = '{"op":"mcm","pt":%d,"mc":[{"id":"1.%d","rc":[]}]}\n'
    data = "".join(message % (n, n * 2654435761 % 97) for n in range(60_000)).encode()
    whole = bz2.compress(data)
    path.write_bytes(whole[: len(whole) * 3 // 4])
    line = refused(2, "replay", str(path), "--out", str(tmp_path / "out"), *PYTHON)
    found = re.search(r"is truncated: its compressed data ends after line ([0-9,]+)$", line)
    assert found is not None, line
    assert int(found.group(1).replace(",", "")) > 1000
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_in_place_of_a_recording(tmp_path: Path) -> None:
    line = refused(2, "replay", str(tmp_path), "--out", str(tmp_path / "out"))
    assert line.endswith(f"{tmp_path}: is a folder, not a recording")


def test_every_file_is_looked_at_before_the_first_is_played(good: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    refused(2, "replay", str(good), str(tmp_path / "gone"), "--out", str(out), *PYTHON)
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--profile", "dmo"), "no profile 'dmo', did you mean 'demo'"),
        (("--profile", "/no/such.yaml"), "/no/such.yaml: cannot be read"),
        (("--set", "hotloop.queue.windw_s=3"), "hotloop.queue.windw_s: is not a known key, did"),
        (("--set", "hotloop.queue.window_s=ten"), "hotloop.queue.window_s: 'ten' is not allowed"),
        (("--set", "nonsense"), "is not an override; allowed: dotted.key=value"),
        (("--hotloop", "neither"), "invalid choice: 'neither'"),
        (("--no-such-option",), "unrecognized arguments: --no-such-option"),
        (("--speed", "fast"), "'fast' is not 'max' or a number"),
        (("repaly",), "unrecognized arguments: repaly"),
    ],
)
def test_bad_arguments_and_configuration(arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(2, "demo", *arguments)


def test_a_profile_of_ones_own_names_its_file_line_and_key(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("hotloop:\n  rust: perhaps\n")
    line = refused(2, "demo", "--profile", str(mine))
    assert line == (
        f"trader: {mine}:2: hotloop.rust: 'perhaps' is not allowed; allowed: true or false"
    )


def test_an_unknown_command_is_answered_with_the_nearest() -> None:
    assert "no command 'repaly', did you mean 'replay'?" in refused(2, "repaly")


def test_config_check_lists_every_problem_and_ends_with_2(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("hotlop: {}\nsizer: {bankroll: -1}\n")
    done = run_trader("config", "check", "--profile", str(mine))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2
    assert f"{mine}:1: hotlop: is not a known key, did you mean 'hotloop'?" in done.stderr
    assert f"{mine}:2: sizer.bankroll: -1 is not allowed" in done.stderr


def test_config_check_and_render_of_what_is_shipped() -> None:
    assert "ok: base with demo" in succeed("config", "check")
    more = ("--set", "execution.port=4100", "--set", "execution.metrics.port=9466")
    rendered = json.loads(succeed("config", "render", *more))
    assert rendered["mode"] == "dry_run"
    assert rendered["metrics"] == {"host": "127.0.0.1", "port": 9466}
    assert rendered["listen"] == {
        "transport": "tcp",
        "host": "127.0.0.1",
        "port": 4100,
        "spin_us": 200,
        "token_file": "executor.token",
    }


def test_a_metrics_port_in_use(good: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = refused(
            3,
            *("replay", str(good), "--out", str(tmp_path / "out"), *PYTHON),
            *("--set", "monitoring.metrics.enabled=true"),
            *("--set", f"monitoring.metrics.port={port}"),
        )
    assert f"cannot serve metrics on 127.0.0.1:{port}" in line
    assert "in use" in line


def test_an_executor_port_in_use(good: Path, tmp_path: Path) -> None:
    need_executor()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = refused(
            3,
            *("replay", str(good), "--out", str(tmp_path / "out")),
            *("--hotloop", "python", "--execution", "rust"),
            *("--set", f"execution.port={port}"),
        )
    assert str(port) in line


def test_a_missing_executor_binary(good: Path, tmp_path: Path) -> None:
    line = refused(
        3,
        *("replay", str(good), "--out", str(tmp_path / "out")),
        *("--hotloop", "python", "--execution", "rust"),
        HOTLOOP_EXECUTOR=str(tmp_path / "gone"),
    )
    assert f"no executor binary: looked at {tmp_path / 'gone'}" in line
    assert "--execution python" in line


@pytest.mark.parametrize("below", ["", "/deeper"])
def test_an_output_folder_that_is_a_file(good: Path, tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("mine")
    out = f"{tmp_path}/file{below}"
    assert f"--out {out}: is not a folder" in refused(2, "replay", str(good), "--out", out, *PYTHON)


def test_an_output_folder_that_cannot_be_written(good: Path) -> None:
    line = refused(2, "replay", str(good), "--out", "/proc/hotloop-out", *PYTHON)
    assert "--out /proc/hotloop-out: cannot be written" in line


def test_an_output_folder_without_a_name(good: Path) -> None:
    assert "--out: is empty" in refused(2, "replay", str(good), "--out", "", *PYTHON)


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = subprocess.run(
        command("demo", "--speed", "max", "--out", str(out), *PYTHON),
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    assert done.returncode == 2, done.stderr
    assert re.fullmatch(rf"trader: --out {out}: cannot be written: [^\n]+\n", done.stderr)
    assert list(out.iterdir()) == []


def test_standard_output_that_cannot_be_written(good: Path, tmp_path: Path) -> None:
    arguments = ("replay", str(good), "--out", str(tmp_path / "out"), *PYTHON)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command(*arguments),
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "trader: cannot write to standard output: No space left on device\n"
    assert (tmp_path / "out" / "summary.json").is_file()


def test_without_any_standard_output_it_runs_all_the_same(tmp_path: Path) -> None:
    short = ("--set", "simulator.demo.pre_off_s=10", "--set", "simulator.demo.in_play_s=1")
    arguments = command("demo", "--speed", "max", "--out", str(tmp_path / "out"), *PYTHON, *short)
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *arguments],
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out" / "summary.json").is_file()


def test_an_output_folder_with_another_run(good: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    succeed("replay", str(good), "--out", str(out), *PYTHON)
    other = tmp_path / "other.json"
    other.write_bytes(MCM)
    line = refused(2, "replay", str(other), "--out", str(out), *PYTHON)
    assert 'holds a different run (inputs ["good.json' in line


def test_bad_lines_in_a_recording_are_counted_not_fatal(tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.write_bytes(MCM + b"{broken\n" + MCM)
    done = run_trader("replay", str(path), "--out", str(tmp_path / "out"), *PYTHON)
    assert done.returncode == 0
    assert "1 refused line" in done.stdout
    assert done.stderr.startswith("trader: WARNING: line 2 refused: not JSON")


def test_paths_are_relative_to_where_bazel_run_was_called(good: Path, tmp_path: Path) -> None:
    arguments = ("replay", good.name, "--out", "out", *PYTHON)
    succeed(*arguments, BUILD_WORKING_DIRECTORY=str(tmp_path))
    assert (tmp_path / "out" / "summary.json").is_file()


def test_the_version() -> None:
    assert re.fullmatch(r"hotloop trader \d+\.\d+\.\d+\n", succeed("--version"))


def test_output_into_a_closed_pipe_is_no_error() -> None:
    with subprocess.Popen(
        command("--help"), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
        process.wait(60)
    assert errors == b""


def test_the_demos_exchange_is_not_for_the_sidecar(tmp_path: Path) -> None:
    line = refused(
        2,
        *("demo", "--out", str(tmp_path / "out")),
        *("--set", "execution.backend=rust", "--set", "execution.dry_run=false"),
    )
    assert "execution.backend rust with execution.dry_run false is for `trader live`" in line


def test_a_report_of_what_is_no_run_or_to_where_nothing_can_be_written(
    good: Path, tmp_path: Path
) -> None:
    assert "does not exist; name the --out folder" in refused(2, "report", str(tmp_path / "gone"))
    assert "holds no run (no blotter.sqlite)" in refused(2, "report", str(tmp_path))
    out = tmp_path / "out"
    succeed("replay", str(good), "--out", str(out), *PYTHON)
    line = refused(2, "report", str(out), "--runner", "1.1")
    assert "--runner 1.1: is not MARKET/SELECTION" in line
    line = refused(2, "report", str(out), "--runner", "1.1/2")
    assert line.endswith("this run has no such runner")
    assert "is a folder; name a file" in refused(2, "report", str(out), "--out", str(tmp_path))
    line = refused(2, "report", str(out), "--out", str(tmp_path / "no" / "page.html"))
    assert "page.html: cannot be written: No such file or directory" in line
    assert sorted(path.name for path in out.iterdir()) == [
        *("blotter.sqlite", "report.html", "summary.json"),
    ]
