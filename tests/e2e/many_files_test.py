"""Many recordings at once: whatever is killed, the same command goes on to the same result."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.trader_process import (
    TIMEOUT_S,
    command,
    environment,
    need_executor,
    outcome,
    read_summary,
    run_trader,
    succeed,
)
from trader.simulator.generator import MARKET_ID, Race, RaceShape

PYTHON: Final = ("--hotloop", "python", "--execution", "python")
SHAPE: Final = RaceShape(pre_off_s=20.0, in_play_s=4.0)
FILES: Final = ["blotter.sqlite", "report.html", "summary.json"]
SMALL: Final = 6
TIMES: Final = 30
"""How often the long recording holds its race: long enough to be met in the middle."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A long recording and short ones, in this order."""
    folder = tmp_path_factory.mktemp("recordings")
    races = [b"".join(line + b"\n" for line in Race(n, SHAPE).lines()) for n in range(SMALL + 1)]
    races[0] *= TIMES
    for number, race in enumerate(races):
        (folder / f"{number}.json").write_bytes(race)
    return [str(folder / f"{number}.json") for number in range(SMALL + 1)]


@pytest.fixture(scope="module")
def expected(files: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("expected")
    succeed("replay", *files, "--out", str(out), "--workers", "1", *PYTHON)
    return out


def told(stderr: str) -> list[str]:
    """What was said but for the progress, of which a slow machine sees more."""
    return [line for line in stderr.splitlines() if not re.match(r" *\d+ %", line)]


def started(files: Sequence[str], out: Path, *more: str) -> subprocess.Popen[str]:
    """In a process group of its own, as a shell starts it."""
    return subprocess.Popen(
        command("replay", *files, "--out", str(out), "--workers", "2", *PYTHON, *more),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(what: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Until something is so; fails when the process ends before."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while not what():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def parts(out: Path) -> set[str]:
    return {path.stem for path in out.glob(".running/parts/*.record")}


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """Its workers' ids, in the order of their starts."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def has_ended(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_killed_worker_costs_its_input_a_second_try(
    files: list[str], expected: Path, tmp_path: Path
) -> None:
    with started(files, tmp_path) as process:
        # The first worker has the long recording; the other one has finished a short one.
        wait_for(lambda: bool(parts(tmp_path)), process)
        os.kill(workers_of(process)[0], signal.SIGKILL)
        _, stderr = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, stderr
    assert told(stderr) == [
        f"trader: warning: {files[0]}: its worker was ended by SIGKILL; it is tried once more"
    ]
    assert outcome(tmp_path) == outcome(expected)


def test_a_killed_run_goes_on_with_what_is_missing(
    files: list[str], expected: Path, tmp_path: Path
) -> None:
    with started(files, tmp_path) as process:
        wait_for(lambda: len(parts(tmp_path)) >= 2, process)
        workers = workers_of(process)
        process.kill()
        process.communicate()
    kept = parts(tmp_path)
    assert len(workers) == 2
    deadline_s = time.monotonic() + TIMEOUT_S
    while not all(has_ended(worker) for worker in workers):  # they see that nobody is there
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    assert parts(tmp_path) == kept, "nobody but the run itself puts a part in place"
    assert not (tmp_path / "summary.json").exists()
    arguments = ("replay", *files, "--out", str(tmp_path), *PYTHON)
    done = run_trader(*arguments, "--resume", "--workers", "3")
    assert done.returncode == 0, done.stderr
    assert f"goes on: {len(kept)} of 7 inputs are finished" in done.stderr
    assert outcome(tmp_path) == outcome(expected)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == FILES


def test_ctrl_c_keeps_the_finished_inputs_and_the_same_command_goes_on(
    files: list[str], expected: Path, tmp_path: Path
) -> None:
    with started(files, tmp_path) as process:
        wait_for(lambda: len(parts(tmp_path)) >= 2, process)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers hear it, too
        stdout, stderr = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 130, stderr
    assert told(stderr) == []
    partial = read_summary(tmp_path)
    assert partial["interrupted"] is True
    assert len(partial["inputs"]) == len(parts(tmp_path)) >= 2
    assert "interrupted: the figures cover what was read until then" in stdout
    succeed("replay", *files, "--out", str(tmp_path), *PYTHON)
    assert outcome(tmp_path) == outcome(expected)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == FILES


def test_a_different_run_does_not_take_the_place_of_an_unfinished_one(
    files: list[str], tmp_path: Path
) -> None:
    with started(files, tmp_path) as process:
        wait_for(lambda: bool(parts(tmp_path)), process)
        process.kill()
        process.communicate()
    kept = parts(tmp_path)
    for more in (("--feed", "normalized"), ("--set", "sizer.bankroll=77")):
        done = run_trader("replay", *files, "--out", str(tmp_path), *PYTHON, *more)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
    assert parts(tmp_path) == kept


def test_the_markets_of_an_archive_are_inputs_and_sidecars_are_the_workers_own(
    files: list[str], tmp_path: Path
) -> None:
    need_executor()
    archive = tmp_path / "day.tar"
    (tmp_path / "README").write_text("notes")
    with tarfile.open(archive, "w") as tar:
        tar.add(tmp_path / "README", "README")
        for number, name in enumerate(files[1:4]):
            race = Path(name).read_bytes().replace(MARKET_ID.encode(), b"1.%d" % number)
            (tmp_path / "race").write_bytes(race)
            tar.add(tmp_path / "race", f"33/1.{number}")
        tar.add(tmp_path / "race", "33/33")  # the event's file: a market that has a file
    for execution in ("python", "rust"):
        out = tmp_path / execution
        more = ("--hotloop", "python", "--execution", execution, "--workers", "2")
        done = run_trader("replay", str(archive), "--out", str(out), *more)
        assert done.returncode == 0, done.stderr
        assert "left out 1 file (README): no market stream" in done.stderr
        assert "left out 1 event file (33/33): their markets have own files" in done.stderr
        names = [part["source"] for part in read_summary(out)["inputs"]]
        assert names == [f"{archive}!33/1.{n}" for n in range(3)]
    assert outcome(tmp_path / "python") == outcome(tmp_path / "rust")
    assert not list((tmp_path / "rust").rglob("executor.token"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--workers", "0"), "'0' is not a number from 1 to 256"),
        (("--resume", "--fresh"), "not allowed with argument"),
        (("--ray-address", "auto"), "--ray-address: is for --engine ray"),
        (("--resume",), "holds no finished inputs of this run to --resume"),
        (("--execution", "rust", "--set", "execution.port=4100"), "execution.port: 4100 is one"),
    ],
)
def test_bad_arguments(
    files: list[str], tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    out = tmp_path / "out"
    done = run_trader("replay", *files, "--out", str(out), *arguments)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


def test_without_ray_its_engine_says_what_to_install(files: list[str], tmp_path: Path) -> None:
    if importlib.util.find_spec("ray") is not None:
        pytest.skip("Ray is installed here")
    done = run_trader("replay", *files, "--out", str(tmp_path / "out"), "--engine", "ray", *PYTHON)
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1
    assert "pip install" in done.stderr
