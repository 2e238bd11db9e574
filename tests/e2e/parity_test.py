"""`trader parity`: equal backends end with 0, the first difference with 1, named to the argument.

Where a backend has to be wrong, or missing, a module of the extension's name takes its place: the
Python reference with one fault.
"""

from __future__ import annotations

import bz2
import gzip
import os
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.trader_process import environment, need_rust_hotloop, run_trader
from tests.parity.recordings import market_streams
from trader.simulator.generator import Race, RaceShape

EXTENSION: Final = '''
import os, signal

class HotloopError(ValueError):
    """As the extension's."""

def __getattr__(name):
    if name != "Hotloop":
        raise AttributeError(name)
    from trader.strategy.hotloop import reference

    class Hotloop(reference.Hotloop):
        """Behaves like the reference until its 40th message."""

        @property
        def is_due(self):
            return self.stats()["messages"] >= 40
{fault}
    return Hotloop
'''
RIGHT: Final = ""
WRONG_SUM: Final = """
        def best2_sum(self, m, r, side, handicap=0.0):
            wrong = 0.01 if self.is_due and side == "LAY" else 0.0
            return super().best2_sum(m, r, side, handicap) + wrong
"""
FAILING: Final = """
        def trend_lens(self, m, r, handicap=0.0, now_ms=None):
            if self.is_due:
                raise RuntimeError("an earlier call stopped half-way")
            return super().trend_lens(m, r, handicap, now_ms)
"""
INTERRUPTED: Final = """
        def last_pt_ms(self):
            if self.stats()["messages"] == 40:
                os.kill(os.getpid(), signal.SIGINT)
            return super().last_pt_ms()
"""
MISSING: Final = 'raise ModuleNotFoundError("No module named \'hotloop\'", name="hotloop")\n'

ONE_PASS: Final = ("--feed", "raw", "--queue-model", "prob_power")


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return list(Race(5, RaceShape(pre_off_s=8.0, in_play_s=1.0)).lines())


@pytest.fixture
def race(tmp_path: Path, lines: list[bytes]) -> Path:
    path = tmp_path / "race.json"
    path.write_bytes(b"\n".join(lines))
    return path


def parity(
    folder: Path, source: str, *arguments: str, **env: str
) -> subprocess.CompletedProcess[str]:
    """The command, with `source` as the extension."""
    module = folder / "extension" / "hotloop"
    module.mkdir(parents=True, exist_ok=True)
    (module / "__init__.py").write_text(source)
    path = os.pathsep.join((str(module.parent), environment()["PYTHONPATH"]))
    return run_trader("parity", *arguments, PYTHONPATH=path, **env)


def with_fault(fault: str) -> str:
    return EXTENSION.replace("{fault}", fault)


def test_recordings_are_equal_and_what_was_compared_is_counted() -> None:
    need_rust_hotloop()
    folder = market_streams()
    names = ["flumine__1.197931750.json", "betfair_parser__1.164917629.bz2"]
    done = run_trader("parity", *(str(folder / name) for name in names))
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    told = re.fullmatch(
        rf"{folder}/{names[0]}: 166 lines, 995 touched runners, ([0-9,]+) values compared "
        r"in 6 passes, 0 differences",
        first,
    )
    assert told is not None, first
    assert int(told.group(1).replace(",", "")) > 1_000_000
    assert second.startswith(f"{folder}/{names[1]}: 298 lines, 403 touched runners, ")


@pytest.mark.parametrize("feed", ["raw", "normalized", "both"])
@pytest.mark.parametrize("models", ["risk_averse", "prob_log", "all"])
def test_feeds_and_models_are_passes_of_their_own(
    race: Path, tmp_path: Path, feed: str, models: str
) -> None:
    options = ("--feed", feed, "--queue-model", models)
    done = parity(tmp_path, with_fault(RIGHT), str(race), *options)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    passes = (2 if feed == "both" else 1) * (3 if models == "all" else 1)
    assert f"in {passes} {'pass' if passes == 1 else 'passes'}, 0 differences" in done.stdout


def test_compressed_recordings_are_read_as_replay_reads_them(
    lines: list[bytes], tmp_path: Path
) -> None:
    data = b"\n".join(lines)
    (tmp_path / "a.gz").write_bytes(gzip.compress(data))
    (tmp_path / "b.bz2").write_bytes(bz2.compress(data))
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("race.json", data)
    names = [str(tmp_path / name) for name in ("a.gz", "b.bz2", "c.zip")]
    done = parity(tmp_path, with_fault(RIGHT), *names, *ONE_PASS)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    told = [line.partition(": ") for line in done.stdout.splitlines()]
    assert [name for name, _, _ in told] == names
    assert len({counts for _, _, counts in told}) == 1
    assert told[0][2].startswith(f"{len(lines)} lines, ")


def test_refused_lines_are_compared_too(race: Path, tmp_path: Path) -> None:
    with race.open("ab") as file:
        file.write(b'\n{"op":"mcm","pt":1,"mc":[{"id":5}]}\n{broken\n')
    done = parity(tmp_path, with_fault(RIGHT), str(race), "--queue-model", "prob_log")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert " lines (2 refused alike), " in done.stdout


def test_the_first_difference_is_named_and_nothing_is_compared_after_it(
    race: Path, tmp_path: Path
) -> None:
    done = parity(tmp_path, with_fault(WRONG_SUM), str(race), "gone-later.json")
    assert done.returncode == 2, "every file is looked at before the first is read"
    done = parity(tmp_path, with_fault(WRONG_SUM), str(race), str(race))
    assert (done.returncode, done.stderr) == (1, "")
    where, ours, theirs = done.stdout.splitlines()
    told = re.fullmatch(
        rf"{race} line 40 \(raw, risk_averse\): market (1\.\d+), runner (\d+): "
        r"best2_sum\('(\S+)', (\d+), 'LAY', 0\.0\)",
        where,
    )
    assert told is not None, where
    assert told.group(1, 2) == told.group(3, 4)
    rust, python = (
        re.fullmatch(rf"  {name}: +([0-9.]+)", line)
        for name, line in (("rust", ours), ("python", theirs))
    )
    assert rust is not None
    assert python is not None
    assert float(rust.group(1)) == pytest.approx(float(python.group(1)) + 0.01)


def test_a_backend_that_fails_is_a_difference(race: Path, tmp_path: Path) -> None:
    done = parity(tmp_path, with_fault(FAILING), str(race), *ONE_PASS)
    assert (done.returncode, done.stderr) == (1, "")
    assert "Failed(error='RuntimeError', message='an earlier call stopped half-way')" in done.stdout


def test_an_interrupt_ends_it_cleanly_and_says_how_far_it_came(race: Path, tmp_path: Path) -> None:
    done = parity(tmp_path, with_fault(INTERRUPTED), str(race), *ONE_PASS)
    assert (done.returncode, done.stderr) == (130, "")
    assert re.fullmatch(
        rf"{race}: 40 lines, [0-9,]+ touched runners, [0-9,]+ values compared in 1 pass, "
        r"0 differences until interrupted\n",
        done.stdout,
    )


def test_a_missing_extension(race: Path, tmp_path: Path) -> None:
    done = parity(tmp_path, MISSING, str(race))
    assert done.returncode == 3
    assert done.stderr == (
        "trader: the Rust extension `hotloop` is not installed: build it (scripts/venv.sh)\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gone.json",), "gone.json: does not exist"),
        ((), "the following arguments are required: FILE"),
        (("race.json", "--feed", "cooked"), "invalid choice: 'cooked'"),
        (("race.json", "--queue-model", "luck"), "invalid choice: 'luck'"),
        (("race.json", "--set", "hotloop.min_obs_s=-1"), "hotloop.min_obs_s: -1 is not allowed"),
        (("race.json", "--profile", "nobody"), "no profile 'nobody'"),
        (("race.json", "--out", "x"), "unrecognized arguments: --out x"),
    ],
)
def test_bad_files_and_arguments(
    race: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    source = with_fault(RIGHT)
    done = parity(tmp_path, source, *arguments, BUILD_WORKING_DIRECTORY=str(race.parent))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


def test_the_configuration_of_the_seam_is_the_commands_own(race: Path, tmp_path: Path) -> None:
    """A single source of books, no observation needed: other values are compared than before."""
    options = (*ONE_PASS, "--set", "hotloop.book.source=display", "--set", "hotloop.min_obs_s=0")
    printed = [
        parity(tmp_path, with_fault(RIGHT), str(race), *arguments).stdout
        for arguments in (ONE_PASS, options)
    ]
    assert all("0 differences" in text for text in printed)
    assert printed[0] != printed[1]
