"""listMarketBook, listRunnerBook, listMarketProfitAndLoss: weights, matches, single runners."""

from __future__ import annotations

from typing import Any

import pytest

from trader.simulator.exchange.api.testing import BETTING, Client, limit
from trader.simulator.exchange.testing import (
    MARKET,
    QUOTES,
    change,
    defined,
    definition,
    event,
    offers,
    runner,
)

BEST = {"priceData": ["EX_BEST_OFFERS"]}


def deep(depth: int) -> dict[str, Any]:
    return BEST | {"exBestOffersOverrides": {"bestPricesDepth": depth}}


def data(*names: str) -> dict[str, Any]:
    return {"priceData": list(names)}


@pytest.mark.parametrize(
    ("projection", "most"),
    [
        (None, 100),
        (BEST, 40),
        (deep(6), 20),
        (deep(1), 120),
        (data("EX_ALL_OFFERS"), 11),
        (data("EX_TRADED"), 11),
        (data("EX_BEST_OFFERS", "EX_TRADED"), 10),
        (data("EX_ALL_OFFERS", "EX_TRADED"), 6),
        (data("EX_ALL_OFFERS", "EX_BEST_OFFERS"), 11),
        (data("SP_AVAILABLE", "SP_TRADED"), 20),
    ],
)
def test_the_weight_of_what_is_asked_for_bounds_the_markets(projection: Any, most: int) -> None:
    client = Client()

    def ask(count: int) -> Any:
        wanted = {"priceProjection": projection} if projection else {}
        return client.ask(BETTING, "listMarketBook", marketIds=["1.1"] * count, **wanted)

    assert ask(most)["result"] == []
    refused = ask(most + 1)["error"]["data"]["APINGException"]
    assert refused["errorCode"] == "TOO_MUCH_DATA"


def test_catalogue_and_profit_have_weights_as_well() -> None:
    client = Client()
    heavy = {
        "filter": {},
        "marketProjection": ["MARKET_DESCRIPTION", "RUNNER_METADATA", "RUNNER_DESCRIPTION"],
    }
    assert "result" in client.ask(BETTING, "listMarketCatalogue", maxResults=100, **heavy)
    assert "error" in client.ask(BETTING, "listMarketCatalogue", maxResults=101, **heavy)
    assert "result" in client.ask(BETTING, "listMarketCatalogue", filter={}, maxResults=1_000)
    assert "result" in client.ask(BETTING, "listMarketProfitAndLoss", marketIds=["1.1"] * 50)
    assert "error" in client.ask(BETTING, "listMarketProfitAndLoss", marketIds=["1.1"] * 51)


def test_closed_markets_are_left_out_where_others_are_asked_for() -> None:
    over = "1.100000002"
    closed = definition([runner(101, "WINNER")], status="CLOSED")
    client = Client(
        event(
            0,
            change(QUOTES, definition(), image=True),
            change([], closed, market_id=over, image=True),
        )
    )

    def listed(*ids: str) -> list[str]:
        return [book["marketId"] for book in client.call("listMarketBook", marketIds=list(ids))]

    assert listed(over, MARKET) == [MARKET]
    assert listed(over) == [over]


def test_one_runner_can_be_asked_for() -> None:
    client = Client()
    wanted: dict[str, Any] = {"marketId": MARKET, "selectionId": "102", "priceProjection": BEST}
    (book,) = client.call("listRunnerBook", **wanted)
    assert book["numberOfRunners"] == 4
    (shown,) = book["runners"]
    assert (shown["selectionId"], shown["ex"]["availableToBack"]) == (
        102,
        [{"price": 4, "size": 100}],
    )
    assert client.call("listRunnerBook", **wanted | {"selectionId": 999}) == []
    assert client.call("listRunnerBook", **wanted | {"handicap": 1.5}) == []
    assert client.call("listRunnerBook", **wanted | {"marketId": "1.7"}) == []


def test_matches_come_raw_or_rolled_up() -> None:
    rc = [offers(101, back=[[3.0, 10], [2.98, 10]], lay=[[3.2, 100]])]
    client = Client(defined(0, image=True, rc=rc))
    (taken,) = client.place(limit(2.98, 15), customerStrategyRef="s")["instructionReports"]
    client.place(limit(3.2, 4, side="LAY"))

    def matches(projection: str, **more: Any) -> Any:
        wanted = {"marketIds": [MARKET], "matchProjection": projection, **more}
        (book,) = client.call("listMarketBook", **wanted)
        return book["runners"][0]["matches"]

    raw = matches("NO_ROLLUP")
    assert [(one["betId"], one["price"], one["size"]) for one in raw[:2]] == [
        (taken["betId"], 3, 10),
        (taken["betId"], 2.98, 5),
    ]
    assert len({one["matchId"] for one in raw}) == 3
    assert matches("ROLLED_UP_BY_PRICE", customerStrategyRefs=["s"]) == [
        {"side": "BACK", "price": 3.0, "size": 10},
        {"side": "BACK", "price": 2.98, "size": 5},
    ]
    back, lay = matches("ROLLED_UP_BY_AVG_PRICE")
    assert back == {"side": "BACK", "price": pytest.approx(2.99333333), "size": 15}
    assert lay == {"side": "LAY", "price": 3.2, "size": 4}
    assert matches("NO_ROLLUP", betIds=["1"]) == []


def test_the_starting_price_is_told_once_it_is_known() -> None:
    ready = [runner(101, bsp=3.25), 102]
    client = Client(
        defined(0, [101, 102], image=True, rc=QUOTES),
        defined(1_000, ready, version=2, bspReconciled=True),
    )

    def starting() -> Any:
        (book,) = client.call(
            "listMarketBook", marketIds=[MARKET], priceProjection=data("SP_AVAILABLE")
        )
        return book["runners"][0]["sp"]

    assert "actualSP" not in starting()
    client.scene.to(1_000)
    assert starting()["actualSP"] == 3.25


def test_markets_are_sorted_by_what_they_offer() -> None:
    more = "1.100000002"
    rich = [offers(101, back=[[3.0, 5_000]])]
    client = Client(
        event(
            0,
            change(QUOTES, definition(), image=True),
            change(rich, definition(), market_id=more, image=True),
        )
    )

    def sorted_by(sort: str) -> list[str]:
        listed = client.call("listMarketCatalogue", filter={}, maxResults=9, sort=sort)
        return [market["marketId"] for market in listed]

    assert sorted_by("MAXIMUM_AVAILABLE") == [more, MARKET]
    assert sorted_by("MINIMUM_AVAILABLE") == [MARKET, more]
