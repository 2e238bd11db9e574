"""For tests: a market of three runners, and fills and orders on them."""

from __future__ import annotations

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Persistence, Side
from trader.execution.ledger import Fill, Ledger
from trader.strategy.context import MarketView, Runner

MARKET = "1.1"
A, B, C = (Runner(MARKET, selection, 0.0, 0) for selection in (1, 2, 3))


def market(
    statuses: dict[Runner, str] | None = None,
    *,
    winners: int | None = 1,
    mbr: float | None = 5.0,
) -> MarketView:
    """A market that has closed, its runners active unless said otherwise."""
    return MarketView(
        market_id=MARKET,
        status="CLOSED",
        in_play=True,
        stale=False,
        version=1,
        bet_delay=0,
        ladder="CLASSIC",
        mbr=mbr,
        number_of_winners=winners,
        runners=statuses if statuses is not None else dict.fromkeys((A, B, C), "ACTIVE"),
    )


def fill(runner: Runner, side: Side, price_centi: int, size_centi: int) -> Fill:
    """A match of one of our orders, another order for each place and size."""
    name = f"{runner.selection_id}-{side}-{price_centi}-{size_centi}"
    return Fill(name, "passive_maker", runner, side, price_centi, size_centi, 0)


def record(ledger: Ledger, fill: Fill) -> None:
    """The order of a fill is matched by just that."""
    value_e4 = fill.size_centi * fill.price_centi
    ledger.matched(fill.intent_id, fill.runner, fill.side, fill.size_centi, value_e4, fill.edge)


def order(runner: Runner, side: Side, price_centi: int, remaining_centi: int) -> OpenOrder:
    """A resting order `I2`, placed at time 0."""
    return OpenOrder(
        intent_id="I2",
        edge="passive_maker",
        market_id=runner.market_id,
        selection_id=runner.selection_id,
        handicap_centi=runner.handicap_centi,
        side=side,
        price_centi=price_centi,
        size_centi=remaining_centi,
        remaining_centi=remaining_centi,
        matched_centi=0,
        placed_ts_ms=0,
        deadline_ms=1,
        persistence=Persistence.LAPSE,
    )
