"""The lines of the table that `trader compare` prints, and those that come from the summaries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from trader.simulator.compare_run import Durations, ReplayedRun, first_difference, same, same_signal
from trader.simulator.summary import BACKEND_KEYS, TIMING_KEYS

Value = int | float | str | None

NOT_COMPUTED: Final = "not computed"
_ELSEWHERE: Final = frozenset(
    {
        *("lines", "runner_changes", "markets", "intents_by_action", "intents_per_minute_by_edge"),
        *("replace_place_ratio", "fee_share", "refused_by_reason", "cancels_by_reason"),
        *("rejects_by_code", "reports_by_status", "fills", "matched_stake", "pnl"),
        *("run", "version", "pfill_ttf_ns"),
    }
)
"""Keys of the summary that have rows of their own, or say how it was run."""
_SIGNALS: Final = frozenset({"p_fill", "ttf_ms"})
"""Keys whose floats are made of the signals'."""
_INPUT_ELSEWHERE: Final = frozenset({"source", "lines", "runner_changes", "markets", "results"})
_PERCENTILES: Final = ("p50", "p95", "p99")


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a name and what it is in A and in B.

    `equal` is None for rows about time, which decide nothing and have the `ratio` B to A instead.
    `parts` are lines below it (by edge, by bin, …); `note` says what else there is to know. A row
    that stands for more than its two values names in `note` where they differ, and has both values
    from there in `found`. `is_time`: the values are stream times in ms since the epoch.
    """

    name: str
    a: Value
    b: Value
    equal: bool | None
    note: str = ""
    ratio: float | None = None
    parts: tuple[Row, ...] = ()
    found: tuple[object, object] | None = None
    is_time: bool = False


def row(name: str, a: Value, b: Value) -> Row:
    """A row that is equal when its values are."""
    return Row(name, a, b, a == b)


def rows_of_parts(name: str, a: Value, b: Value, parts: tuple[Row, ...]) -> Row:
    """A row that is equal when its values and all its parts are."""
    return Row(name, a, b, a == b and all(part.equal for part in parts), parts=parts)


def counts_of(name: str, a: Mapping[str, int], b: Mapping[str, int]) -> Row:
    """Counts by a key, and their sums."""
    parts = tuple(row(key, a.get(key, 0), b.get(key, 0)) for key in sorted({*a, *b}))
    return rows_of_parts(name, sum(a.values()), sum(b.values()), parts)


def input_rows(a: ReplayedRun, b: ReplayedRun) -> Iterator[Row]:
    """What was read; by input where there are several."""
    inputs = list(zip(a.summary.inputs, b.summary.inputs, strict=True))
    for key, name in (
        ("lines", "lines"),
        ("runner_changes", "runner changes"),
        ("markets", "markets"),
    ):
        parts = tuple(
            row(a.input_of(number), getattr(mine, key), getattr(theirs, key))
            for number, (mine, theirs) in enumerate(inputs, start=1)
        )
        yield rows_of_parts(name, getattr(a.summary, key), getattr(b.summary, key), parts)


def intent_rows(a: ReplayedRun, b: ReplayedRun) -> Iterator[Row]:
    """What was wanted."""
    one, other = a.summary, b.summary
    rates_a, rates_b = one.intents_per_minute_by_edge, other.intents_per_minute_by_edge
    parts = tuple(
        row(edge, rates_a.get(edge), rates_b.get(edge)) for edge in sorted({*rates_a, *rates_b})
    )
    yield rows_of_parts("intents per minute", _sum(rates_a), _sum(rates_b), parts)
    yield counts_of("intents", one.intents_by_action, other.intents_by_action)
    yield row("replace:place ratio", one.replace_place_ratio, other.replace_place_ratio)
    yield row("fee share", one.fee_share, other.fee_share)


def outcome_rows(a: ReplayedRun, b: ReplayedRun) -> Iterator[Row]:
    """What became of it."""
    one, other = a.summary, b.summary
    yield row("fills", one.fills, other.fills)
    yield row("matched stake", one.matched_stake, other.matched_stake)
    yield counts_of("refused", one.refused_by_reason, other.refused_by_reason)
    yield counts_of("cancels", one.cancels_by_reason, other.cancels_by_reason)
    yield counts_of("rejects", one.rejects_by_code, other.rejects_by_code)
    yield counts_of("reports", one.reports_by_status, other.reports_by_status)
    yield _profit(a, b)


def other_row(a: ReplayedRun, b: ReplayedRun) -> Row:
    """Everything of the summaries that has no row of its own and is not about time."""
    mine, theirs = _rest(a.document), _rest(b.document)
    difference = None
    for key in dict.fromkeys([*mine, *theirs]):
        is_same = same_signal if key in _SIGNALS else same
        below_a, below_b = ({key: of[key]} if key in of else {} for of in (mine, theirs))
        difference = difference or first_difference(below_a, below_b, is_same=is_same)
    return _standing_for("rest of the summary", len(mine), len(theirs), difference)


def time_rows(a: ReplayedRun, b: ReplayedRun) -> Iterator[Row]:
    """Wall time in µs; of another day, perhaps of another machine: it decides nothing."""
    one, other = a.summary, b.summary
    for name, mine, theirs, per_us in (
        ("apply_delta", one.apply_delta_ns, other.apply_delta_ns, 1000.0),
        ("decision", one.decision_us, other.decision_us, 1.0),
        ("pfill_ttf", one.pfill_ttf_ns, other.pfill_ttf_ns, 1000.0),
    ):
        for which in _PERCENTILES:
            yield _time(f"{name} {which}, µs", mine, theirs, which, per_us)


def _time(
    name: str, mine: Durations | None, theirs: Durations | None, which: str, per_us: float
) -> Row:
    a, b = (
        None if of is None or not of.count else round(getattr(of, which) / per_us, 3)
        for of in (mine, theirs)
    )
    ratio = round(b / a, 3) if a and b is not None else None
    return Row(
        name,
        NOT_COMPUTED if a is None else a,
        NOT_COMPUTED if b is None else b,
        None,
        ratio=ratio,
    )


def _profit(a: ReplayedRun, b: ReplayedRun) -> Row:
    """Net P&L of all markets and of each, equal when every figure of the markets' results is."""
    one, other = a.summary, b.summary
    parts = tuple(_profit_parts(a, b))
    total = first_difference(a.document["pnl"], b.document["pnl"])
    result = _standing_for("P&L, net", one.pnl.net, other.pnl.net, total)
    is_equal = total is None and all(part.equal for part in parts)
    return replace(result, equal=is_equal, parts=parts)


def _profit_parts(a: ReplayedRun, b: ReplayedRun) -> Iterator[Row]:
    inputs = zip(a.summary.inputs, b.summary.inputs, strict=True)
    for number, (mine, theirs) in enumerate(inputs, start=1):
        results_a, results_b = _by_market(mine.results), _by_market(theirs.results)
        for market in dict.fromkeys([*results_a, *results_b]):
            result_a, result_b = results_a.get(market, {}), results_b.get(market, {})
            difference = first_difference(result_a, result_b)
            name = market if len(a.summary.inputs) == 1 else f"{market} of input {number}"
            yield _standing_for(name, result_a.get("net"), result_b.get("net"), difference)


def _standing_for(
    name: str, a: Value, b: Value, difference: tuple[str, object, object] | None
) -> Row:
    """A row for more than its two values, with where and how that differs."""
    if difference is None:
        return Row(name, a, b, equal=True)
    path, mine, theirs = difference
    return Row(name, a, b, equal=False, note=path, found=(mine, theirs))


def _by_market(results: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {str(result.get("market_id")): result for result in results}


def _rest(document: Mapping[str, Any]) -> dict[str, Any]:
    rest = {
        key: value
        for key, value in document.items()
        if key not in _ELSEWHERE | TIMING_KEYS | BACKEND_KEYS
    }
    rest["inputs"] = [
        {key: value for key, value in part.items() if key not in _INPUT_ELSEWHERE}
        for part in document["inputs"]
    ]
    return rest


def _sum(rates: Mapping[str, float | None]) -> float:
    return round(sum(rate for rate in rates.values() if rate is not None), 6)
