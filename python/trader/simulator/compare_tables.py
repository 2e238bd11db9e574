"""The blotters of two runs, row against row, in one pass over both and with flat memory.

Each table is read in the order of its keys from both files at once and merged; the sorting that
this takes is SQLite's, which does it on disk where it must. Every column of every table is compared
but the `*_ns` ones, which are wall time. All must be equal exactly but the signals, which are
floats by nature: those as docs/signals.md has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from trader.execution.blotter_schema import SAMPLES
from trader.simulator.compare_run import CompareError, ReplayedRun, same_signal
from trader.simulator.output import BLOTTER

Row = tuple[Any, ...]
Stop = Callable[[], bool]
Watch = Callable[[Iterator[Row]], Iterator[Row]]

MISSING: Final = "no such row"
LOOK_EVERY_ROWS: Final = 1000


class StoppedError(Exception):
    """The comparison was stopped before its end."""


@dataclass(frozen=True, slots=True)
class Table:
    """How the rows of a table are told apart.

    `keys` begin with `run`; rows with the same keys (`counted`) are told apart by their number.
    `signals` are the columns that the two Hotloops need not give to the last digit.
    """

    name: str
    keys: tuple[str, ...]
    counted: bool = False
    signals: frozenset[str] = frozenset()


TABLES: Final = (
    Table("intents", ("run", "intent_id")),
    Table("estimates", ("run", "intent_id"), signals=frozenset({"p_fill", "ttf_ms"})),
    Table("reports", ("run", "intent_id"), counted=True),
    Table("fills", ("run", "intent_id"), counted=True),
    Table("settlements", ("run", "market_id")),
    Table("positions", ("run", "market_id", "selection_id", "handicap_centi")),
)


@dataclass(frozen=True, slots=True)
class RowDifference:
    """A row that differs: its keys, the first column that does (`None`: one side lacks the row),
    both values, and the stream time (ms) it belongs to where it has one."""

    table: str
    key: dict[str, int | str]
    column: str | None
    a: object
    b: object
    ts_ms: int | None


@dataclass(slots=True)
class TableDifferences:
    """What the pass over one table found."""

    table: str
    rows_a: int = 0
    rows_b: int = 0
    rows_differing: int = 0
    by_column: Counter[str] = field(default_factory=Counter)
    """Rows that differ in a column; those one side lacks count for every column."""
    close: Counter[str] = field(default_factory=Counter)
    """Rows in which a signal differs in its last digits only."""
    first: RowDifference | None = None


def compare_table(
    table: Table,
    a: ReplayedRun,
    b: ReplayedRun,
    stop: Stop,
    watch: tuple[Watch, Watch] | None = None,
) -> TableDifferences:
    """Goes through one table of both blotters. `watch`: who else sees A's and B's rows, as
    (keys…, columns…) in the order of `columns_of`, on their way.

    Raises `CompareError` for tables that cannot be held against each other, `StoppedError` when
    `stop()` says so.
    """
    columns = columns_of(table, a)
    if columns_of(table, b) != columns:
        raise CompareError(
            f"{b.name}/{BLOTTER}: its table `{table.name}` has other columns than in {a.name}; "
            "make both runs with the same version"
        )
    rows_a = _rows(table, columns, a, stop)
    rows_b = _rows(table, columns, b, stop)
    if watch is not None:
        rows_a, rows_b = watch[0](rows_a), watch[1](rows_b)
    try:
        return _Merge(table, columns, a).run(rows_a, rows_b)
    except TypeError:  # keys of two types do not compare
        raise CompareError(
            f"{a.name} and {b.name}: a key of the table `{table.name}` is not of its type; "
            "make both runs anew"
        ) from None


def tables_of(run: ReplayedRun) -> Iterator[Table]:
    """All tables of a blotter that hold rows of its runs: those above, and any other, whose rows
    are told apart by its primary key or else by their order; but the samples for the report, which
    may be taken at other times or not at all.

    Raises `CompareError` for a table that cannot be told apart by runs.
    """
    yield from TABLES
    known = {"runs", *SAMPLES, *(table.name for table in TABLES)}
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    for (name,) in run.select(f"{query} ORDER BY name"):
        if name in known:
            continue
        columns = list(run.select(f'PRAGMA table_info("{name}")'))
        keys = tuple(entry[1] for entry in sorted(columns, key=lambda e: e[5]) if entry[5])
        keys = keys or ("run",)
        if keys[0] != "run" or not any(entry[1] == "run" for entry in columns):
            raise CompareError(
                f"{run.name}/{BLOTTER}: holds a table `{name}` that is none of a run"
            )
        reals = frozenset(entry[1] for entry in columns if entry[2] == "REAL")
        yield Table(name, keys, counted=keys == ("run",), signals=reals)


def columns_of(table: Table, run: ReplayedRun) -> tuple[str, ...]:
    """The compared columns of a table in the file's order, without its keys.

    Raises `CompareError` where the table or a key is missing.
    """
    names = [str(entry[1]) for entry in run.select(f"PRAGMA table_info({table.name})")]
    if not set(table.keys) <= set(names):
        raise CompareError(f"{run.name}/{BLOTTER}: is not a blotter (no table `{table.name}`)")
    return tuple(n for n in names if n not in table.keys and not n.endswith("_ns"))


def _rows(table: Table, columns: tuple[str, ...], run: ReplayedRun, stop: Stop) -> Iterator[Row]:
    """(keys…, [number,] columns…) in the order of the keys."""
    order = (*table.keys, "rowid") if table.counted else table.keys
    selected = ", ".join((*table.keys, *columns))
    query = f"SELECT {selected} FROM {table.name} ORDER BY {', '.join(order)}"
    width, last, number = len(table.keys), None, 0
    for passed, row in enumerate(run.select(query)):
        if passed % LOOK_EVERY_ROWS == 0 and stop():
            raise StoppedError
        if not table.counted:
            yield row
            continue
        key = row[:width]
        number = number + 1 if key == last else 1
        last = key
        yield (*key, number, *row[width:])


class _Merge:
    """Two sorted streams of one table's rows, side by side."""

    def __init__(self, table: Table, columns: tuple[str, ...], a: ReplayedRun) -> None:
        self._table = table
        self._key_names = (*table.keys, "number") if table.counted else table.keys
        self._columns = columns
        self._a = a
        self._found = TableDifferences(table.name)

    def run(self, rows_a: Iterator[Row], rows_b: Iterator[Row]) -> TableDifferences:
        found, width = self._found, len(self._key_names)
        a, b = next(rows_a, None), next(rows_b, None)
        while a is not None or b is not None:
            if a is not None and b is not None and a[:width] == b[:width]:
                if a != b:
                    self._differ(a, b)
                found.rows_a += 1
                found.rows_b += 1
                a, b = next(rows_a, None), next(rows_b, None)
            elif b is None or (a is not None and a[:width] < b[:width]):
                assert a is not None
                self._lacks(a, is_in_a=True)
                found.rows_a += 1
                a = next(rows_a, None)
            else:
                self._lacks(b, is_in_a=False)
                found.rows_b += 1
                b = next(rows_b, None)
        return found

    def _differ(self, a: Row, b: Row) -> None:
        width = len(self._key_names)
        found, is_different = self._found, False
        for name, mine, theirs in zip(self._columns, a[width:], b[width:], strict=True):
            if mine == theirs:
                continue
            if name in self._table.signals and same_signal(mine, theirs):
                found.close[name] += 1
                continue
            is_different = True
            found.by_column[name] += 1
            self._note(a, name, mine, theirs)
        found.rows_differing += is_different

    def _lacks(self, row: Row, *, is_in_a: bool) -> None:
        """A row that is in one blotter only."""
        self._found.rows_differing += 1
        has = "a row"
        a, b = (has, MISSING) if is_in_a else (MISSING, has)
        self._found.by_column.update(self._columns)
        self._note(row, None, a, b)

    def _note(self, row: Row, column: str | None, a: object, b: object) -> None:
        if self._found.first is None:
            key = dict(zip(self._key_names, row, strict=False))
            ts_ms = self._ts_ms(row)
            self._found.first = RowDifference(self._table.name, key, column, a, b, ts_ms)

    def _ts_ms(self, row: Row) -> int | None:
        """A row's own time, else that of its intent in A."""
        ts_ms = None
        if "ts_ms" in self._columns:
            ts_ms = row[len(self._key_names) + self._columns.index("ts_ms")]
        elif "intent_id" in self._key_names:
            query = "SELECT ts_ms FROM intents WHERE run = ? AND intent_id = ?"
            for intent in self._a.select(query, row[:2]):
                ts_ms = intent[0]
        return ts_ms if isinstance(ts_ms, int) else None
