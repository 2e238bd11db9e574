"""A market as a reader looks at it: its runners, and the ladder and the signals of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trader.betfair import ladder as ladders
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.ledger import to_money
from trader.session import Session
from trader.status.board import Focus
from trader.status.document import (
    LadderRow,
    OurOrder,
    RunnerRow,
    SideSignals,
    Signals,
    View,
)
from trader.status.names import Names
from trader.strategy.context import MarketView, Runner

RUNNERS_MAX: Final = 60
LEVELS: Final = 10
"""The best so many prices of each side are always shown."""
BETWEEN_MAX: Final = 12
"""Empty prices between the sides are shown up to so many, beyond there is a gap."""
ROWS_MAX: Final = 60

_LADDERS: Final = {"CLASSIC": ladders.CLASSIC, "FINEST": ladders.FINEST}


def view_of(session: Session, names: Names, focus: Focus) -> View:
    """What there is of a focus. A market that is not held has no runners; without a runner, or
    with one that the market does not have, the one with orders of ours or the favourite is it."""
    market = _market(session, focus.market_id)
    if market is None:
        return View(
            market_id=focus.market_id,
            selection_id=None,
            handicap=0.0,
            runners=(),
            ladder=(),
            signals=None,
        )
    runners = list(market.runners)[:RUNNERS_MAX]
    rows = [_runner_row(session, names, runner, market.runners[runner]) for runner in runners]
    chosen = _chosen(runners, rows, focus)
    return View(
        market_id=market.market_id,
        selection_id=None if chosen is None else chosen.selection_id,
        handicap=0.0 if chosen is None else chosen.handicap,
        runners=tuple(rows),
        ladder=() if chosen is None else _ladder(session, market, chosen),
        signals=None if chosen is None else _signals(session, chosen),
    )


def _market(session: Session, market_id: str) -> MarketView | None:
    """Of no id: the first that we have orders in, else the first that is open."""
    if market_id:
        return session.engine.markets.get(market_id)
    views = session.engine.markets.views()
    ours = {order.market_id for order in session.router.open_orders()}
    best = [view for view in views if view.market_id in ours] or [v for v in views if v.is_open]
    return next(iter(best or views), None)


def _chosen(runners: list[Runner], rows: list[RunnerRow], focus: Focus) -> Runner | None:
    for runner in runners:
        if (runner.selection_id, runner.handicap) == (focus.selection_id, focus.handicap):
            return runner
    if not runners:
        return None
    place = min(range(len(rows)), key=lambda at: (not rows[at].orders, rows[at].back or 1e9, at))
    return runners[place]


def _runner_row(session: Session, names: Names, runner: Runner, status: str) -> RunnerRow:
    market_id, selection_id, handicap, _ = runner
    back, back_size, lay, lay_size = session.book.best(market_id, selection_id, handicap)
    position = session.ledger.position(runner)
    return RunnerRow(
        selection_id=selection_id,
        handicap=handicap,
        name=names.runner(market_id, selection_id),
        status=status,
        back=back,
        back_size=back_size,
        lay=lay,
        lay_size=lay_size,
        last=session.book.last_traded(market_id, selection_id, handicap),
        orders=len(session.desk.orders.standing(runner)),
        if_wins=0.0 if position is None else to_money(position.win_e4),
        if_loses=0.0 if position is None else to_money(position.lose_e4),
    )


# --- the ladder -----------------------------------------------------------------------------------


def _ladder(session: Session, market: MarketView, runner: Runner) -> tuple[LadderRow, ...]:
    """Prices from the highest down. To be laid is what stands above, to be backed below."""
    market_id, selection_id, handicap, _ = runner
    top = session.book.ladder_top
    back = _centi(top(market_id, selection_id, "BACK", LEVELS, True, handicap))
    lay = _centi(top(market_id, selection_id, "LAY", LEVELS, True, handicap))
    traded = _centi(session.book.traded_ladder(market_id, selection_id, handicap))
    ours: dict[int, list[OurOrder]] = {}
    for order in session.desk.orders.standing(runner):
        ours.setdefault(order.price_centi, []).append(_our_order(session, runner, order))
    prices = ladder_prices(list(back), list(lay), list(ours), market.ladder)
    return tuple(
        LadderRow(
            price=price / 100,
            back=back.get(price, 0.0),
            lay=lay.get(price, 0.0),
            traded=traded.get(price, 0.0),
            gap=at + 1 < len(prices) and not _are_neighbours(prices[at + 1], price, market.ladder),
            orders=tuple(ours.get(price, ())),
        )
        for at, price in enumerate(prices)
    )


def ladder_prices(
    back: Sequence[int], lay: Sequence[int], ours: Sequence[int], kind: str
) -> list[int]:
    """The prices (hundredths) that are shown, the highest first: the best of each side and those of
    our orders, and what lies between two of them where that is little."""
    wanted = sorted({*back[:LEVELS], *lay[:LEVELS], *ours[:ROWS_MAX]})
    ladder = _LADDERS.get(kind)
    shown: list[int] = []
    for price in wanted:
        if shown and ladder is not None:
            between = ladder.ticks_between(shown[-1], price)
            if between is not None and 1 < between <= BETWEEN_MAX:
                first = ladder.tick_of(shown[-1]) or 0
                shown += [ladder.price_at(first + step) for step in range(1, between)]
        shown.append(price)
    # Where there are too many the outermost go.
    while len(shown) > ROWS_MAX:
        middle = (back[0] if back else shown[0]) + (lay[0] if lay else shown[-1])
        far_up = 2 * shown[-1] - middle >= middle - 2 * shown[0]
        shown.pop(-1 if far_up else 0)
    return shown[::-1]


def _are_neighbours(low: int, high: int, kind: str) -> bool:
    ladder = _LADDERS.get(kind)
    return ladder is None or ladder.next_price(low) == high


def _centi(levels: Sequence[tuple[float, float]]) -> dict[int, float]:
    return {round(price * 100): size for price, size in levels}


def _our_order(session: Session, runner: Runner, order: OpenOrder) -> OurOrder:
    is_coming = order.pending == "PLACE"
    return OurOrder(
        intent_id=order.intent_id,
        edge=order.edge,
        side=order.side.value,
        price=order.price_centi / 100,
        remaining=order.remaining_centi / 100,
        matched=order.matched_centi / 100,
        ahead=None if is_coming else session.desk.ahead_of(runner, order),
        pending=order.pending,
        deadline_ms=order.deadline_ms,
    )


# --- signals --------------------------------------------------------------------------------------


def _signals(session: Session, runner: Runner) -> Signals:
    market_id, selection_id, handicap, _ = runner
    book = session.book
    back, _, lay, _ = book.best(market_id, selection_id, handicap)
    # An order joins those of its own side: a back rests where others offer to be laid.
    return Signals(
        spread_ticks=book.spread_ticks(market_id, selection_id, handicap),
        back=_side(session, runner, "BACK", lay),
        lay=_side(session, runner, "LAY", back),
        trend=book.trend_lens(market_id, selection_id, handicap),
        sweep=book.sweep_sniffer(market_id, selection_id, handicap),
        sweep_side=book.sweep_side(market_id, selection_id, handicap),
        big_move=book.big_move_direction(market_id, selection_id, handicap),
        removal=book.rf_seen_recently(market_id),
    )


def _side(session: Session, runner: Runner, side: str, price: float | None) -> SideSignals:
    market_id, selection_id, handicap, _ = runner
    book = session.book
    rate = book.match_rate_ema(market_id, selection_id, side, None, handicap)
    if price is None:
        return SideSignals(
            price=None, size_ahead=None, p_fill=None, ttf_ms=None, match_rate=rate, price_rate=None
        )
    p_fill, ttf_ms = book.pfill_ttf(market_id, selection_id, side, price, 0.0, None, handicap)
    return SideSignals(
        price=price,
        size_ahead=book.size_ahead(market_id, selection_id, side, price, None, handicap),
        p_fill=p_fill,
        ttf_ms=ttf_ms,
        match_rate=rate,
        price_rate=book.match_rate_ema(market_id, selection_id, side, price, handicap),
    )
