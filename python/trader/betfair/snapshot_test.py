"""`BookBuilder.snapshot`: what `apply_snapshot` makes of it is the market it was taken of."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.betfair.book_builder import BookBuilder
from trader.betfair.books import MarketBook
from trader.betfair.testing import M, built, change, definition, mcm, rc

prices = st.sampled_from([0, 1.01, 1.5, 2.02, 2.03, 7.77, 1000])
sizes = st.sampled_from([0, 0.01, 2, 8.88, 123456789.12, 1e12])
price_rows = st.lists(st.tuples(prices, sizes).map(list), max_size=4)
level_rows = st.lists(st.tuples(st.integers(0, 3), prices, sizes).map(list), max_size=4)
entries = st.fixed_dictionaries(
    {"id": st.integers(1, 3)},
    optional={
        "hc": st.sampled_from([0, 0.25, -1.5]),
        **dict.fromkeys(("atb", "atl", "trd"), price_rows),
        **dict.fromkeys(("batb", "batl", "bdatb", "bdatl"), level_rows),
        "ltp": prices,
    },
)
runner_definitions = st.fixed_dictionaries(
    {"id": st.integers(1, 4)},
    optional={
        "hc": st.sampled_from([0, 0.25]),
        "status": st.sampled_from(["ACTIVE", "REMOVED"]),
        "sortPriority": st.integers(1, 9),
        "adjustmentFactor": st.sampled_from([12.5, 3]),
    },
)
lines = {"lineMinUnit": 0.5, "lineMaxUnit": 20.5, "lineInterval": 0.5}
definitions = st.fixed_dictionaries(
    {"runners": st.lists(runner_definitions, max_size=4)},
    optional={
        "status": st.sampled_from(["OPEN", "SUSPENDED", "CLOSED"]),
        "inPlay": st.booleans(),
        "version": st.integers(0, 9),
        "betDelay": st.integers(0, 9),
        "bspReconciled": st.booleans(),
        "marketTime": st.just("2025-01-01T12:00:00.000Z"),
        "eventTypeId": st.just("7"),
        "marketType": st.just("WIN"),
        "turnInPlayEnabled": st.booleans(),
        "persistenceEnabled": st.booleans(),
        "numberOfWinners": st.integers(1, 3),
        "marketBaseRate": st.sampled_from([5, 6.5]),
        "priceLadderDefinition": st.sampled_from(["CLASSIC", "FINEST", "LINE_RANGE"]).map(
            lambda name: {"type": name}
        ),
    },
).flatmap(lambda d: st.sampled_from([d, {**d, **lines}]))
changes = st.fixed_dictionaries(
    {"id": st.just(M), "rc": st.lists(entries, max_size=4)},
    optional={"img": st.booleans(), "marketDefinition": definitions},
)
messages = st.lists(changes, min_size=1, max_size=3).map(lambda c: mcm(*c))


def shown(market: MarketBook) -> dict[str, Any]:
    """Everything a snapshot is to bring back."""
    return {
        "definition": market.definition,
        "runners": {
            key: (runner.prices, runner.levels, runner.ltp_centi)
            for key, runner in market.runners.items()
        },
        "depth": market.depth if market.runners else None,
    }


@given(st.lists(messages, min_size=1, max_size=4))
def test_a_snapshot_brings_back_books_definition_and_last_prices(
    stream: list[dict[str, Any]],
) -> None:
    taken = built(*stream, signal_settings=None)
    again = BookBuilder()
    again.apply_snapshot(M, json.loads(json.dumps(taken.snapshot(M))))
    assert shown(again.markets[M]) == shown(taken.markets[M])


@given(st.lists(messages, min_size=1, max_size=3), st.lists(messages, min_size=1, max_size=2))
def test_a_snapshot_mends_a_stale_market(
    stream: list[dict[str, Any]], lost_from: list[dict[str, Any]]
) -> None:
    taken = built(*stream, signal_settings=None)
    stale = built(*lost_from, signal_settings=None)
    stale.lost(None)
    stale.apply_snapshot(M, taken.snapshot(M))
    mended, true = shown(stale.markets[M]), shown(taken.markets[M])
    if taken.markets[M].definition is None:  # an image keeps the definition there was
        assert mended["runners"].items() >= true["runners"].items()
    else:
        assert (mended["definition"], mended["runners"]) == (true["definition"], true["runners"])
    assert stale.stale_markets() == []


def test_a_snapshot_has_the_shape_of_an_entry_and_leaves_out_what_is_empty() -> None:
    taken = built(
        mcm(
            change(
                rc(7, hc=0.5, atb=[[1.5, 2.25]], trd=[[1.6, 9]], batl=[[0, 1.7, 3]], ltp=1.6),
                rc(8),
                marketDefinition=definition("OPEN", 8, 9, version=3),
            )
        )
    )
    snapshot = taken.snapshot(M)
    assert (snapshot["id"], snapshot["img"]) == (M, True)
    assert snapshot["marketDefinition"]["version"] == 3
    assert "marketTime" not in snapshot["marketDefinition"]
    assert snapshot["rc"] == [
        {
            "id": 7, "hc": 0.5, "atb": [[1.5, 2.25]], "trd": [[1.6, 9.0]],
            "batl": [[0, 1.7, 3.0]], "ltp": 1.6, "atl": [[0, 0]],
        }
    ]  # fmt: skip


def test_the_depth_shown_once_is_told_though_there_are_no_rows_of_it_now() -> None:
    taken = built(
        mcm(change(rc(atb=[[1.5, 2]], batb=[[0, 1.5, 2]]))), mcm(change(rc(atb=[[1.5, 0]])))
    )
    again = BookBuilder()
    again.apply_snapshot(M, taken.snapshot(M))
    assert again.markets[M].depth == "full"


def test_there_is_no_snapshot_of_a_market_that_is_not_held() -> None:
    with pytest.raises(KeyError):
        BookBuilder().snapshot(M)
