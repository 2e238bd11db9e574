"""Two runs are equal when everything is; whatever is altered is found and named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from trader.simulator.compare import Comparison, compare
from trader.simulator.compare_for_tests import (
    SEEDS,
    alter_summary,
    blotter_of,
    copied,
    execute,
    make_run,
    read_summary,
)
from trader.simulator.compare_rows import Row
from trader.simulator.compare_tables import TABLES, StoppedError
from trader.simulator.output import BLOTTER

TABLE_NAMES: Final = tuple(table.name for table in TABLES)
OF_ESTIMATES: Final[Mapping[str, str]] = {
    "p_fill": "p_fill",
    "ttf_ms": "time to fill",
    "last_traded_ts_ms": "last traded",
    "last_traded_price": "last traded",
}
"""The rows that a column of `estimates` has beside that of its table."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "a")


@pytest.fixture
def other(run: Path, tmp_path: Path) -> Path:
    return copied(run, tmp_path / "b")


def compared(a: Path, b: Path) -> Comparison:
    return compare(("a", a), ("b", b))


def row_of(comparison: Comparison, name: str) -> Row:
    (found,) = (row for row in comparison.rows if row.name == name)
    return found


def test_the_run_has_something_in_every_table(run: Path) -> None:
    with blotter_of(run) as blotter:
        for name in TABLE_NAMES:
            assert blotter.execute(f"SELECT count(*) FROM {name}").fetchone()[0] > 3 or (
                name == "settlements"
            )
    assert {"PLACE", "REPLACE", "CANCEL"} <= read_summary(run)["intents_by_action"].keys()


def test_the_same_replay_twice_is_equal_whatever_time_it_took(run: Path, tmp_path: Path) -> None:
    again = make_run(tmp_path / "again", "simulator.feed=normalized")
    comparison = compared(run, again)
    assert comparison.different() == []
    assert comparison.is_equal
    assert comparison.first is None
    assert (comparison.a.feed, comparison.b.feed) == ("raw", "normalized")
    assert row_of(comparison, "lines").a == read_summary(run)["lines"]


def test_every_order_is_in_the_distributions(run: Path, other: Path) -> None:
    comparison = compared(run, other)
    actions = read_summary(run)["intents_by_action"]
    for name, bins in (("p_fill", 11), ("time to fill", 13)):
        row = row_of(comparison, name)
        counts = [part.a for part in row.parts]
        assert len(counts) == bins
        assert sum(int(c or 0) for c in counts) == row.a == actions["PLACE"] + actions["REPLACE"]
        assert all(counts), "the made-up estimates use every bin"
    newest = row_of(comparison, "last traded").parts
    assert [part.name for part in newest] == [f"race-{seed}.json" for seed in SEEDS]


def columns() -> list[tuple[str, str]]:
    """Every column of every table that is compared, but those that tell rows apart."""
    found = []
    for table in TABLES:
        names = {
            "intents": "ts_ms edge market_id selection_id handicap_centi action side price_centi "
            "size_centi ttl_ms persistence target_intent_id market_version",
            "estimates": "p_fill ttf_ms size_ahead last_traded_ts_ms last_traded_price",
            "reports": "seq ts_ms action status bet_id fill_price fill_size size_remaining_centi "
            "size_matched_centi avg_price_matched reject_code reject_class message dry_run",
            "fills": "ts_ms edge market_id selection_id handicap_centi side price_centi size_centi",
            "settlements": "kind gross_e4 commission_e4 net_e4 mbr_percent note",
            "positions": "status back_stake_centi lay_stake_centi win_e4 lose_e4 gross_e4",
        }[table.name]
        found += [(table.name, column) for column in names.split()]
    return found


def test_every_column_is_altered_below(run: Path) -> None:
    keys = {table.name: set(table.keys) for table in TABLES}
    with blotter_of(run) as blotter:
        there = {
            (name, entry[1])
            for name in TABLE_NAMES
            for entry in blotter.execute(f"PRAGMA table_info({name})")
            if entry[1] not in keys[name] and not entry[1].endswith("_ns")
        }
    assert set(columns()) == there


@pytest.mark.parametrize(("table", "column"), columns())
def test_an_altered_value_of_a_blotter_is_found(
    run: Path, other: Path, table: str, column: str
) -> None:
    where = "run = 2 AND " if table != "settlements" else ""
    keys = next(t.keys for t in TABLES if t.name == table)
    chosen = f"SELECT {', '.join(keys)} FROM {table} WHERE {where}1 ORDER BY {', '.join(keys)}"
    with blotter_of(other) as blotter:
        key = blotter.execute(f"{chosen} LIMIT 1 OFFSET 1").fetchone()
        matching = " AND ".join(f"{name} = ?" for name in keys)
        value = blotter.execute(f"SELECT {column} FROM {table} WHERE {matching}", key).fetchone()[0]
        info = blotter.execute(f"PRAGMA table_info({table})").fetchall()
        is_text = {entry[1]: entry[2] for entry in info}[column] == "TEXT"
        changed = "x" if is_text else 0.75 if value is None else value + 1
        limited = f"SELECT min(rowid) FROM {table}" if table in ("reports", "fills") else ""
        one = f" AND rowid = ({limited} WHERE {matching})" if limited else ""
        values = (changed, *key, *key) if limited else (changed, *key)
        statement = f"UPDATE {table} SET {column} = ? WHERE {matching}{one}"
        assert blotter.execute(statement, values).rowcount == 1
    comparison = compared(run, other)
    expected = {f"blotter: {table}"}
    if table == "estimates" and column in OF_ESTIMATES:
        expected.add(OF_ESTIMATES[column])
    assert set(comparison.different()) == expected
    first = comparison.first
    assert first is not None
    assert (first.table, first.column, first.a, first.b) == (table, column, value, changed)
    assert tuple(first.key[name] for name in keys) == key
    assert first.key["input"] == f"race-{key[0]}.json"


@pytest.mark.parametrize("table", TABLE_NAMES)
def test_a_row_that_one_blotter_lacks_is_found(run: Path, other: Path, table: str) -> None:
    with blotter_of(other) as blotter:
        blotter.execute(f"DELETE FROM {table} WHERE run = 2")
    for pair in ((run, other), (other, run)):
        comparison = compared(*pair)
        assert f"blotter: {table}" in comparison.different()
        first = comparison.first
        assert first is not None
        assert (first.table, first.key["run"], first.column) == (table, 2, None)
        assert {first.a, first.b} == {"a row", "no such row"}


SUMMARY_ROWS: Final[Mapping[str, tuple[tuple[str | int, ...], Any]]] = {
    "lines": (("lines",), 1),
    "lines of an input": (("inputs", 1, "lines"), 1),
    "runner changes": (("runner_changes",), 1),
    "runner changes of an input": (("inputs", 0, "runner_changes"), 1),
    "markets": (("markets",), 7),
    "markets of an input": (("inputs", 1, "markets"), 7),
    "intents per minute": (("intents_per_minute_by_edge", "passive_maker"), 0.5),
    "intents": (("intents_by_action", "REPLACE"), 0),
    "replace:place ratio": (("replace_place_ratio",), None),
    "fee share": (("fee_share",), 0.5),
    "fills": (("fills",), 0),
    "matched stake": (("matched_stake",), 0.01),
    "refused": (("refused_by_reason",), {"net_edge": 99_999}),
    "cancels": (("cancels_by_reason",), {}),
    "rejects": (("rejects_by_code",), {"INVALID_PRICE": 1}),
    "reports": (("reports_by_status", "PLACED"), 0),
    "P&L, net": (("pnl", "net"), -1.0),
    "P&L, net: commission": (("pnl", "commission"), 123.45),
    "P&L, net of a market": (("inputs", 1, "results", 0, "net"), -1.0),
    "P&L, net of a runner": (("inputs", 1, "results", 0, "runners", 0, "backed"), -1.0),
    "rest of the summary": (("reseeds",), 3),
    "rest of the summary, of an input": (("inputs", 1, "last_pt_ms"), 3),
}


@pytest.mark.parametrize("name", SUMMARY_ROWS)
def test_an_altered_value_of_a_summary_is_found(run: Path, other: Path, name: str) -> None:
    path, value = SUMMARY_ROWS[name]
    alter_summary(other, *path, value=value)
    comparison = compared(run, other)
    (different,) = comparison.different()
    assert name.startswith(different)
    assert comparison.first is not None
    assert comparison.first.table == "summary.json"
    assert comparison.first.key["row"] == different
    assert comparison.first.a != comparison.first.b


def test_times_and_versions_are_shown_and_decide_nothing(run: Path, other: Path) -> None:
    p99 = read_summary(run)["decision_us"]["p99"]
    alter_summary(other, "decision_us", "p99", value=p99 * 3)
    alter_summary(other, "wall_s", value=1e6)
    alter_summary(other, "version", value="9.9.9")
    with blotter_of(other) as blotter:
        blotter.execute("UPDATE reports SET recv_ns = 1, sent_ns = 2, acked_ns = 3")
    comparison = compared(run, other)
    assert comparison.is_equal
    row = row_of(comparison, "decision p99, µs")
    assert row.equal is None
    assert row.ratio == pytest.approx(3.0, rel=0.01)
    assert comparison.b.version == "9.9.9"
    assert row_of(comparison, "pfill_ttf p50, µs").equal is None


def test_samples_for_the_report_may_differ_or_be_off(run: Path, tmp_path: Path) -> None:
    other = make_run(tmp_path / "b", "report.enabled=false")
    with blotter_of(run) as mine, blotter_of(other) as theirs:
        assert mine.execute("SELECT count(*) FROM curve").fetchone()[0] > 3
        assert theirs.execute("SELECT count(*) FROM curve").fetchone()[0] == 0
    assert compared(run, other).different() == []


def test_signals_may_differ_by_the_rounding_that_parity_allows_and_it_is_told(
    run: Path, other: Path
) -> None:
    chosen = "(SELECT min(intent_id) FROM estimates WHERE run = 1 AND p_fill > 0.2)"
    where = f"run = 1 AND intent_id = {chosen}"
    execute(other, f"UPDATE estimates SET p_fill = p_fill * (1 + 5e-10) WHERE {where}")
    comparison = compared(run, other)
    assert comparison.is_equal
    assert row_of(comparison, "p_fill").note == "1 differ by rounding"
    execute(other, f"UPDATE estimates SET p_fill = p_fill * (1 + 2e-9) WHERE {where}")
    assert compared(run, other).different() == ["p_fill", "blotter: estimates"]


@pytest.mark.parametrize("column", ["size_ahead", "last_traded_price"])
def test_prices_and_sizes_may_not(run: Path, other: Path, column: str) -> None:
    chosen = f"(SELECT min(intent_id) FROM estimates WHERE run = 1 AND {column} > 1)"
    where = f"run = 1 AND intent_id = {chosen}"
    execute(other, f"UPDATE estimates SET {column} = {column} * (1 + 1e-15) WHERE {where}")
    assert "blotter: estimates" in compared(run, other).different()


def test_the_first_difference_is_the_earliest_not_the_first_tables(run: Path, other: Path) -> None:
    last = "(SELECT max(intent_id) FROM intents WHERE run = 2)"
    execute(other, f"UPDATE intents SET ttl_ms = 1 WHERE run = 2 AND intent_id = {last}")
    execute(other, "UPDATE fills SET size_centi = 1 WHERE rowid = (SELECT min(rowid) FROM fills)")
    comparison = compared(run, other)
    assert comparison.different() == ["blotter: intents", "blotter: fills"]
    assert comparison.first is not None
    assert (comparison.first.table, comparison.first.key["run"]) == ("fills", 1)


def test_a_table_that_is_not_known_here_is_compared_all_the_same(run: Path, other: Path) -> None:
    mine = copied(run, other.parent / "a")
    for folder, value in ((mine, 0.5), (other, 0.25)):
        with blotter_of(folder) as blotter:
            blotter.execute("CREATE TABLE notes (run INTEGER NOT NULL, value REAL)")
            blotter.execute("INSERT INTO notes VALUES (1, 0.125)")
            blotter.execute("INSERT INTO notes VALUES (1, ?)", (value,))
    comparison = compared(mine, other)
    assert comparison.different() == ["blotter: notes"]
    first = comparison.first
    assert first is not None
    assert first.key == {"run": 1, "number": 2, "input": "race-1.json"}
    assert (first.column, first.a, first.b) == ("value", 0.5, 0.25)


def test_a_run_that_was_never_filled_can_be_compared(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make_run(tmp_path / name, "edges.passive_maker.enabled=false", seeds=(1,))
    comparison = compared(tmp_path / "a", tmp_path / "b")
    assert comparison.is_equal
    assert row_of(comparison, "p_fill").a == 0


def test_it_can_be_stopped(run: Path, other: Path) -> None:
    with pytest.raises(StoppedError):
        compare(("a", run), ("b", other), lambda: True)


def test_comparing_writes_nothing(run: Path, other: Path) -> None:
    def listed(folder: Path) -> list[tuple[str, int, bytes]]:
        return sorted((p.name, p.stat().st_mtime_ns, p.read_bytes()) for p in folder.iterdir())

    before = listed(run), listed(other)
    assert compared(run, other).is_equal
    assert (listed(run), listed(other)) == before
    assert {BLOTTER, "summary.json"} == {entry[0] for entry in before[0]}
