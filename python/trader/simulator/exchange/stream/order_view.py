"""What one order subscription sees of an account's bets: `oc` entries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.stream.market_view import number
from trader.simulator.exchange.stream.positions import Positions, Row, Spot
from trader.simulator.exchange.stream.requests import OrderFilter

_PERSISTENCE: Final = {"LAPSE": "L", "PERSIST": "P", "MARKET_ON_CLOSE": "MOC"}
_ORDER_TYPE: Final = {"LIMIT": "L", "LIMIT_ON_CLOSE": "LOC", "MARKET_ON_CLOSE": "MOC"}
_SIDE: Final = {"BACK": "B", "LAY": "L"}
_ARRAY: Final = {"BACK": "mb", "LAY": "ml"}
REGULATOR: Final = "REG_GGC"


class OrderView:
    """The rendering of one order subscription, and which runners it has told of."""

    def __init__(self, order_filter: OrderFilter, positions: Positions) -> None:
        self._strategies = order_filter.customerStrategyRefs
        self._has_positions = order_filter.includeOverallPosition is not False
        self._by_strategy = order_filter.partitionMatchedByStrategyRef is True
        self._positions = positions
        self._told: set[Spot] = set()

    def sees(self, bet: Bet) -> bool:
        """Whether a bet is told of one by one."""
        if bet.status == "PENDING":
            return False
        return self._strategies is None or (bet.customer_strategy_ref or "") in self._strategies

    def image(self, bets: Iterable[Bet]) -> list[dict[str, Any]]:
        """All that is live: bets with something unmatched, and what is matched."""
        self._told.clear()
        shown: dict[Spot, list[Bet]] = {spot: [] for spot in self._positions.sizes}
        for bet in bets:
            if bet.is_executable and self.sees(bet):
                shown.setdefault((bet.market_id, bet.runner), []).append(bet)
        entries = self._entries(
            {spot: (found, self._positions.rows_of(spot)) for spot, found in shown.items()}
        )
        for entry in entries:
            entry["fullImage"] = True
        return entries

    def resumed(self) -> None:
        """The client has images of all runners already, from before it was away."""
        self._told.update(self._positions.sizes)

    def update(
        self, bets: Iterable[Bet], rows: dict[Spot, set[Row]], closed: Iterable[str] = ()
    ) -> list[dict[str, Any]]:
        """The bets and rows that changed, and the markets that closed."""
        shown: dict[Spot, tuple[list[Bet], set[Row]]] = {}
        for bet in bets:
            if self.sees(bet):
                shown.setdefault((bet.market_id, bet.runner), ([], set()))[0].append(bet)
        for spot, changed in rows.items():
            shown.setdefault(spot, ([], set()))[1].update(changed)
        entries = self._entries(shown)
        for market_id in closed:
            entry = next((entry for entry in entries if entry["id"] == market_id), None)
            if entry is None:
                entry = {"id": market_id}
                entries.append(entry)
            entry["closed"] = True
        return entries

    def _entries(self, shown: dict[Spot, tuple[list[Bet], set[Row]]]) -> list[dict[str, Any]]:
        """`oc` entries, markets in the order they come."""
        by_market: dict[str, list[dict[str, Any]]] = {}
        for spot, (bets, rows) in shown.items():
            entry = self._runner(spot, bets, rows)
            if entry is not None:
                by_market.setdefault(spot[0], []).append(entry)
        return [{"id": market_id, "orc": runners} for market_id, runners in by_market.items()]

    def _runner(self, spot: Spot, bets: list[Bet], rows: set[Row]) -> dict[str, Any] | None:
        entry: dict[str, Any] = {"id": spot[1][0]}
        if spot[1][1]:
            entry["hc"] = number(spot[1][1])
        if bets:
            entry["uo"] = [unmatched_order(bet) for bet in bets]
        sizes = self._positions.sizes.get(spot, {})
        strategies: dict[str, dict[str, list[list[float]]]] = {}
        for row in sorted(rows, key=_row_order):
            strategy, side, price_centi = row
            cell = [number(price_centi), number(sizes[row])]
            if strategy is None:
                if self._has_positions:
                    entry.setdefault(_ARRAY[side], []).append(cell)
            elif self._by_strategy and (self._strategies is None or strategy in self._strategies):
                strategies.setdefault(strategy, {}).setdefault(_ARRAY[side], []).append(cell)
        if strategies:
            entry["smc"] = strategies
        if len(entry) == (2 if "hc" in entry else 1):
            return None
        if spot not in self._told:
            self._told.add(spot)
            entry["fullImage"] = True
        return entry


def _row_order(row: Row) -> tuple[str, str, int]:
    return row[0] or "", row[1], row[2]


def unmatched_order(bet: Bet) -> dict[str, Any]:
    """A bet as the stream tells it (`uo`). One for the starting price has a liability and no size
    until the prices are reconciled, and counts as complete."""
    is_open_or_gone = bet.is_executable or bet.cancelled_centi > 0
    is_waiting = bet.order_type != "LIMIT" and bet.sp_price_centi is None and is_open_or_gone
    order: dict[str, Any] = {
        "id": bet.bet_id,
        "p": number(bet.price_centi),
        "s": 0 if is_waiting else number(bet.size_centi),
    }
    if bet.order_type != "LIMIT":
        order["bsp"] = number(bet.liability_centi)
    order |= {
        "side": _SIDE[bet.side],
        "status": "E" if bet.is_executable and not is_waiting else "EC",
        "pt": _PERSISTENCE[bet.persistence],
        "ot": _ORDER_TYPE[bet.order_type],
        "pd": bet.placed_ms,
    }
    dates = (("md", bet.matched_ms), ("cd", bet.cancelled_ms), ("ld", bet.lapsed_ms))
    order |= {name: at_ms for name, at_ms in dates if at_ms is not None}
    if bet.lapse_reason is not None:
        order["lsrc"] = bet.lapse_reason
    if bet.matches:
        order["avp"] = round(bet.average_price, 8)
    order |= {
        "sm": number(bet.matched_centi),
        "sr": 0 if is_waiting else number(bet.remaining_centi),
        "sl": number(bet.lapsed_centi),
        "sc": 0 if is_waiting else number(bet.cancelled_centi),
        "sv": number(bet.voided_centi),
        "rac": "",
        "rc": REGULATOR,
        "rfo": bet.customer_order_ref or "",
        "rfs": bet.customer_strategy_ref or "",
    }
    return order
