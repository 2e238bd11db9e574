"""What the tests share: a small recording and answers as workers give them."""

import json
from pathlib import Path
from typing import Any

from tests.bench.contestants import CONTESTANTS, Contestant
from tests.bench.recordings import Recording

RUNNERS = (11, 12, 13)

LINES = 60


def write_recording(path: Path) -> Path:
    """One market of three runners: an image with a definition, then a change or a trade a line."""
    runners = [{"id": runner, "status": "ACTIVE", "sortPriority": runner} for runner in RUNNERS]
    market: dict[str, Any] = {"id": "1.5", "img": True, "rc": [_image(each) for each in RUNNERS]}
    market["marketDefinition"] = {
        "status": "OPEN",
        "bettingType": "ODDS",
        "marketTime": "2026-01-01T00:00:00.000Z",
        "betDelay": 0,
        "version": 1,
        "complete": True,
        "runnersVoidable": False,
        "bspReconciled": False,
        "crossMatching": True,
        "inPlay": False,
        "numberOfWinners": 1,
        "numberOfActiveRunners": 3,
        "eventTypeId": "7",
        "eventId": "1",
        "bspMarket": False,
        "runners": runners,
    }
    messages = [{"op": "mcm", "clk": "a", "pt": 1_000_000, "mc": [market]}]
    for number in range(1, LINES):
        change = _change(RUNNERS[number % 3], number)
        entry = {"id": "1.5", "rc": [change]}
        messages.append({"op": "mcm", "clk": "a", "pt": 1_000_000 + number * 500, "mc": [entry]})
    path.write_text("".join(json.dumps(each) + "\n" for each in messages), encoding="utf-8")
    return path


def _image(runner: int) -> dict[str, Any]:
    sides = {"atb": [[2.0, 50.0], [1.99, 20.0]], "atl": [[2.02, 40.0], [2.04, 9.0]]}
    return {"id": runner, **sides, "trd": [[2.0, 10.0]], "ltp": 2.0}


def _change(runner: int, number: int) -> dict[str, Any]:
    if number % 2:
        return {"id": runner, "atb": [[2.0, 50.0 + number]], "atl": [[2.02, 40.0 + number]]}
    return {"id": runner, "trd": [[2.0, 10.0 + 4 * number]], "ltp": 2.0}


def contestant(name: str) -> Contestant:
    return next(entry for entry in CONTESTANTS if entry.name == name)


def recording(name: str = "made.json", lines: int = 100, books: int = 100) -> Recording:
    """One that no file stands behind."""
    expected = {"lines": lines, "market_changes": books, "runner_changes": 2 * books}
    return Recording(name, Path("plain"), Path("warm"), 1_000, {**expected, "books": books})


def answer(mean_ns: float, *, lines: int = 100, **more: Any) -> dict[str, Any]:
    """Two passes of a round whose lines took `mean_ns`, the quicker one nine tenths of that."""
    wall = round(mean_ns * 2 * lines)
    whole = {"passes": 2, "wall_ns": wall, "cpu_ns": wall, "best_ns": round(wall / 2 * 0.9)}
    single = {"p50": 1_000, "p99": 3_500, "p999": 9_000, "max": 10_000, "mean": 2_000, "samples": 9}
    return {
        "version": "1.0",
        "file": "made",
        "warned": None,
        "timer_pair_ns": 60.0,
        "whole": whole,
        "each": single,
        "notes": [],
        "silent": False,
        "counts": {"lines": lines, "market_changes": 100, "runner_changes": 200},
        **more,
    }


def decision(p50_us: float, p99_us: float) -> dict[str, Any]:
    """What `decision` measured of one file: the Python Hotloop takes twice the Rust one's time, and
    has no line with one intent alone."""
    figures = {"p50": p50_us * 1e3, "p95": p99_us * 1e3, "p99": p99_us * 1e3, "samples": 7.0}
    twice = {name: 2 * value for name, value in figures.items()}
    did = {"intents": 9, "fills": 1, "digest": "ab"}
    rust = {**did, "one": figures, "ready": figures, "all": figures}
    return {
        "equal": True,
        "backends": {"rust": rust, "python": {**did, "one": None, "ready": None, "all": twice}},
    }
