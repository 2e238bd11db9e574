"""What the books said of the orders as they were sent: histograms, and the last-traded marker.

Bins are fixed, so that two runs have the same: `p_fill` in tenths, time to fill by powers of two of
seconds up to its cap. They are for people to look at; two runs are equal when every row is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Final

from trader.simulator.compare_rows import Row
from trader.simulator.compare_run import CompareError, ReplayedRun
from trader.simulator.compare_tables import Row as BlotterRow
from trader.simulator.compare_tables import Table, TableDifferences, columns_of
from trader.simulator.output import BLOTTER

NONE: Final = "none"
_P_FILL_BOUNDS: Final = tuple(tenths / 10 for tenths in range(1, 10))
_P_FILL_NAMES: Final = tuple(f"{tenths / 10} to {(tenths + 1) / 10}" for tenths in range(10))
_LAST_TRADED: Final = ("last_traded_ts_ms", "last_traded_price")


class EstimateCounts:
    """One run's estimates, counted as the rows pass."""

    def __init__(self, table: Table, run: ReplayedRun) -> None:
        """Raises `CompareError` where a column is missing."""
        columns = columns_of(table, run)
        self._run = run
        self._bounds_ms = _ttf_bounds_ms(run.ttf_cap_ms)
        self.p_fill = [0] * (len(_P_FILL_BOUNDS) + 2)
        """Rows per bin, the last one without an estimate."""
        self.ttf = [0] * (len(self._bounds_ms) + 2)
        self.last_traded = 0
        """Rows with a last trade."""
        self.newest_ms: dict[int, int] = {}
        """The newest last trade (ms) of each run of the blotter."""
        try:
            at = [len(table.keys) + columns.index(n) for n in ("p_fill", "ttf_ms", *_LAST_TRADED)]
        except ValueError:
            raise CompareError(
                f"{run.name}/{BLOTTER}: its table `{table.name}` lacks columns; make the run anew"
            ) from None
        self._p_fill_at, self._ttf_at, self._last_ts_at, self._last_price_at = at

    def watch(self, rows: Iterator[BlotterRow]) -> Iterator[BlotterRow]:
        """The same rows, counted. Raises `CompareError` for an estimate that is no number."""
        for row in rows:
            try:
                self._count(row)
            except TypeError:
                raise CompareError(
                    f"{self._run.name}/{BLOTTER}: the estimate of intent {row[1]} of run {row[0]} "
                    "is not a number; make the run anew"
                ) from None
            yield row

    def _count(self, row: BlotterRow) -> None:
        p_fill, ttf_ms, ts_ms = row[self._p_fill_at], row[self._ttf_at], row[self._last_ts_at]
        self.p_fill[-1 if p_fill is None else bisect_right(_P_FILL_BOUNDS, p_fill)] += 1
        self.ttf[-1 if ttf_ms is None else bisect_right(self._bounds_ms, ttf_ms)] += 1
        if ts_ms is not None or row[self._last_price_at] is not None:
            self.last_traded += 1
        if ts_ms is not None and ts_ms > self.newest_ms.get(row[0], -1):
            self.newest_ms[row[0]] = ts_ms


def estimate_rows(
    a: ReplayedRun,
    counts_a: EstimateCounts,
    counts_b: EstimateCounts,
    found: TableDifferences,
) -> Iterator[Row]:
    """The marker and both distributions; each is equal when no row differs in its columns."""
    newest = tuple(
        replace(
            _row(a.input_of(run), counts_a.newest_ms.get(run), counts_b.newest_ms.get(run)),
            is_time=True,
        )
        for run in sorted({*counts_a.newest_ms, *counts_b.newest_ms})
    )
    names = _LAST_TRADED
    differing = max(found.by_column[name] for name in names)
    yield Row(
        "last traded",
        counts_a.last_traded,
        counts_b.last_traded,
        differing == 0,
        note=_differ(differing),
        parts=newest,
    )
    bins = zip((*_P_FILL_NAMES, NONE), counts_a.p_fill, counts_b.p_fill, strict=True)
    parts = tuple(_row(name, mine, theirs) for name, mine, theirs in bins)
    yield _distribution("p_fill", "p_fill", found, parts)
    ttf_names = (*_ttf_names(a.ttf_cap_ms), NONE)
    bins = zip(ttf_names, counts_a.ttf, counts_b.ttf, strict=True)
    parts = tuple(_row(name, mine, theirs) for name, mine, theirs in bins)
    yield _distribution("time to fill", "ttf_ms", found, parts)


def _distribution(name: str, column: str, found: TableDifferences, parts: tuple[Row, ...]) -> Row:
    differing, close = found.by_column[column], found.close[column]
    notes = [_differ(differing), f"{close:,} differ by rounding" if close else ""]
    note = ", ".join(filter(None, notes))
    return Row(name, found.rows_a, found.rows_b, differing == 0, note=note, parts=parts)


def _differ(differing: int) -> str:
    if not differing:
        return ""
    return f"{differing:,} {'order differs' if differing == 1 else 'orders differ'}"


def _row(name: str, a: int | None, b: int | None) -> Row:
    return Row(name, a, b, a == b)


def _ttf_bounds_ms(cap_ms: int) -> tuple[int, ...]:
    """Upper bounds of all bins but the last, which begins at the cap."""
    bounds = []
    bound_ms = 1000
    while bound_ms < cap_ms:
        bounds.append(bound_ms)
        bound_ms *= 2
    return (*bounds, cap_ms)


def _ttf_names(cap_ms: int) -> tuple[str, ...]:
    seconds = [f"{bound_ms / 1000:g}" for bound_ms in (0, *_ttf_bounds_ms(cap_ms))]
    between = [f"{low} to {high} s" for low, high in pairwise(seconds)]
    return (*between, f"at the cap of {seconds[-1]} s")
