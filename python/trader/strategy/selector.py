"""The selector: which markets are quoted, and when.

It goes by the market's definition and the clock alone, so that a replay selects what live trading
would have. What only the venue's catalogue knows (countries, what there is to subscribe to) is
asked of it before the stream is subscribed to: `catalogue_filter`.

A market that is not selected gets no new orders; those that rest there are cancelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from trader.config.rules import Flag, Number, Texts, Whole, rule
from trader.strategy.context import MarketView

YEAR_S: Final = 366 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectorConfig:
    """Empty lists take any. A `before_off_s` of a year is no limit."""

    market_ids: tuple[str, ...] = rule(Texts("a list of market ids, in quotes"))
    event_types: tuple[str, ...] = rule(Texts("a list of event type ids, in quotes"))
    market_types: tuple[str, ...] = rule(Texts("a list of market types, such as WIN"))
    countries: tuple[str, ...] = rule(Texts("a list of country codes, such as GB"))
    min_runners: int = rule(Whole(0, 1000))
    max_runners: int = rule(Whole(1, 1000))
    before_off_s: float = rule(Number(0.0, YEAR_S))
    until_off_s: float = rule(Number(0.0, YEAR_S))
    in_play: bool = rule(Flag())
    max_markets: int = rule(Whole(1, 100_000))


@dataclass(frozen=True, slots=True)
class _Window:
    """Why a market is not quoted whatever the time is, and else from when to when (ms)."""

    reason: str | None
    from_ms: int | None
    until_ms: int | None


class Selector:
    """Asked before each decision; what a definition says is worked out once for each."""

    def __init__(self, config: SelectorConfig) -> None:
        self._config = config
        self._windows: dict[str, tuple[MarketView, _Window]] = {}
        self._taken: set[str] = set()

    def reconfigure(self, config: SelectorConfig) -> None:
        """Another configuration from now on; markets keep the places they have."""
        self._config = config
        self._windows = {}

    def refuses(self, view: MarketView, now_ms: int) -> str | None:
        """None when the market may be quoted at `now_ms`; else one of few words why not."""
        known = self._windows.get(view.market_id)
        if known is None or known[0] is not view:
            known = self._windows[view.market_id] = (view, self._window(view))
        window = known[1]
        if window.reason is not None:
            return window.reason
        if window.from_ms is not None and now_ms < window.from_ms:
            return "too_early"
        if window.until_ms is not None and now_ms >= window.until_ms:
            return "too_late"
        return None if self._has_place(view) else "max_markets"

    def forget(self, market_id: str) -> None:
        """A market has closed: its place is free."""
        self._windows.pop(market_id, None)
        self._taken.discard(market_id)

    def _has_place(self, view: MarketView) -> bool:
        """First come, first served; a market keeps its place until it closes."""
        if view.market_id in self._taken:
            return True
        if len(self._taken) >= self._config.max_markets:
            return False
        if view.is_open:
            self._taken.add(view.market_id)
        return True

    def _window(self, view: MarketView) -> _Window:
        config = self._config
        off_ms = view.off_ms
        from_ms = until_ms = None
        if off_ms is not None:
            if config.before_off_s < YEAR_S:
                from_ms = off_ms - round(config.before_off_s * 1000)
            if config.until_off_s > 0:
                until_ms = off_ms - round(config.until_off_s * 1000)
        return _Window(self._reason(view), from_ms, until_ms)

    def _reason(self, view: MarketView) -> str | None:
        config = self._config
        if config.market_ids and view.market_id not in config.market_ids:
            return "not_selected"
        if config.event_types and view.event_type_id not in config.event_types:
            return "not_selected"
        if config.market_types and view.market_type not in config.market_types:
            return "not_selected"
        active = sum(status == "ACTIVE" for status in view.runners.values())
        if not config.min_runners <= active <= config.max_runners:
            return "runners"
        if view.in_play and not config.in_play:
            return "in_play"
        return None


def catalogue_filter(config: SelectorConfig, now_ms: int) -> dict[str, Any]:
    """The `MarketFilter` of `listMarketCatalogue` for what may be selected from `now_ms` on."""
    filters: dict[str, Any] = {
        "marketIds": list(config.market_ids),
        "eventTypeIds": list(config.event_types),
        "marketTypeCodes": list(config.market_types),
        "marketCountries": list(config.countries),
    }
    filters = {key: values for key, values in filters.items() if values}
    if config.before_off_s < YEAR_S:
        filters["marketStartTime"] = {"to": _iso(now_ms + round(config.before_off_s * 1000))}
    if not config.in_play:
        filters["inPlayOnly"] = False
    return filters


def _iso(ts_ms: int) -> str:
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
