"""The whole command on a small file, with who needs no network; and how it ends when it cannot."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.bench import suite
from tests.bench.contestants import MEASUREMENTS, NAMES
from tests.bench.environments import Environments
from tests.bench.errors import WrongAnswerError
from tests.bench.jobs import measure
from tests.bench.locks import peer_lock
from tests.bench.main import main
from tests.bench.recordings import prepare
from tests.bench.testing import LINES, RUNNERS, contestant, write_recording

pytestmark = pytest.mark.skipif(
    "HOTLOOP_WHEEL" not in os.environ, reason="no wheel: ./bazelw test //tests/bench/... has one"
)

OFFLINE = ["hotloop", "hotloop-batch", "hotloop-pfill", "reference", "betfairlightweight"]

ENGINE = ["replay", "replay-python", "orders", "orders-sidecar", "orders-python"]

LIAR = """
import hotloop

class Work:
    def __init__(self, lines):
        self.lines = lines
    def whole(self):
        pass
    def counts(self):
        return {"lines": len(self.lines) - 1, "market_changes": 1}

def start(lines, path, options):
    return Work(lines)
"""


@pytest.fixture
def sample(tmp_path: Path) -> str:
    return str(write_recording(tmp_path / "sample.json"))


@pytest.fixture
def envs(tmp_path: Path) -> str:
    """A cache in which betfairlightweight is installed: links to the packages of this tree."""
    folder = tmp_path / "envs" / f"betfairlightweight-{peer_lock('betfairlightweight').digest}"
    folder.mkdir(parents=True)
    needed = ("betfairlightweight", "requests", "urllib3", "certifi", "idna", "charset_normalizer")
    for name in needed:
        spec = importlib.util.find_spec(name)
        assert spec is not None and spec.origin is not None
        for entry in Path(spec.origin).parents[1].iterdir():
            if not (folder / entry.name).is_symlink():
                (folder / entry.name).symlink_to(entry)
    return str(folder.parent)


def test_one_round_of_everyone_who_needs_no_network(
    tmp_path: Path, sample: str, envs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    written, report = tmp_path / "out.json", tmp_path / "out.md"
    options = ["--rounds", "1", "--seconds", "0.001", "--only", ",".join(OFFLINE), "--envs", envs]
    outputs = ["--json", str(written), "--markdown", str(report)]
    assert main([sample, *options, *outputs]) == 0
    told = capsys.readouterr()
    assert "sample.json, round 1 of 1: betfairlightweight" in told.err
    assert told.out == report.read_text(encoding="utf-8")
    made = json.loads(written.read_text(encoding="utf-8"))
    (file,) = made["files"]
    assert file["expected"]["lines"] == file["expected"]["books"] == LINES
    rows: dict[str, Any] = file["contestants"]
    assert list(rows) == OFFLINE
    assert all(not row["notes"] or "CPU" in row["notes"][0] for row in rows.values())
    assert rows["betfairlightweight"]["counts"] == {"books": LINES}
    assert rows["betfairlightweight"]["version"] == "2.24.0"
    for name in ("hotloop", "hotloop-batch", "reference"):
        assert rows[name]["counts"]["runner_changes"] == file["expected"]["runner_changes"]
    assert rows["hotloop-pfill"]["counts"]["orders_likely"] > 0
    assert rows["hotloop"]["ratio"] == {"median": 1.0, "low": 1.0, "high": 1.0}
    for row in rows.values():
        assert row["mean_ns"]["low"] <= row["mean_ns"]["median"] <= row["mean_ns"]["high"]
        assert 0 < row["best_ns"] <= row["mean_ns"]["median"]
    singles = rows["hotloop"]["percentiles_ns"]
    assert 0 < singles["p50"] <= singles["p99"] <= singles["p999"]


def test_one_round_of_the_engine_alone(tmp_path: Path, sample: str) -> None:
    written = tmp_path / "out.json"
    options = ["--rounds", "1", "--seconds", "0.001", "--only", ",".join(ENGINE)]
    assert main([sample, *options, "--json", str(written)]) == 0
    rows = json.loads(written.read_text(encoding="utf-8"))["files"][0]["contestants"]
    assert list(rows) == ENGINE
    assert rows["replay"]["counts"]["looks"] >= LINES
    assert [rows[name]["counts"]["placed"] for name in ENGINE[:2]] == [0, 0]
    (digest,) = {rows[name]["counts"]["digest"] for name in ENGINE[2:]}
    assert digest != rows["replay"]["counts"]["digest"]
    assert rows["orders"]["counts"]["placed"] >= len(RUNNERS)
    assert rows["orders"]["ratio"]["median"] == rows["replay"]["ratio"]["median"] == 1.0
    assert all(row["percentiles_ns"]["p50"] > 0 for row in rows.values())


def test_engines_that_do_different_things_fail_the_run(tmp_path: Path, sample: str) -> None:
    entries = [contestant("orders"), contestant("orders-python")]
    answers = {
        "orders": [{"counts": {"placed": 3}}, {"counts": {"placed": 3}}],
        "orders-python": [{"counts": {"placed": 3}}, {"counts": {"placed": 4}}],
    }
    made = prepare(Path(sample), tmp_path)
    suite.same_answers(entries[:1], answers, made)
    with pytest.raises(WrongAnswerError, match=r"orders-python on sample\.json: .*4.*orders .*3"):
        suite.same_answers(entries, answers, made)


EAGER = [
    "edges.passive_maker.min_spread_ticks=1",
    "edges.passive_maker.requote_ms=0",
    "fee_gate.unknown_mbr=assume",
    "fee_gate.min_net_edge=0",
]
"""Settings with which the edge that ships trades in the sample's market."""


def test_the_way_to_the_wire_is_measured(tmp_path: Path, sample: str) -> None:
    options = {"passes": 1, "python_passes": 1, "warm_lines": 5, "overrides": EAGER}
    wanted = next(entry for entry in MEASUREMENTS if entry.name == "decision")
    wheel = Path(os.environ["HOTLOOP_WHEEL"]).absolute()
    environment = Environments(tmp_path, tmp_path / "work", wheel, print).of(wanted.contestant)
    made = prepare(Path(sample), tmp_path)
    answer = measure(replace(wanted, options=options), environment, made)
    rust, python = answer["backends"]["rust"], answer["backends"]["python"]
    assert answer["equal"]
    assert rust["intents"] == python["intents"] > len(RUNNERS)
    assert rust["digest"] == python["digest"]
    assert 0 < rust["all"]["samples"] == python["all"]["samples"] <= LINES
    assert rust["all"]["p50"] <= rust["all"]["p95"] <= rust["all"]["p99"] <= rust["all"]["max"]


def test_an_engine_without_its_executor_cannot_start(
    sample: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOTLOOP_EXECUTOR", "/nowhere/executor")
    assert main([sample, "--only", "replay,decision"]) == 3
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == (
        "bench: no executor binary: looked at /nowhere/executor: "
        "leave out what needs it with --only"
    )


def test_memory_and_threads_of_ours_are_measured(tmp_path: Path, sample: str) -> None:
    small: dict[str, dict[str, Any]] = {
        "memory": {"markets": 4, "warm_markets": 2, "messages": 200},
        "gil": {"seconds": 0.01, "repeats": 1, "paced_per_s": 2_000},
    }
    wheel = Path(os.environ["HOTLOOP_WHEEL"]).absolute()
    made = prepare(Path(sample), tmp_path)
    environment = Environments(tmp_path, tmp_path / "work", wheel, print).hotloop()
    answers = {
        entry.name: measure(replace(entry, options=small[entry.name]), environment, made)
        for entry in MEASUREMENTS
        if entry.name in small
    }
    assert answers["memory"]["markets"] == 4
    assert answers["memory"]["image_bytes"] > 10_000
    assert len(answers["gil"]["conditions"]) == 5
    for condition in answers["gil"]["conditions"].values():
        assert condition["other_share"] >= 0
        assert condition["beside"]["calls_per_s"] > 0


def test_wrong_counts_of_ours_fail_the_run(
    tmp_path: Path, sample: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "liar.py").write_text(LIAR)
    liar = replace(contestant("hotloop"), worker=str(tmp_path / "liar"))
    monkeypatch.setattr(suite, "CONTESTANTS", (liar,))
    assert main([sample, "--rounds", "1", "--seconds", "0.01", "--only", "hotloop"]) == 1
    assert f"hotloop on sample.json: {LINES - 1} lines of {LINES}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "hotlop"], "no hotlop; --list"),
        (["--rounds", "0"], "--rounds: 0 is not above 0"),
        (["--rounds", "two"], "invalid int value"),
        (["--json", "/nowhere/out.json"], "no such folder"),
        (["nowhere.json"], "No such file"),
    ],
)
def test_bad_arguments_are_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_without_a_wheel_it_cannot_start(
    sample: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HOTLOOP_WHEEL")
    assert main([sample, "--only", "hotloop"]) == 3
    assert "run it with ./bazelw run //tests/bench" in capsys.readouterr().err


def test_a_peer_that_cannot_be_installed_is_named(
    tmp_path: Path,
    sample: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    assert main([sample, "--only", "orjson", "--envs", str(tmp_path / "envs")]) == 3
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("bench: pip cannot install orjson (")
    assert error.endswith("leave it out with --only")
    assert list((tmp_path / "envs").iterdir()) == []


def test_interrupted_it_ends_at_once_and_writes_nothing(tmp_path: Path, sample: str) -> None:
    written = tmp_path / "out.json"
    options = ["--only", "hotloop", "--rounds", "1000", "--json", str(written)]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.main", sample, *options],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stderr is not None
        assert "round 1 of 1000" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert rest.endswith("bench: interrupted, nothing is written\n")
    assert not written.exists()


def test_list_says_who_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(NAMES)
