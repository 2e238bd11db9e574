"""An edge from a file of one's own, with the real command: refused, failing, and trading the same
whoever plays it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.trader_process import (
    need_executor,
    need_rust_hotloop,
    outcome,
    read_summary,
    run_trader,
    succeed,
)
from trader.config.loading import load
from trader.simulator.generator import Race, RaceShape
from trader.simulator.many.run import config_digest

EDGE: Final = """\
from dataclasses import dataclass

from trader.config.rules import Whole, rule
from trader.execution.interfaces.intents import Side
from trader.strategy.edges.base import Edge, EdgeConfig, Place


@dataclass(frozen=True, kw_only=True)
class JoinConfig(EdgeConfig):
    ttl_ms: int = rule(Whole(1, 60_000), default=2_000)


class Join(Edge[JoinConfig]):
    name, config_class = "join", JoinConfig

    def decide(self, ctx, runner):
        lay = ctx.book.best(*runner[:3])[2]
        if lay is None or ctx.market.in_play or ctx.orders(self.name, runner):
            return ()
        return [Place(Side.BACK, round(100 * lay), 0.01, self.config.ttl_ms)]
"""
FAILING: Final = EDGE.replace("return [Place", "return [1 / 0, Place")
PYTHON: Final = ("--hotloop", "python", "--execution", "python")
ALONE: Final = ("--edge", "join.py", "--without-shipped-edges")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where one stands: an edge and two recordings."""
    (tmp_path / "join.py").write_text(EDGE)
    for seed in (1, 2):
        race = Race(seed, RaceShape(pre_off_s=20.0, in_play_s=2.0))
        (tmp_path / f"{seed}.jsonl").write_bytes(b"\n".join(race.lines()))
    return tmp_path


def replay(folder: Path, out: str, *more: str, files: tuple[str, ...] = ("1.jsonl",)) -> Path:
    """A replay as somebody who stands in the folder gives it; where its results are."""
    succeed("replay", *files, "--out", out, *more, BUILD_WORKING_DIRECTORY=str(folder))
    return folder / out


def refused(folder: Path, *arguments: str) -> str:
    """The one line of a command that must end with exit code 2."""
    done = run_trader(*arguments, BUILD_WORKING_DIRECTORY=str(folder))
    assert done.returncode == 2, f"{done.returncode}\n{done.stdout}{done.stderr}"
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("command", ["replay", "demo", "live"])
def test_an_edge_that_imports_below_the_book_is_refused_at_the_start(
    folder: Path, command: str
) -> None:
    (folder / "peek.py").write_text("from trader.betfair.book_builder import BookBuilder\n" + EDGE)
    files = ["1.jsonl"] if command == "replay" else []
    line = refused(folder, command, *files, "--out", "out", "--edge", "peek.py", *PYTHON)
    assert line == (
        "trader: peek.py:1: imports trader.betfair.book_builder, which an edge may not; instead: "
        "ctx.book has prices, queues and signals (docs/signals.md)"
    )
    assert not (folder / "out").exists()


def test_config_check_lists_all_that_is_wrong_with_an_edge(folder: Path) -> None:
    (folder / "peek.py").write_text("import os, socket\n" + EDGE)
    arguments = ("config", "check", "--profile", "dry", "--edge")
    done = run_trader(*arguments, "peek.py", BUILD_WORKING_DIRECTORY=str(folder))
    assert done.returncode == 2
    assert [line.split(",")[0] for line in done.stderr.splitlines()] == [
        "trader: peek.py:1: imports os",
        "trader: peek.py:1: imports socket",
    ]
    good = succeed(*arguments, "join.py", BUILD_WORKING_DIRECTORY=str(folder))
    assert good == "ok: base with dry\n"


def test_orders_can_be_cancelled_with_the_profile_of_a_broken_edge(folder: Path) -> None:
    (folder / "join.py").write_text("1 / 0")
    journal = f"execution: {{dry_run: false, journal: {{dir: {folder}/journal}}}}"
    (folder / "live.yaml").write_text(
        f"edge_files: [join.py]\nedges: {{join: {{x: 1}}}}\n{journal}\n"
    )
    mine = ("--profile", str(folder / "live.yaml"))
    assert "join.py:1: fails as it is loaded" in refused(folder, "live", *mine)
    for command in ("orders", "cancel-all", "kill"):
        done = run_trader(command, *mine, BUILD_WORKING_DIRECTORY=str(folder))
        assert done.returncode != 2, done.stderr
        assert "join" not in done.stderr


def test_all_backends_trade_the_same(folder: Path) -> None:
    need_rust_hotloop()
    need_executor()
    outcomes = []
    for hotloop in ("python", "rust"):
        for execution in ("python", "rust"):
            backends = ("--hotloop", hotloop, "--execution", execution)
            out = replay(folder, f"{hotloop}-{execution}", *ALONE, *backends)
            outcomes.append(outcome(out))
    assert outcomes[0][0]["intents_total"] > 50
    assert set(outcomes[0][0]["intents_per_minute_by_edge"]) == {"join"}
    assert outcomes[1:] == outcomes[:1] * 3


def test_workers_trade_the_same_as_one_process(folder: Path) -> None:
    files = ("1.jsonl", "2.jsonl")
    two = outcome(replay(folder, "two", *ALONE, *PYTHON, "--workers", "2", files=files))
    one = outcome(replay(folder, "one", *ALONE, *PYTHON, "--workers", "1", files=files))
    assert two == one
    alone = [replay(folder, f"of-{name}", *ALONE, *PYTHON, files=(name,)) for name in files]
    assert one[0]["inputs"] == [read_summary(out)["inputs"][0] for out in alone]


def test_the_run_keeps_the_edges_parameters_and_what_stood_in_its_file(folder: Path) -> None:
    out = replay(folder, "out", *ALONE, *PYTHON, "--set", "edges.join.ttl_ms=500")
    sha256 = hashlib.sha256(EDGE.encode()).hexdigest()
    parameters = {"enabled": True, "priority": 100, "ttl_ms": 500}
    assert read_summary(out)["run"]["edges"] == {"join": {"sha256": sha256, **parameters}}
    with sqlite3.connect(out / "blotter.sqlite") as blotter:
        (kept,) = blotter.execute("select config from runs").fetchone()
    blotter.close()
    config: dict[str, Any] = json.loads(kept)
    assert config["own_edges"] == {"join": {"sha256": sha256}}
    assert config["edges"]["join"] == parameters
    assert not config["edges"]["passive_maker"]["enabled"]


def test_a_changed_edge_is_a_different_run(folder: Path) -> None:
    replay(folder, "out", *ALONE, *PYTHON)
    replay(folder, "out", *ALONE, *PYTHON)
    again = ("replay", "1.jsonl", "--out", "out", *PYTHON)
    other = refused(folder, *again, *ALONE, "--set", "edges.join.ttl_ms=500")
    assert "holds a different run (edges.join.ttl_ms 2000, not 500)" in other
    assert "holds a different run (edges {" in refused(folder, *again)
    (folder / "join.py").write_text(EDGE + "\n")
    assert "holds a different run (edges.join.sha256 " in refused(folder, *again, *ALONE)


def test_what_is_gone_on_with_has_the_same_edge(folder: Path) -> None:
    def digest() -> str:
        return config_digest(load(edge_files=[("join.py", folder / "join.py")]))

    before = digest()
    assert digest() == before
    (folder / "join.py").write_text(EDGE + "\n")
    assert digest() != before


def test_runs_are_compared_where_their_edges_are_the_same_wherever_they_lie(folder: Path) -> None:
    (folder / "there").mkdir()
    (folder / "there" / "join.py").write_text(EDGE)
    replay(folder, "a", *ALONE, *PYTHON)
    replay(folder, "b", "--edge", "there/join.py", "--without-shipped-edges", *PYTHON)
    succeed("compare", "a", "b", BUILD_WORKING_DIRECTORY=str(folder))
    (folder / "join.py").write_text(EDGE.replace("0.01", "0.02"))
    replay(folder, "c", *ALONE, *PYTHON)
    assert "own_edges.join.sha256 is " in refused(folder, "compare", "a", "c")


@pytest.mark.parametrize("files", [("1.jsonl",), ("1.jsonl", "2.jsonl")])
def test_an_edge_that_fails_ends_the_run_in_one_line(folder: Path, files: tuple[str, ...]) -> None:
    (folder / "join.py").write_text(FAILING)
    more = ("--workers", "1") if len(files) > 1 else ()
    line = refused(folder, "replay", *files, "--out", "out", *ALONE, *PYTHON, *more)
    where = FAILING.splitlines().index(next(x for x in FAILING.splitlines() if "1 / 0" in x)) + 1
    assert line.startswith(f"trader: join.py:{where}: edge join failed at 17")
    assert "market 1.900000001, runner 700000" in line
    assert "ZeroDivisionError: division by zero" in line
    assert not (folder / "out" / "summary.json").exists()


def test_a_demo_ends_in_one_line_too(folder: Path) -> None:
    late = EDGE.replace("return [Place", "return [1 / (runner[1] != 70000003) and Place")
    (folder / "join.py").write_text(late)
    short = ("--set", "simulator.demo.pre_off_s=10", "--set", "simulator.demo.in_play_s=1")
    line = refused(folder, "demo", "--out", "out", "--speed", "max", *ALONE, *PYTHON, *short)
    assert "runner 70000003: ZeroDivisionError" in line
