"""What markets look like: listMarketBook, listRunnerBook, listMarketProfitAndLoss.

The venue limits what one request may ask for: each kind of data has a weight, and the weights of
all its markets come to 200 at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trader.betfair.messages import RunnerKey
from trader.simulator.exchange.api.call import Answer, Call
from trader.simulator.exchange.api.dates import date_of
from trader.simulator.exchange.api.errors import ApiError
from trader.simulator.exchange.api.listing_orders import current_order
from trader.simulator.exchange.api.parameters import (
    ListMarketBook,
    ListProfitAndLoss,
    ListRunnerBook,
    PriceProjection,
)
from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.display import RunnerDisplay
from trader.simulator.exchange.exposure import runner_outcomes_e4
from trader.simulator.exchange.market import ExchangeMarket
from trader.simulator.exchange.stream.market_view import best_levels, number

WEIGHT_MAX: Final = 200
NO_PRICES_WEIGHT: Final = 2
PROFIT_WEIGHT: Final = 4
SP_WEIGHTS: Final = {"SP_AVAILABLE": 3, "SP_TRADED": 7}
OFFERS_WEIGHTS: Final = {"EX_BEST_OFFERS": 5, "EX_ALL_OFFERS": 17}
TRADED_WEIGHT: Final = 17
TRADED_WITH_OFFERS_WEIGHT: Final = 15
"""What traded volume adds to offers: together they weigh less than each by itself."""
DEPTH_DEFAULT: Final = 3
DEPTH_MAX: Final = 10
_NOT_OF_AN_ORDER: Final = (
    "marketId",
    "selectionId",
    "handicap",
    "priceSize",
    "regulatorCode",
    "averagePriceMatched",
    "matchedDate",
)


def check_weight(weight: float, markets: int) -> None:
    """Raises `ApiError` where so much of so many markets is too much for one request."""
    if weight * markets > WEIGHT_MAX:
        raise ApiError(
            "TOO_MUCH_DATA", f"{markets} markets of weight {weight:g}: {WEIGHT_MAX} in all at most"
        )


def list_market_book(call: Call, wanted: ListMarketBook, answer: Answer) -> None:
    """Answers with MarketBook entries; unknown markets are left out, and closed ones where others
    are asked for with them."""
    check_weight(_weight(wanted.priceProjection), len(wanted.marketIds))
    held = call.venue.markets
    markets = [held[market_id] for market_id in wanted.marketIds if market_id in held]
    going = [market for market in markets if market.status != "CLOSED"]
    shown = _Shown.of(call, wanted)
    answer([_book(market, market.definition.runners, shown) for market in going or markets])


def list_runner_book(call: Call, wanted: ListRunnerBook, answer: Answer) -> None:
    """Answers with one MarketBook of one runner; with none for a market or runner unknown."""
    check_weight(_weight(wanted.priceProjection), 1)
    market = call.venue.markets.get(wanted.marketId)
    handicap = wanted.handicap or 0.0
    runners = [
        runner
        for runner in (market.definition.runners if market is not None else ())
        if (runner.key[0], runner.key[1] / 100) == (wanted.selectionId, handicap)
    ]
    if market is None or not runners:
        answer([])
    else:
        answer([_book(market, runners, _Shown.of(call, wanted))])


def _weight(projection: PriceProjection | None) -> float:
    """What one market weighs."""
    data = set(projection.priceData or ()) if projection is not None else set()
    if not data:
        return NO_PRICES_WEIGHT
    weight: float = sum(SP_WEIGHTS.get(name, 0) for name in data)
    offers = max((OFFERS_WEIGHTS.get(name, 0) for name in data), default=0)
    if "EX_TRADED" in data:
        weight += TRADED_WITH_OFFERS_WEIGHT if offers else TRADED_WEIGHT
    if "EX_ALL_OFFERS" not in data:
        return weight + offers * _depth(projection) / DEPTH_DEFAULT
    return weight + offers


def _depth(projection: PriceProjection | None) -> int:
    overrides = projection.exBestOffersOverrides if projection is not None else None
    depth = (overrides.bestPricesDepth if overrides is not None else None) or DEPTH_DEFAULT
    if depth < 0:
        raise ApiError("INVALID_INPUT_DATA", "bestPricesDepth is not below 0")
    return min(depth, DEPTH_MAX)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What of markets a request asks for."""

    data: frozenset[str]
    depth: int
    order_projection: str | None
    match_projection: str | None
    is_meant: Callable[[Bet], bool]
    """Whether a bet is one of the account's that orders and matches are asked of."""

    @staticmethod
    def of(call: Call, wanted: ListMarketBook | ListRunnerBook) -> _Shown:
        account_id = call.account.account_id
        ids = frozenset(str(bet_id) for bet_id in wanted.betIds or ())
        strategies = frozenset(wanted.customerStrategyRefs or ())

        def is_meant(bet: Bet) -> bool:
            return (
                bet.account_id == account_id
                and (not ids or bet.bet_id in ids)
                and (not strategies or (bet.customer_strategy_ref or "") in strategies)
            )

        projection = wanted.priceProjection
        return _Shown(
            frozenset(projection.priceData or ()) if projection is not None else frozenset(),
            _depth(projection),
            wanted.orderProjection,
            wanted.matchProjection,
            is_meant,
        )


def _book(market: ExchangeMarket, runners: Iterable[Any], shown: _Shown) -> dict[str, Any]:
    raw = market.raw_definition or {}
    definition = market.definition
    bets: dict[RunnerKey, list[Bet]] = {}
    if shown.order_projection is not None or shown.match_projection is not None:
        for bet in market.bets.values():
            if shown.is_meant(bet):
                bets.setdefault(bet.runner, []).append(bet)
    active = sum(1 for runner in definition.runners if runner.status == "ACTIVE")
    return {
        "marketId": market.market_id,
        "isMarketDataDelayed": False,
        "status": market.status,
        "betDelay": definition.bet_delay_s,
        "bspReconciled": definition.bsp_reconciled,
        "complete": raw.get("complete", True),
        "inplay": definition.in_play,
        "numberOfWinners": definition.number_of_winners or 0,
        "numberOfRunners": len(definition.runners),
        "numberOfActiveRunners": active,
        "totalMatched": number(market.total_traded()),
        "totalAvailable": number(available(market)),
        "crossMatching": raw.get("crossMatching", False),
        "runnersVoidable": raw.get("runnersVoidable", False),
        "version": market.version,
        "runners": [_runner(market, one.key, bets.get(one.key, ()), shown) for one in runners],
    }


def available(market: ExchangeMarket) -> int:
    """All that is offered on a market, in hundredths."""
    return sum(
        size
        for display in market.runners.values()
        for array in ("atb", "atl")
        for _, size in display.ladder(array)
    )


def _runner(
    market: ExchangeMarket, key: RunnerKey, bets: Sequence[Bet], shown: _Shown
) -> dict[str, Any]:
    display = market.runner(key)
    runner = market.runner_definition(key)
    entry: dict[str, Any] = {
        "selectionId": key[0],
        "handicap": key[1] / 100,
        "status": runner.status if runner is not None else "ACTIVE",
        "totalMatched": number(display.total_traded()),
    }
    if runner is not None and runner.adjustment_factor is not None:
        entry["adjustmentFactor"] = runner.adjustment_factor
    if "ltp" in display.values:
        entry["lastPriceTraded"] = display.values["ltp"]
    ex = _prices(display, shown)
    if ex:
        entry["ex"] = ex
    if not shown.data.isdisjoint(SP_WEIGHTS):
        entry["sp"] = _starting(market, display)
    if shown.order_projection is not None:
        entry["orders"] = _orders(bets, shown.order_projection)
    if shown.match_projection is not None:
        entry["matches"] = _matches(bets, shown.match_projection)
    return entry


def _prices(display: RunnerDisplay, shown: _Shown) -> dict[str, Any]:
    data = shown.data
    if data.isdisjoint(("EX_BEST_OFFERS", "EX_ALL_OFFERS", "EX_TRADED")):
        return {}
    ex: dict[str, Any] = {"availableToBack": [], "availableToLay": [], "tradedVolume": []}
    if not data.isdisjoint(OFFERS_WEIGHTS):
        for array, name in (("atb", "availableToBack"), ("atl", "availableToLay")):
            rows = display.ladder(array)
            if "EX_ALL_OFFERS" not in data:
                rows = best_levels(rows, shown.depth)
            ex[name] = _rows(rows)
    if "EX_TRADED" in data:
        ex["tradedVolume"] = _rows(display.traded_ladder())
    return ex


def _rows(rows: Iterable[tuple[int, int]]) -> list[dict[str, float]]:
    return [{"price": number(price), "size": number(size)} for price, size in rows]


def _starting(market: ExchangeMarket, display: RunnerDisplay) -> dict[str, Any]:
    def rows(array: str) -> list[dict[str, float]]:
        return [{"price": p, "size": s} for p, s in sorted(display.sp[array].items())]

    starting: dict[str, Any] = {
        "nearPrice": display.values.get("spn", "NaN"),
        "farPrice": display.values.get("spf", "NaN"),
        "backStakeTaken": rows("spb"),
        "layLiabilityTaken": rows("spl"),
    }
    for runner in (market.raw_definition or {}).get("runners") or ():
        key = (int(runner["id"]), round(float(runner.get("hc") or 0) * 100))
        if key == display.key and "bsp" in runner:
            starting["actualSP"] = runner["bsp"]
    return starting


# --- the account's own ---------------------------------------------------------------------------


def _orders(bets: Iterable[Bet], projection: str) -> list[dict[str, Any]]:
    return [
        _order(bet)
        for bet in bets
        if projection == "ALL" or bet.is_executable is (projection == "EXECUTABLE")
    ]


def _order(bet: Bet) -> dict[str, Any]:
    told = current_order(bet)
    order = {name: value for name, value in told.items() if name not in _NOT_OF_AN_ORDER}
    return order | {
        "price": number(bet.price_centi),
        "size": number(bet.size_centi),
        "avgPriceMatched": told["averagePriceMatched"],
    }


def _matches(bets: Iterable[Bet], projection: str) -> list[dict[str, Any]]:
    """What is matched: each match by itself, or those of a side at one price together, or all of
    a side at their average price."""
    if projection == "NO_ROLLUP":
        return [
            _match(bet.side, match.price_centi / 100, match.size_centi)
            | {
                "betId": bet.bet_id,
                "matchId": f"{bet.bet_id}-{index}",
                "matchDate": date_of(match.at_ms),
            }
            for bet in bets
            for index, match in enumerate(bet.matches, 1)
        ]
    is_by_price = projection == "ROLLED_UP_BY_PRICE"
    sums: dict[tuple[str, int], tuple[int, int]] = {}
    for bet in bets:
        for match in bet.matches:
            key = (bet.side, match.price_centi if is_by_price else 0)
            size_centi, value_e4 = sums.get(key, (0, 0))
            value_e4 += match.size_centi * match.price_centi
            sums[key] = (size_centi + match.size_centi, value_e4)
    return [
        _match(side, round(value_e4 / size_centi / 100, 8), size_centi)
        for (side, _), (size_centi, value_e4) in sums.items()
    ]


def _match(side: str, price: float, size_centi: int) -> dict[str, Any]:
    return {"side": side, "price": price, "size": number(size_centi)}


def list_market_profit_and_loss(call: Call, wanted: ListProfitAndLoss, answer: Answer) -> None:
    """Answers with MarketProfitAndLoss entries of what is matched."""
    check_weight(PROFIT_WEIGHT, len(wanted.marketIds))
    account_id = call.account.account_id
    entries = []
    for market_id in wanted.marketIds:
        if market_id not in call.venue.markets:
            continue
        outcomes = runner_outcomes_e4(call.venue, account_id, market_id)
        entries.append(
            {
                "marketId": market_id,
                "profitAndLosses": [
                    {"selectionId": key[0], "ifWin": number(round(e4 / 100))}
                    for key, e4 in outcomes.items()
                ],
            }
        )
    answer(entries)
