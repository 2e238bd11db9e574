"""Which markets the stream is asked for."""

from __future__ import annotations

from pathlib import Path

from trader.live.listings import ListedMarket
from trader.live.subscription import SUBSCRIBED_MAX, MarketSet
from trader.testing import QUOTED, Scene


def listed(*market_ids: str) -> list[ListedMarket]:
    return [ListedMarket(market_id, None) for market_id in market_ids]


def test_the_catalogue_is_subscribed_to_as_far_as_the_venue_lets() -> None:
    many = listed(*(f"1.{n}" for n in range(300)))
    markets = MarketSet((), many)
    assert markets.subscribed == tuple(f"1.{n}" for n in range(SUBSCRIBED_MAX))
    assert markets.body()["marketFilter"]["marketIds"] == list(markets.subscribed)


def test_what_a_run_before_is_in_comes_first() -> None:
    many = listed(*(f"1.{n}" for n in range(SUBSCRIBED_MAX)))
    markets = MarketSet((), many, ["1.900"])
    assert markets.subscribed[0] == "1.900"
    assert len(markets.subscribed) == SUBSCRIBED_MAX


def test_a_new_market_is_another_subscription_and_one_less_is_not(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    state = scene.session.engine.markets, scene.session.desk
    markets = MarketSet((), listed("1.1", "1.2"))
    assert markets.changed(*state) is None
    markets.listed(listed("1.2"))
    assert markets.changed(*state) is None
    markets.listed(listed("1.2", "1.3"))
    body = markets.changed(*state)
    assert body is not None
    assert body["marketFilter"] == {"marketIds": ["1.2", "1.3"]}
    assert markets.changed(*state) is None
    scene.blotter.close()


def test_what_we_are_in_stays_whatever_the_catalogue_says(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    state = scene.session.engine.markets, scene.session.desk
    scene.define(rc=QUOTED)
    markets = MarketSet((), listed("1.1"))
    markets.listed(listed("1.2"))
    assert markets.changed(*state) is not None
    kept = [markets.subscribed]
    scene.define("CLOSED", winner=1)
    markets.listed(listed("1.3"))
    assert markets.changed(*state) is not None
    kept.append(markets.subscribed)
    assert kept == [("1.1", "1.2"), ("1.3",)], "what is over is left with the next change"
    scene.blotter.close()


def test_named_markets_are_over_when_they_are_closed_and_paid(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    markets = MarketSet(("1.1",), listed("1.1"))

    def over() -> bool:
        return markets.are_over(scene.session.engine.markets, scene.session.results.unpaid())

    assert not over(), "it was not heard of"
    scene.define(rc=QUOTED)
    scene.change([{"id": 1, "atb": [[3.2, 99.0]], "atl": [[3.2, 0], [3.4, 50.0]]}])
    assert not over()
    scene.define("CLOSED", winner=1)
    assert scene.session.results.unpaid() == ["1.1"]
    assert not over()
    scene.session.engine.paid_out("1.1", 100, 0)
    assert over()
    assert scene.session.results.by_market["1.1"].kind == "venue"
    assert not MarketSet((), ()).are_over(scene.session.engine.markets, ())
    scene.blotter.close()
