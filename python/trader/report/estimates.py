"""How good the estimates were, and how quick everything was; pure functions over `ReportData`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from trader.desk_counts import seconds_power
from trader.report.data import ReportData

BINS: Final = 10
DECISION: Final = "line to its intents (decision)"
INTENT_ACK: Final = "intent to ACK"
FEW: Final = 5
"""A bin of fewer orders says nothing; it is drawn pale."""


class Bin(NamedTuple):
    """Orders that were promised about the same: the mean promise, the share that was filled."""

    p_mean: float
    rate: float
    n: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """`is_of_own_orders`: estimated here from the run's own orders, which are often taken away
    before the horizon; otherwise it is the summary's."""

    horizon_ms: int
    bins: list[Bin]
    is_of_own_orders: bool
    unknown: int = 0
    """Orders that were taken away before the horizon."""

    @property
    def n(self) -> int:
        return sum(one.n for one in self.bins)


def reliability(data: ReportData) -> list[Reliability]:
    """What orders were promised against what became of them; one for each horizon."""
    given = data.in_summary("p_fill", "reliability")
    if given:
        return [
            Reliability(
                entry["horizon_ms"],
                [Bin(b["p_mean"], b["rate"], b["n"]) for b in entry["bins"] if b["n"]],
                is_of_own_orders=False,
            )
            for entry in given
        ]
    return [_of_own_orders(data)]


def _of_own_orders(data: ReportData) -> Reliability:
    horizon_ms = data.horizon_ms
    binned: list[list[tuple[float, int, bool]]] = [[] for _ in range(BINS)]
    unknown = 0
    for p_fill, _, _, filled_ms, ended_ms in data.outcomes:
        if p_fill is None:
            continue
        is_filled = filled_ms is not None and filled_ms <= horizon_ms
        last_ms = filled_ms if filled_ms is not None and is_filled else ended_ms
        rested_ms = horizon_ms if last_ms is None else min(last_ms, horizon_ms)
        unknown += not is_filled and rested_ms < horizon_ms
        binned[min(int(p_fill * BINS), BINS - 1)].append((p_fill, rested_ms, is_filled))
    bins = [
        Bin(sum(p for p, _, _ in orders) / len(orders), _filled_share(orders), len(orders))
        for orders in binned
        if orders
    ]
    return Reliability(horizon_ms, bins, True, unknown)


def _filled_share(orders: Sequence[tuple[float, int, bool]]) -> float:
    """The share that would have been filled by the horizon had none been taken away before, as
    Kaplan and Meier estimate it: at each fill, of those that still rested. Orders are (promise,
    ms until filled or taken away, whether filled)."""
    unfilled, left = 1.0, len(orders)
    # A fill comes before what is taken away at the same moment.
    for _, _, is_filled in sorted(orders, key=lambda order: (order[1], not order[2])):
        if is_filled:
            unfilled *= 1 - 1 / left
        left -= 1
    return 1 - unfilled


class Waits(NamedTuple):
    """How many orders by seconds, up to 2^key: promised to the fill, and taken to the first
    match."""

    promised: dict[int, int]
    taken: dict[int, int]


def waits(data: ReportData) -> Waits:
    orders = data.outcomes
    promised = Counter(seconds_power(one.ttf_ms) for one in orders if one.ttf_ms is not None)
    taken = Counter(seconds_power(one.matched_ms) for one in orders if one.matched_ms is not None)
    return Waits(dict(sorted(promised.items())), dict(sorted(taken.items())))


class Latency(NamedTuple):
    """Percentiles of something that was timed, µs. `what` is for people."""

    what: str
    n: int
    p50: float
    p95: float
    p99: float
    max: float


def latencies(data: ReportData) -> list[Latency]:
    """Everything that was timed at least once."""
    found: list[Latency] = []
    for key, what, per_us in (
        ("apply_delta_ns", "line into the book (apply_delta)", 1000.0),
        ("pfill_ttf_ns", "fill estimate (pfill_ttf)", 1000.0),
        ("decision_us", DECISION, 1.0),
    ):
        given: dict[str, Any] | None = data.in_summary(key)
        if given is not None and given["count"]:
            values = [given[name] / per_us for name in ("p50", "p95", "p99", "max")]
            found.append(Latency(what, given["count"], *values))
    steps = data.steps_ns
    for what, durations in (
        ("intent to request sent (executor)", [sent - recv for recv, sent, _ in steps]),
        ("request sent to answer (venue)", [acked - sent for _, sent, acked in steps]),
        (INTENT_ACK, [acked - recv for recv, _, acked in steps]),
    ):
        if durations:
            ranked = sorted(durations)
            found.append(
                Latency(what, len(ranked), *(_at(ranked, f) / 1000 for f in (0.5, 0.95, 0.99, 1)))
            )
    return found


def _at(ranked: Sequence[int], fraction: float) -> int:
    """The smallest value that so large a share of them is at or below."""
    return ranked[max(0, math.ceil(len(ranked) * fraction) - 1)]
