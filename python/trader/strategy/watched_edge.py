"""An edge that nobody has tried before: what it gives is looked at, and its errors are told.

Edges in files of their own run in this wrapper. What they do wrong would otherwise come out
somewhere else, or not at all: a price that is no whole number of hundredths reaches the venue, and
a move of an order on another runner has its matches booked there.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Sequence
from typing import Any, Final

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.execution.interfaces.wire import PRICE_CENTI_MAX
from trader.strategy.context import Runner, StrategyContext
from trader.strategy.edges.base import (
    Basket,
    Cancel,
    Edge,
    EdgeConfig,
    MarketEdge,
    MarketProposal,
    Place,
    Proposal,
    Replace,
)

_ODDS_CENTI: Final = (101, 100_000)
_LINES_CENTI: Final = (1, PRICE_CENTI_MAX)
"""Prices that are no odds; what is not sized is refused by the gates."""
_SHARES: Final = ("gross_edge", "p_fill")


class EdgeFailedError(Exception):
    """An edge failed, or asked for what cannot be; one line with its file, line and runner."""


class WatchedEdge(Edge[EdgeConfig]):
    """Decides as the edge does. Raises `EdgeFailedError` where that fails, also on being made."""

    config_class = EdgeConfig

    def __init__(self, edge_class: type[Edge[Any]], config: EdgeConfig, file: str) -> None:
        super().__init__(config)
        self.name = edge_class.name  # type: ignore[misc]  # one class here for many edges
        self._file = file
        try:
            self._edge = edge_class(config)
        except Exception as error:
            raise self._failed("as it is made", error) from error

    def reconfigure(self, config: EdgeConfig) -> None:
        super().reconfigure(config)
        try:
            self._edge.reconfigure(config)
        except Exception as error:
            raise self._failed("as its parameters change", error) from error

    def decide(self, ctx: StrategyContext, runner: Runner) -> Sequence[Proposal]:
        try:
            given: object = self._edge.decide(ctx, runner)
        except Exception as error:
            raise self._failed(_where(ctx, runner), error) from error
        if isinstance(given, tuple) and not given:
            return ()  # most often
        if not isinstance(given, list | tuple):
            wrong = f"decide gave {_shown(given)}, not a list of Place, Replace and Cancel"
            raise self._refused(_where(ctx, runner), wrong)
        wishes = Wishes(self._edge, ctx)
        for wish in given:
            wrong_wish = wishes.what_is_wrong(runner, wish)
            if wrong_wish is not None:
                wrong = f"decide gave {_shown(wish)}: {wrong_wish}"
                raise self._refused(_where(ctx, runner), wrong)
        if any(wishes.waits(runner, wish) for wish in given):
            return [wish for wish in given if not wishes.waits(runner, wish)]
        return given

    def forget(self, market_id: str) -> None:
        try:
            self._edge.forget(market_id)
        except Exception as error:
            raise self._failed(f"as market {market_id} ends", error) from error

    def _failed(self, where: str, error: Exception) -> EdgeFailedError:
        frames = traceback.extract_tb(error.__traceback__)
        own = (frame.lineno for frame in reversed(frames) if frame.filename == self._file)
        line = next(own, None)
        place = self._file if line is None else f"{self._file}:{line}"
        why = f"{type(error).__name__}: {error}"
        return EdgeFailedError(f"{place}: edge {self.name} failed {where}: {why}")

    def _refused(self, where: str, wrong: str) -> EdgeFailedError:
        return EdgeFailedError(f"{self._file}: edge {self.name} failed {where}: {wrong}")


class WatchedMarketEdge(WatchedEdge, MarketEdge[EdgeConfig]):
    """The same for an edge that decides for a whole market."""

    def decide_market(self, ctx: StrategyContext) -> Sequence[MarketProposal]:
        assert isinstance(self._edge, MarketEdge), "as `watched` chose"
        where = f"at {ctx.now_ms} ms, market {ctx.market.market_id}"
        try:
            given: object = self._edge.decide_market(ctx)
        except Exception as error:
            raise self._failed(where, error) from error
        if not isinstance(given, list | tuple):
            wrong = f"decide_market gave {_shown(given)}, not a list of (runner, wish) and Basket"
            raise self._refused(where, wrong)
        wishes = Wishes(self._edge, ctx)
        for part in given:
            wrong_part = wishes.what_is_wrong_for_a_market(part)
            if wrong_part is not None:
                raise self._refused(where, f"decide_market gave {_shown(part)}: {wrong_part}")
        if any(not isinstance(part, Basket) and wishes.waits(*part) for part in given):
            return [part for part in given if isinstance(part, Basket) or not wishes.waits(*part)]
        return given


def watched(edge_class: type[Edge[Any]], config: EdgeConfig, file: str) -> WatchedEdge:
    """An edge of a file, watched. Raises `EdgeFailedError` where it cannot be made."""
    wrapper = WatchedMarketEdge if issubclass(edge_class, MarketEdge) else WatchedEdge
    return wrapper(edge_class, config, file)


class Wishes:
    """What an edge gives in one go: each wish is looked at by itself and beside those before it."""

    def __init__(self, edge: Edge[Any], ctx: StrategyContext) -> None:
        self._edge = edge
        self._ctx = ctx
        self._named: set[str] = set()  # orders that are to be moved or taken away

    def what_is_wrong_for_a_market(self, part: object) -> str | None:
        """Why nothing can be made of a part of what `decide_market` gave."""
        if isinstance(part, Basket):
            pairs: tuple[object, ...] = part.legs
        else:
            pairs = (part,)
        for pair in pairs:
            if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], Runner)):
                return "it is no (runner, wish)"
            if pair[0] not in self._ctx.market.runners:
                return "its runner is none of this market's, see ctx.market.runners"
            wrong = self.what_is_wrong(*pair)
            if wrong is None and isinstance(part, Basket) and not isinstance(pair[1], Place):
                wrong = "a leg is a Place"
            if wrong is not None:
                return wrong
        return None

    def what_is_wrong(self, runner: Runner, wish: object) -> str | None:
        """Why nothing can be made of what an edge gave for a runner; None for a wish that can be
        judged."""
        if isinstance(wish, Cancel):
            return self._wrong_in_cancel(runner, wish)
        if not isinstance(wish, Place | Replace):
            return "it is no Place, Replace or Cancel"
        wrong = self._wrong_in_price(wish.price_centi) or _wrong_in_numbers(wish)
        if wrong is not None:
            return wrong
        if wish.closes and not self._edge.closes_itself:
            return "an edge that closes what it holds says so in its class: closes_itself = True"
        if isinstance(wish, Place):
            return _wrong_in_place(wish)
        return self._wrong_in_order(runner, wish.order)

    def _wrong_in_price(self, price_centi: object) -> str | None:
        low, high = _ODDS_CENTI if self._ctx.market.is_win_or_lose else _LINES_CENTI
        if type(price_centi) is int and low <= price_centi <= high:
            return None
        return f"price_centi is a whole number from {low} to {high}, such as round(100 * price)"

    def _wrong_in_cancel(self, runner: Runner, wish: Cancel) -> str | None:
        reason: object = wish.reason
        if not isinstance(reason, str):
            return "reason is a text"
        return self._wrong_in_order(runner, wish.order)

    def waits(self, runner: Runner, wish: Proposal) -> bool:
        """Whether a wish is to move an order that is on its way or being changed: it cannot be
        moved until that is answered. Live that is so for a while after each wish, in a replay
        never, so it is no mistake: the edge will ask again."""
        if not isinstance(wish, Replace):
            return False
        standing = self._standing(runner, wish.order)
        return standing is not None and standing.pending is not None

    def _wrong_in_order(self, runner: Runner, order: object) -> str | None:
        """An order that has ended, or is another's, would be looked for where it is not."""
        if not isinstance(order, OpenOrder):
            return "order is one of ctx.orders(self.name, runner)"
        if self._standing(runner, order) is None:
            return "its order is none of ctx.orders(self.name, runner): ended, or not this runner's"
        if order.intent_id in self._named:
            return "its order is in a wish before it"
        self._named.add(order.intent_id)
        return None

    def _standing(self, runner: Runner, order: OpenOrder) -> OpenOrder | None:
        """The edge's order on this runner as it is now; the wish may have it as it was."""
        orders = self._ctx.orders(self._edge.name, runner)
        return next((one for one in orders if one.intent_id == order.intent_id), None)


def _wrong_in_numbers(wish: Place | Replace) -> str | None:
    if type(wish.ttl_ms) is not int or wish.ttl_ms <= 0:
        return "ttl_ms is a whole number above 0"
    for name in _SHARES:
        value = getattr(wish, name)
        optional = name == "p_fill" and value is None
        if not optional and not (isinstance(value, int | float) and math.isfinite(value)):
            return f"{name} is a number, a share of 1"
    return None


def _wrong_in_place(wish: Place) -> str | None:
    side: object = wish.side
    if not isinstance(side, Side):
        return "side is Side.BACK or Side.LAY"
    for name in ("max_size_centi", "size_centi"):
        size: object = getattr(wish, name)
        if size is not None and type(size) is not int:
            return f"{name} is a whole number of hundredths, such as round(100 * stake)"
    if wish.closes and wish.size_centi is None:
        return "an order that closes tells its size_centi"
    return None


def _where(ctx: StrategyContext, runner: Runner) -> str:
    return f"at {ctx.now_ms} ms, market {runner.market_id}, runner {runner.selection_id}"


def _shown(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 120 else text[:119] + "…"
