"""What a run that was killed has left is taken up: orders, positions, what they may lose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from trader.execution.interfaces.intents import Action, QuoteIntent, Side
from trader.execution.interfaces.messages import MarketStatus
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ledger import Fill, Position
from trader.execution.orders.book import Book
from trader.execution.orders.entries import Ended
from trader.execution.orders.exposure import Profit
from trader.execution.orders.order import LIVE, Order
from trader.live.adopt import adopt, markets_of, without_paid
from trader.strategy.context import Runner
from trader.testing import QUOTED, LiveScene

RUNNER = Runner("1.1", 1, 0.0, 0)
HEDGED = ("hedge.edges=[passive_maker]", "edges.passive_maker.enabled=false")


def placed(name: str, market_id: str = "1.1", price_centi: int = 300) -> QuoteIntent:
    return QuoteIntent.place(
        intent_id=name,
        ts_ms=1_700_000_000_000,
        edge="passive_maker",
        market_id=market_id,
        selection_id=1,
        side=Side.BACK,
        price_centi=price_centi,
        size_centi=1000,
        ttl_ms=60_000,
        dry_run=False,
    )


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[LiveScene]:
    scene = LiveScene(tmp_path)
    yield scene
    scene.blotter.close()


def book() -> Book:
    """An order that rests, one that has ended matched, and what only the sum knows."""
    book = Book(max_remembered=10)
    rests, ended, older = placed("rests"), placed("ended"), placed("older", "1.2")
    order = Order(rests, "rests", 1000, LIVE)
    order.told.accepted = order.told.placed = True
    book.orders[0] = order
    book.numbers["rests"] = 0
    book.ended["ended"] = Ended(ended, "ended", None, (1000, 300_000))
    for intent in (ended, older):
        book.exposure.matched(intent, (0, 0), (1000, 300_000))
    return book


def test_orders_positions_and_what_they_can_lose_are_there(scene: LiveScene) -> None:
    adopt(scene.session, book(), scene.blotter, 0)
    assert [order.intent_id for order in scene.session.router.open_orders()] == ["rests"]
    position = scene.session.ledger.position(RUNNER)
    assert position is not None
    assert (position.win_e4, position.lose_e4) == (200_000, -100_000)
    assert scene.session.ledger.markets() == ["1.1", "1.2"]
    assert scene.session.exposure.total_e4() == 100_000 + 100_000 + 100_000
    assert not scene.session.exposure.fits(1, 300_000)
    assert scene.rows("select intent_id from intents") == [("rests",)]


def test_an_adopted_order_is_managed_like_any_other(scene: LiveScene) -> None:
    adopt(scene.session, book(), scene.blotter, 0)
    scene.define("SUSPENDED", rc=QUOTED)
    assert scene.venue.cancels() == ["rests"]
    scene.venue.says(scene.venue.sent[-1], Status.CANCELLED)
    scene.venue.says(placed("rests"), Status.CANCELLED)
    scene.turns(1)
    assert scene.session.router.open_orders() == []


def test_markets_that_were_paid_are_not_held_again(scene: LiveScene) -> None:
    scene.session.ledger.carried(RUNNER._replace(market_id="1.2"), 1, -1)
    scene.session.engine.paid_out("1.2", 100, 0)
    scene.session.ledger.forget("1.2")
    known = book()
    paid = without_paid(known, scene.blotter)
    assert (paid, markets_of(known)) == (["1.2"], ["1.1"])
    adopt(scene.session, known, scene.blotter, 0, paid)
    assert scene.session.ledger.markets() == ["1.1"]
    told = scene.venue.markets[-1]
    assert (told.market_id, told.status) == ("1.2", MarketStatus.CLOSED)


def test_an_edge_holds_again_what_its_orders_have_matched(scene: LiveScene) -> None:
    elsewhere = RUNNER._replace(market_id="1.2")
    for name, runner in (("ended", RUNNER), ("older", elsewhere)):
        scene.blotter.fill(Fill(name, "passive_maker", runner, Side.BACK, 300, 1000, 0))
    scene.blotter.flush()
    adopt(scene.session, book(), scene.blotter, 0)
    for runner in (RUNNER, elsewhere):
        held = scene.session.ledger.held("passive_maker", runner)
        assert held is not None
        assert (held.back_stake_centi, held.win_e4) == (1000, 200_000)
        assert scene.session.ledger.held("scalp", runner) is None


def amended(name: str, size_centi: int, price: float | None) -> ExecutionReport:
    """The venue tells after an order's end what is matched of it."""
    return ExecutionReport.new(
        seq=7,
        intent_id=name,
        ts_ms=1,
        action=Action.PLACE,
        status=Status.AMENDED,
        dry_run=False,
        size_matched_centi=size_centi,
        avg_price_matched=price,
    )


@pytest.mark.parametrize("the_journal_knows_it", [True, False])
def test_bets_that_were_voided_before_are_neither_held_nor_hedged(
    tmp_path: Path, the_journal_knows_it: bool
) -> None:
    scene = LiveScene(tmp_path, *HEDGED)
    scene.blotter.fill(Fill("void", "passive_maker", RUNNER, Side.BACK, 300, 1000, 0))
    scene.blotter.report(amended("void", 0, None))
    known = Book(max_remembered=10)
    if the_journal_knows_it:
        known.ended["void"] = Ended(placed("void"), "void", None, (0, 0))
    known.exposure.markets["1.1"] = [((1, 0), Profit())]
    adopt(scene.session, known, scene.blotter, 7)
    assert scene.session.ledger.held("passive_maker", RUNNER) is None
    scene.define(rc=QUOTED)
    scene.turns(3)
    assert scene.venue.sent == []
    scene.blotter.close()


def test_a_void_that_is_only_heard_after_a_restart_is_taken_out_of_all_books(
    tmp_path: Path,
) -> None:
    scene = LiveScene(tmp_path, *HEDGED)
    scene.blotter.fill(Fill("void", "passive_maker", RUNNER, Side.BACK, 300, 1000, 0))
    scene.blotter.flush()
    known = Book(max_remembered=10)
    known.ended["void"] = Ended(placed("void"), "void", None, (1000, 300_000))
    known.exposure.matched(placed("void"), (0, 0), (1000, 300_000))
    adopt(scene.session, known, scene.blotter, 0)
    scene.session.bus.publish(amended("void", 0, None))
    held = scene.session.ledger.held("passive_maker", RUNNER)
    assert held == Position()
    scene.define(rc=QUOTED)
    scene.turns(3)
    assert scene.venue.sent == []
    scene.blotter.close()


def test_an_edge_does_not_hold_what_the_journal_tells_to_be_void_already(tmp_path: Path) -> None:
    scene = LiveScene(tmp_path, *HEDGED)
    scene.blotter.fill(Fill("void", "passive_maker", RUNNER, Side.BACK, 300, 1000, 0))
    scene.blotter.flush()  # the report of the void is still to come
    known = Book(max_remembered=10)
    known.ended["void"] = Ended(placed("void"), "void", None, (0, 0))
    known.exposure.markets["1.1"] = [((1, 0), Profit())]
    known.unacked.append(amended("void", 0, None))
    adopt(scene.session, known, scene.blotter, 0)
    scene.session.bus.publish(amended("void", 0, None))
    assert scene.session.ledger.held("passive_maker", RUNNER) in (None, Position())
    scene.define(rc=QUOTED)
    scene.turns(3)
    assert scene.venue.sent == []
    scene.blotter.close()
