"""The Rust Hotloop equals the Python reference: every answer, every message, every recording.

Fed as raw lines and as decoded mappings; after every message everything about what it touched is
compared (`trader.strategy.hotloop.comparison` says what and how closely), with made-up orders
resting on either side of every runner; at the end everything about every runner ever seen. Other
configurations are compared on parts of them. Generated streams are in the tests beside this one.
"""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.parity.pair import Pair
from tests.parity.recordings import per_recording, read_lines
from tests.parity.streams import Fed, Json
from trader.strategy.hotloop.questions import Question

FEEDS: Final[dict[str, Callable[[bytes], Fed]]] = {"raw": bytes, "normalized": json.loads}

SMALL_WINDOWS: Final = {
    "queue": {"window_s": 0.5},
    "min_obs_s": 0,
    "pfill": {"horizon_ms": 250, "trade_size_window_s": 1},
    "sweep": {"levels": 1, "window_ms": 50},
    "big_move": {"ticks": 1, "window_ms": 50},
    "trend": {"fast_s": 0.05, "slow_s": 0.2},
    "rf": {"window_s": 0.5},
    "state": {"max_orders": 7, "closed_retention_s": 0},
}
CONFIGS: Final[dict[str, Json]] = {
    "risk_averse": {"queue": {"model": "risk_averse"}, "min_obs_s": 0},
    "prob_log": {"queue": {"model": "prob_log"}, "sweep": {"levels": 2, "window_ms": 60_000}},
    "power": {"queue": {"power_n": 0.7}, "traded": {"drop_tolerance": 0, "revaluation_levels": 2}},
    "exponential": {"pfill": {"model": "exponential"}, "big_move": {"ticks": 2}},
    "small windows": SMALL_WINDOWS,
    "full": {"book": {"source": "full"}},
    "best": {"book": {"source": "best"}},
    "display": {"book": {"source": "display"}},
}


BEGINNING: Final = 50
END: Final = 500


def parts_of(lines: list[bytes]) -> list[bytes]:
    """The images a recording begins with, and where it ends in play: what comes between is lost."""
    return lines if len(lines) < BEGINNING + END else lines[:BEGINNING] + lines[-END:]


def compare(pair: Pair, lines: list[bytes], feed: str = "raw") -> None:
    """Every line to both; whoever looks at a failure needs the number of the line."""
    for number, line in enumerate(lines, start=1):
        try:
            pair.take(FEEDS[feed](line), number)
        except Exception as difference:
            difference.add_note(f"at line {number}: {line[:300]!r}")
            raise
    pair.check_all()
    assert pair.seen
    assert pair.ours.stats()["errors"] == 0


@per_recording
@pytest.mark.parametrize("feed", FEEDS)
def test_every_answer_after_every_message(name: str, feed: str) -> None:
    compare(Pair(), read_lines(name), feed)


@per_recording
@pytest.mark.parametrize("config", CONFIGS)
def test_every_configuration_gives_equal_answers(name: str, config: str) -> None:
    compare(Pair(CONFIGS[config]), parts_of(read_lines(name)))


@per_recording
@pytest.mark.parametrize("model", ["risk_averse", "prob_log"])
def test_every_queue_model_moves_the_positions_alike(name: str, model: str) -> None:
    pair = Pair({"queue": {"model": model}}, queues_only=True)
    compare(pair, read_lines(name))


@pytest.mark.parametrize("source", ["best", "display"])
def test_offers_alone_are_read_alike(source: str) -> None:
    """The one recording with best offers, and the long one with displayed ones."""
    names = {
        "best": "kelvin__MarketStream-1.241629436.json",
        "display": "flumine__1.197931750.json",
    }
    pair = Pair({"book": {"source": source}}, queues_only=True)
    compare(pair, read_lines(names[source]))


@per_recording
def test_a_batch_gives_the_state_of_its_lines(name: str) -> None:
    pair, lines = Pair(), read_lines(name)
    changes = pair.ours.apply_batch(lines, 7)
    for line in lines:
        pair.theirs.apply_delta(line, 7)
        pair.seen.update(dict.fromkeys(_named(line)))
    assert changes == pair.theirs.stats()["runner_changes"] > 0
    pair.check_all()


def _named(line: bytes) -> list[tuple[str, int, float]]:
    changes: list[Any] = json.loads(line)["mc"]
    return [
        (change["id"], entry["id"], float(entry.get("hc", 0)))
        for change in changes
        for entry in change.get("rc", ())
    ]


def test_the_counts_are_the_files_own() -> None:
    pair = Pair()
    lines = read_lines("flumine__1.200806927.json")
    assert pair.check(Question("apply_batch", (lines, 0))) == 21_895
    assert pair.check(Question("stats"))["messages"] == 18_529
