"""The acceptance table between two runs: what they read, wanted, expected and made, side by side.

`compare` takes the folders of two runs and gives the table's rows. Equal means equal: every row of
both blotters is held against its counterpart, exactly but for the rounding that docs/signals.md
allows to signals, so that two runs that are told equal did the same. Rows about time are there to
be read and decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trader.simulator.compare_estimates import EstimateCounts, estimate_rows
from trader.simulator.compare_rows import (
    Row,
    input_rows,
    intent_rows,
    other_row,
    outcome_rows,
    time_rows,
)
from trader.simulator.compare_run import (
    CompareError,
    ReplayedRun,
    check_comparable,
    opened_run,
)
from trader.simulator.compare_tables import (
    RowDifference,
    Stop,
    Table,
    TableDifferences,
    compare_table,
    tables_of,
)
from trader.simulator.output import SUMMARY

_NO_TIME: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not the same: where (`table`, `key`, `column`), and what it is."""

    table: str
    key: dict[str, int | str]
    column: str | None
    a: object
    b: object


@dataclass(frozen=True, slots=True)
class How:
    """With what a run was made."""

    name: str
    command: str
    hotloop: str
    execution: str
    feed: str
    profile: str
    version: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both runs, the table's rows, and the first difference where there is one."""

    a: How
    b: How
    rows: tuple[Row, ...]
    first: Difference | None

    @property
    def is_equal(self) -> bool:
        return not self.different()

    def different(self) -> list[str]:
        """The names of the rows that differ."""
        return [row.name for row in self.rows if row.equal is False]


def compare(
    a: tuple[str, Path],
    b: tuple[str, Path],
    stop: Callable[[], bool] = lambda: False,
) -> Comparison:
    """Compares the runs in two folders, each given as the person's name for it and its path.

    Raises `CompareError` where there is nothing to compare, `StoppedError` when `stop()` says so.
    """
    (name_a, path_a), (name_b, path_b) = a, b
    if path_a.exists() and path_b.exists() and path_a.samefile(path_b):
        raise CompareError(f"{name_b}: is the folder {name_a} itself; name two folders")
    with opened_run(path_a, name_a) as run_a, opened_run(path_b, name_b) as run_b:
        check_comparable(run_a, run_b)
        return _compared(run_a, run_b, stop)


def _compared(a: ReplayedRun, b: ReplayedRun, stop: Stop) -> Comparison:
    estimates: list[Row] = []
    tables: list[TableDifferences] = []
    for table in _tables(a, b):
        if table.name == "estimates":
            counts_a, counts_b = EstimateCounts(table, a), EstimateCounts(table, b)
            found = compare_table(table, a, b, stop, (counts_a.watch, counts_b.watch))
            estimates.extend(estimate_rows(a, counts_a, counts_b, found))
        else:
            found = compare_table(table, a, b, stop)
        tables.append(found)
    rows = (
        *input_rows(a, b),
        *intent_rows(a, b),
        *estimates,
        *outcome_rows(a, b),
        *(_table_row(found) for found in tables),
        other_row(a, b),
        *time_rows(a, b),
    )
    return Comparison(_how(a), _how(b), rows, _first(a, tables, rows))


def _tables(a: ReplayedRun, b: ReplayedRun) -> list[Table]:
    """The tables of both. Raises `CompareError` when one has others."""
    mine, theirs = list(tables_of(a)), list(tables_of(b))
    others = {table.name for table in mine} ^ {table.name for table in theirs}
    if others:
        raise CompareError(
            f"{b.name} cannot be compared with {a.name}: one of them has no table "
            f"`{min(others)}`; make both runs with the same version"
        )
    return mine


def _table_row(found: TableDifferences) -> Row:
    differing = found.rows_differing
    note = f"{differing:,} {'row differs' if differing == 1 else 'rows differ'}"
    return Row(
        f"blotter: {found.table}",
        found.rows_a,
        found.rows_b,
        differing == 0,
        note=note if differing else "",
    )


def _first(
    a: ReplayedRun, tables: list[TableDifferences], rows: tuple[Row, ...]
) -> Difference | None:
    """The earliest difference of the blotters; where they are equal, the first row that is not."""
    found = [table.first for table in tables if table.first is not None]
    if found:
        first = min(found, key=_moment)
        key = {**first.key, "input": a.input_of(int(first.key["run"]))}
        return Difference(first.table, key, first.column, first.a, first.b)
    return next((_in_summary(row) for row in rows if row.equal is False), None)


def _moment(difference: RowDifference) -> tuple[int, float]:
    """Its place in time: by run, then by stream time; a market's results come after its orders."""
    ts_ms = difference.ts_ms
    return int(difference.key["run"]), _NO_TIME if ts_ms is None else ts_ms


def _in_summary(row: Row) -> Difference:
    """What a row that differs stands for, as far down as it is known."""
    key: dict[str, int | str] = {"row": row.name}
    part = next((part for part in row.parts if part.equal is False), None)
    if part is not None:
        key["part"] = part.name
        row = part
    a, b = row.found if row.found is not None else (row.a, row.b)
    return Difference(SUMMARY, key, row.note or None, a, b)


def _how(run: ReplayedRun) -> How:
    made = run.summary.run
    return How(
        name=run.name,
        command=made.command,
        hotloop=made.hotloop,
        execution=made.execution,
        feed=made.feed,
        profile=made.profile,
        version=run.summary.version,
    )
