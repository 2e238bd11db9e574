"""The blotter keeps every row once, in bounded batches, and survives being cut off."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from trader.execution import blotter as blotter_module
from trader.execution.blotter import Blotter
from trader.execution.interfaces.intents import Action, QuoteIntent, Side
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ledger import Fill, Ledger
from trader.strategy.testing import A, market, record


def intent(number: int) -> QuoteIntent:
    return QuoteIntent.place(
        intent_id=f"I{number}",
        ts_ms=number,
        edge="passive_maker",
        market_id="1.1",
        selection_id=1,
        side=Side.BACK,
        price_centi=300,
        size_centi=200,
        ttl_ms=1000,
        dry_run=True,
    )


def begin(blotter: Blotter, source: str = "a") -> int:
    return blotter.begin_run(
        source=source,
        hotloop="python",
        execution="python",
        feed="raw",
        profile="",
        version="0",
        config={"b": 1, "a": 2},
    )


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_rows_are_committed_in_bounded_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blotter_module, "BATCH_ROWS", 10)
    path = tmp_path / "b.sqlite"
    with Blotter(path) as blotter:
        begin(blotter)
        for number in range(25):
            blotter.intent(intent(number))
        # Another reader sees the full batches while the run goes on.
        assert rows(path, "select count(*) from intents") == [(20,)]
    assert rows(path, "select count(*) from intents") == [(25,)]


def test_estimates_are_kept_as_they_were_in_bounded_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blotter_module, "BATCH_ROWS", 2)
    path = tmp_path / "b.sqlite"
    with Blotter(path) as blotter:
        begin(blotter)
        for number, p_fill in enumerate((0.25, None, 1.0)):
            blotter.estimate(
                f"I{number}",
                p_fill=p_fill,
                ttf_ms=None if p_fill is None else 1500.0,
                size_ahead=7.2,
                last_traded_ts_ms=None,
                last_traded_price=3.05,
            )
        assert rows(path, "select count(*) from estimates") == [(2,)]
    assert rows(path, "select * from estimates") == [
        (1, "I0", 0.25, 1500.0, 7.2, None, 3.05),
        (1, "I1", None, None, 7.2, None, 3.05),
        (1, "I2", 1.0, 1500.0, 7.2, None, 3.05),
    ]


def test_a_settlement_is_written_at_once_with_the_fills_before_it(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    ledger = Ledger(0.0, 5.0)
    fill = Fill("I1", "passive_maker", A, Side.BACK, 300, 1000, 5)
    record(ledger, fill)
    view = market({A: "WINNER"})
    result = ledger.settle(view)
    assert result is not None
    with Blotter(path) as blotter:
        begin(blotter)
        blotter.fill(fill)
        blotter.settlement(result)
        blotter.settlement(result)  # a later one of the same market replaces it
        assert rows(
            path, "select market_id, kind, gross_e4, commission_e4, net_e4 from settlements"
        ) == [("1.1", "settled", 200_000, 10_000, 190_000)]
        assert rows(path, "select price_centi, size_centi from fills") == [(300, 1000)]
        assert rows(path, "select selection_id, status, win_e4, lose_e4 from positions") == [
            (1, "WINNER", 200_000, -100_000)
        ]


def test_a_closed_blotter_is_one_plain_file(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    blotter = Blotter(path)
    begin(blotter)
    blotter.intent(intent(1))
    blotter.close()
    blotter.close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["b.sqlite"]
    assert rows(path, "pragma journal_mode") == [("delete",)]
    assert rows(path, "pragma integrity_check") == [("ok",)]


def test_each_input_is_a_run_and_says_how_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    with Blotter(path) as blotter:
        assert begin(blotter, "one") == 1
        blotter.intent(intent(1))
        blotter.end_run("done")
        assert begin(blotter, "two") == 2
        blotter.intent(intent(1))  # the same identity in another run is another intent
    assert rows(path, "select run, source, ended, config from runs") == [
        (1, "one", "done", '{"a": 2, "b": 1}'),
        (2, "two", None, '{"a": 2, "b": 1}'),
    ]
    assert rows(path, "select run, intent_id from intents order by run") == [(1, "I1"), (2, "I1")]


def test_a_batch_that_fails_is_not_half_written(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    blotter = Blotter(path)
    begin(blotter)
    blotter.intent(intent(1))
    blotter.flush()
    blotter.intent(intent(2))
    blotter.intent(intent(1))
    with pytest.raises(sqlite3.IntegrityError):
        blotter.flush()
    assert rows(path, "select intent_id from intents") == [("I1",)]
    blotter.close()


def test_a_full_disk_is_told_as_such_and_what_was_written_stays(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    blotter = Blotter(path)
    begin(blotter)
    pages = blotter._db.execute("PRAGMA page_count").fetchone()[0]
    blotter._db.execute(f"PRAGMA max_page_count = {pages}")
    for number in range(900):
        blotter.intent(intent(number))
    with pytest.raises(sqlite3.OperationalError, match="database or disk is full"):
        blotter.flush()
    blotter.close()
    assert rows(path, "select count(*) from intents") == [(0,)]
    assert rows(path, "select source from runs") == [("a",)]


def test_runs_of_other_blotters_are_taken_in_as_the_next_ones(tmp_path: Path) -> None:
    whole, first, second = tmp_path / "whole", tmp_path / "first?#%", tmp_path / "second"
    fill = Fill("I1", "passive_maker", A, Side.BACK, 300, 1000, 5)
    for path, sources in ((whole, "abc"), (first, "ab"), (second, "c")):
        with Blotter(path) as blotter:
            for source in sources:
                begin(blotter, source)
                for number in (3, 1, 2):
                    blotter.intent(intent(number))
                    blotter.fill(fill)
                blotter.end_run("done")
    with Blotter(tmp_path / "merged") as blotter:
        for part in (first, second):
            blotter.take_in(part)
    for query in ("runs order by run", "intents order by run, intent_id", "fills order by rowid"):
        taken = rows(tmp_path / "merged", f"select * from {query}")
        assert taken == rows(whole, f"select * from {query}")
    assert len(rows(tmp_path / "merged", "select * from fills")) == 9


def test_what_is_no_blotter_is_not_taken_in_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"something else" * 100)
    with Blotter(tmp_path / "b") as blotter:
        with pytest.raises(sqlite3.DatabaseError):
            blotter.take_in(tmp_path / "other")
        with pytest.raises(sqlite3.OperationalError):
            blotter.take_in(tmp_path / "gone")
        assert begin(blotter) == 1
    assert not (tmp_path / "gone").exists()


def test_a_durable_blotter_writes_every_row_as_it_comes_and_goes_on_with_the_file(
    tmp_path: Path,
) -> None:
    path = tmp_path / "blotter.sqlite"
    with Blotter(path, durable=True) as first:
        assert (begin(first), first.last_seq()) == (1, 0)
        first.intent(intent(1))
        assert rows(path, "select intent_id from intents") == [("I1",)], "not only at the end"
    with Blotter(path, durable=True) as second:
        assert begin(second) == 2
        second.intent(intent(2))
        assert second.without(["I1", "I2", "I3"]) == ["I3"]
    assert rows(path, "select run, intent_id from intents") == [(1, "I1"), (2, "I2")]


def test_a_durable_blotter_does_not_go_on_with_a_file_of_another_version(tmp_path: Path) -> None:
    path = tmp_path / "blotter.sqlite"
    Blotter(path).close()
    connection = sqlite3.connect(path)
    connection.execute("pragma user_version = 1")
    connection.commit()
    connection.close()
    with pytest.raises(sqlite3.DatabaseError, match="has version 1, this program writes 3"):
        Blotter(path, durable=True)


def test_an_abandoned_blotter_writes_nothing_more(tmp_path: Path) -> None:
    path = tmp_path / "blotter.sqlite"
    with Blotter(path, durable=True) as blotter:
        begin(blotter)
        blotter.abandon()
        blotter.intent(intent(1))
    assert rows(path, "select count(*) from intents") == [(0,)]


def test_fills_of_all_runs_are_told_by_market(tmp_path: Path) -> None:
    path = tmp_path / "blotter.sqlite"
    for number in (1, 2):
        with Blotter(path, durable=True) as blotter:
            begin(blotter)
            blotter.fill(Fill(f"I{number}", "maker", A, Side.LAY, 300, 1000, number))
    with Blotter(path, durable=True) as blotter:
        told = blotter.matches_in([A.market_id, "1.9"])
        assert [(fill.intent_id, fill.side, fill.size_centi) for fill in told] == [
            ("I1", Side.LAY, 1000),
            ("I2", Side.LAY, 1000),
        ]
        assert blotter.matches_in(["1.9"]) == []


def told(name: str, status: Status, size_centi: int, price: float | None) -> ExecutionReport:
    """A report of what is matched of an order."""
    return ExecutionReport.new(
        seq=9,
        intent_id=name,
        ts_ms=1,
        action=Action.PLACE,
        status=status,
        dry_run=False,
        size_matched_centi=size_centi,
        avg_price_matched=price,
    )


def test_the_last_word_of_the_venue_stands_for_the_fills_of_an_order(tmp_path: Path) -> None:
    with Blotter(tmp_path / "blotter.sqlite", durable=True) as blotter:
        begin(blotter)
        for name in ("void", "less", "as_heard", "less", "voided"):
            blotter.fill(Fill(name, "maker", A, Side.LAY, 300, 1000, 1))
        blotter.report(told("void", Status.AMENDED, 500, 3.0))
        blotter.report(told("void", Status.AMENDED, 0, None))
        blotter.report(told("less", Status.AMENDED, 700, 2.995))
        blotter.report(told("as_heard", Status.FILLED, 1000, 3.0))
        blotter.report(told("voided", Status.VOIDED, 0, None))
        matches = blotter.matches_in([A.market_id])
    assert [(match.intent_id, match.size_centi, match.value_e4) for match in matches] == [
        ("as_heard", 1000, 300_000),
        ("less", 700, 209_650),
    ]
    assert [match.price_centi for match in matches] == [300, 300]


def test_samples_of_one_moment_replace_each_other(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    with Blotter(path) as blotter:
        begin(blotter)
        blotter.sample("curve", "1.1", 1000, 5, 0)
        blotter.sample("curve", "1.1", 1000, 7, 1)
        blotter.sample("queues", "1.1", 1000, "I1", None, 200)
    assert rows(path, "select * from curve") == [(1, "1.1", 1000, 7, 1)]
    assert rows(path, "select * from queues") == [(1, "1.1", 1000, "I1", None, 200)]


def test_thinning_leaves_the_last_sample_of_each_slot_by_what_is_sampled(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    with Blotter(path) as blotter:
        for run in range(2):
            begin(blotter, f"{run}")
            for ts_ms in (0, 1, 9, 10, 25, 29, 31):
                for selection_id in (7, 8) if ts_ms < 20 else (7,):
                    blotter.sample("ladders", "1.1", ts_ms, selection_id, 0, None, "[]", "[]")
                blotter.sample("ladders", "1.2", ts_ms, 7, 0, None, "[]", "[]")
        assert blotter.thin("ladders", "1.1", 10) == 5
        assert blotter.thin("ladders", "1.1", 10) == 0
    kept = "select selection_id, ts_ms from ladders where run = 2 and market_id = '1.1' order by 1"
    assert rows(path, kept) == [(7, 9), (7, 10), (7, 29), (7, 31), (8, 9), (8, 10)]
    others = "select count(*) from ladders where run = 1 or market_id = '1.2'"
    assert rows(path, others) == [(7 + 4 + 7 + 7,)]


def test_queues_are_thinned_by_whole_moments_whatever_orders_they_are_of(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    with Blotter(path) as blotter:
        begin(blotter)
        for ts_ms in range(40):
            for order in ("a", "b"):
                blotter.sample("queues", "1.1", ts_ms, f"{order}{ts_ms}", 100, 200)
        assert blotter.thin("queues", "1.1", 10) == 72
    kept = [(f"{order}{ts_ms}",) for ts_ms in (9, 19, 29, 39) for order in ("a", "b")]
    assert rows(path, "select intent_id from queues order by ts_ms, intent_id") == kept


def test_a_durable_blotter_that_somebody_reads_is_closed_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    blotter = Blotter(path, durable=True)
    begin(blotter)
    reader = sqlite3.connect(path)
    reader.execute("begin")
    reader.execute("select count(*) from runs").fetchone()
    blotter.intent(intent(1))
    blotter.close()
    assert rows(path, "select intent_id from intents") == [("I1",)]
    reader.close()
    with Blotter(path, durable=True):
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == ["b.sqlite"], "the next one tidies up"
