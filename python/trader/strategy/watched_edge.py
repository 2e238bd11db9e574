"""An edge that nobody has tried before: what it gives is looked at, and its errors are told.

Edges in files of their own run in this wrapper. What they do wrong would otherwise come out
somewhere else, or not at all: a price that is no whole number of hundredths reaches the venue.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Sequence
from typing import Any, Final

from trader.execution.interfaces.intents import Side
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

_WHOLE: Final = ("price_centi", "ttl_ms")
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
        for wish in given:
            wrong_wish = what_is_wrong(wish)
            if wrong_wish is not None:
                wrong = f"decide gave {_shown(wish)}: {wrong_wish}"
                raise self._refused(_where(ctx, runner), wrong)
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
        for part in given:
            wrong_part = what_is_wrong_for_a_market(part)
            if wrong_part is not None:
                raise self._refused(where, f"decide_market gave {_shown(part)}: {wrong_part}")
        return given


def watched(edge_class: type[Edge[Any]], config: EdgeConfig, file: str) -> WatchedEdge:
    """An edge of a file, watched. Raises `EdgeFailedError` where it cannot be made."""
    wrapper = WatchedMarketEdge if issubclass(edge_class, MarketEdge) else WatchedEdge
    return wrapper(edge_class, config, file)


def what_is_wrong_for_a_market(part: object) -> str | None:
    """Why nothing can be made of a part of what `decide_market` gave."""
    if isinstance(part, Basket):
        pairs: tuple[object, ...] = part.legs
    else:
        pairs = (part,)
    for pair in pairs:
        if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], Runner)):
            return "it is no (runner, wish)"
        wrong = what_is_wrong(pair[1])
        if wrong is None and isinstance(part, Basket) and not isinstance(pair[1], Place):
            wrong = "a leg is a Place"
        if wrong is not None:
            return wrong
    return None


def what_is_wrong(wish: object) -> str | None:
    """Why nothing can be made of what an edge gave; None for a wish that can be judged."""
    if isinstance(wish, Cancel):
        return None
    if not isinstance(wish, Place | Replace):
        return "it is no Place, Replace or Cancel"
    for name in _WHOLE:
        value = getattr(wish, name)
        if type(value) is not int or value <= 0:
            hint = ", such as round(100 * price)" if name == "price_centi" else ""
            return f"{name} is a whole number above 0{hint}"
    for name in _SHARES:
        value = getattr(wish, name)
        optional = name == "p_fill" and value is None
        if not optional and not (isinstance(value, int | float) and math.isfinite(value)):
            return f"{name} is a number, a share of 1"
    return _wrong_in_place(wish) if isinstance(wish, Place) else None


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
