"""For end-to-end tests: the trader as a process of its own, and what stands in its results."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from trader.execution.interfaces.executor import ExecutorStartError
from trader.execution.supervisor import find_binary
from trader.simulator.summary import BACKEND_KEYS, TIMING_KEYS

TIMEOUT_S: Final = 300.0
IN_BUILD_GRAPH: Final = "TEST_WORKSPACE" in os.environ

TABLES: Final[Mapping[str, str]] = {
    "intents": "select * from intents order by run, intent_id",
    "reports": "select run, seq, intent_id, ts_ms, action, status, bet_id, fill_price, fill_size, "
    "size_remaining_centi, size_matched_centi, avg_price_matched, reject_code, reject_class, "
    "message, dry_run from reports order by run, seq",
    "fills": "select * from fills order by rowid",
    "settlements": "select * from settlements order by run, market_id",
    "positions": "select * from positions order by run, market_id, selection_id, handicap_centi",
    "curve": "select * from curve order by run, market_id, ts_ms",
    "ladders": "select * from ladders order by run, market_id, ts_ms, selection_id, handicap_centi",
    "queues": "select * from queues order by run, market_id, ts_ms, intent_id",
}
"""The blotter's contents that may not depend on the backends: everything but latencies."""


def environment(**more: str) -> dict[str, str]:
    """This process's environment with its import path, so that the child finds the same modules."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **more}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "trader.apps.trader", *arguments]


def run_trader(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The trader run to its end; its output as text."""
    return subprocess.run(
        command(*arguments),
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def succeed(*arguments: str, **env: str) -> str:
    """Standard output of a run that must end with 0."""
    done = run_trader(*arguments, **env)
    assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def read_summary(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return document


def read_blotter(folder: Path) -> dict[str, list[Any]]:
    """All rows of the tables in `TABLES`."""
    connection = sqlite3.connect(folder / "blotter.sqlite")
    try:
        return {name: connection.execute(query).fetchall() for name, query in TABLES.items()}
    finally:
        connection.close()


def outcome(folder: Path) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Summary and blotter without what may differ between backends and machines."""
    without = TIMING_KEYS | BACKEND_KEYS | {"run"}
    summary = {key: value for key, value in read_summary(folder).items() if key not in without}
    return summary, read_blotter(folder)


def need_rust_hotloop() -> None:
    """Skips where the extension is not installed; never in the build graph, where it must be."""
    if not IN_BUILD_GRAPH:
        pytest.importorskip("hotloop", reason="the Rust extension `hotloop` is not installed")


def need_executor() -> None:
    """Skips where the sidecar is not built; never in the build graph."""
    try:
        find_binary()
    except ExecutorStartError as error:
        if IN_BUILD_GRAPH:
            raise
        pytest.skip(str(error))
