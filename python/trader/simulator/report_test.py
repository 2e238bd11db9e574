"""What is printed at the end says what happened, also when that is little."""

from __future__ import annotations

from typing import Any, Final

from trader.simulator.report import replay_lines

TIMES: Final = {"count": 0, "p50": 0.0, "p99": 0.0}
NOTHING: Final[dict[str, Any]] = {
    "inputs": [],
    "pnl": {"gross": 0.0, "commission": 0.0, "net": 0.0, "markets_marked": 0},
    "interrupted": False,
    "executor_lost": None,
    "seam_lost": None,
    "apply_delta_ns": TIMES,
    "decision_us": TIMES,
    "intents_total": 0,
    "lines": 4,
    "wall_s": 0.1,
    "seam_errors": 0,
    "shadow": None,
    "hotloop": "rust",
    "execution": "python",
}


def time_line(**summary: Any) -> str:
    (line,) = (
        x
        for x in replay_lines({**NOTHING, **summary}, "out", has_page=True)
        if x.startswith("time:")
    )
    return line


def test_times_of_nothing_are_not_given_as_zero() -> None:
    assert time_line().startswith(
        "time:   apply_delta was timed for no line; no intents; 4 lines in 0.1 s"
    )
    taken = {"count": 1, "p50": 1500.0, "p99": 9000.0}
    assert "p99 9.0 µs; no line with intents was timed; 4 lines" in time_line(
        intents_total=3, apply_delta_ns=taken
    )


def test_times_are_in_microseconds() -> None:
    line = time_line(
        intents_total=3,
        apply_delta_ns={"count": 4, "p50": 1500.0, "p99": 9000.0},
        decision_us={"count": 2, "p50": 21.0, "p99": 90.0},
    )
    assert "apply_delta p50 1.5 µs, p99 9.0 µs; line to intents p50 21.0 µs, p99 90.0 µs;" in line


def test_a_run_that_ended_early_says_why_its_figures_are_partial() -> None:
    assert "executor lost: the figures cover what was read until then" in list(
        replay_lines({**NOTHING, "executor_lost": "gone"}, "out", has_page=True)
    )
