"""What befalls a generated market is told as the exchange tells it: withdrawals, suspensions,
starting prices, the settlement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trader.betfair.book_builder import BookBuilder
from trader.simulator.generator import MARKET_ID, Race, RaceShape

EVENTFUL: Final = RaceShape(
    pre_off_s=60.0, in_play_s=30.0, non_runner=True, bsp=True, suspensions_in_play=2
)
SEEDS: Final = st.integers(0, 2**63 - 1)


def changes(seed: int, shape: RaceShape) -> Iterator[tuple[int, dict[str, Any]]]:
    for event in Race(seed, shape).events():
        for change in event.changes:
            yield event.pt_ms, change


def definitions(seed: int, shape: RaceShape) -> list[tuple[int, dict[str, Any]]]:
    return [
        (pt_ms, change["marketDefinition"])
        for pt_ms, change in changes(seed, shape)
        if "marketDefinition" in change
    ]


@settings(max_examples=20)
@given(
    seed=SEEDS,
    shape=st.builds(
        RaceShape,
        pre_off_s=st.just(20.0),
        non_runner=st.just(True),
        in_play_s=st.just(4.0),
        runners=st.integers(3, 12),
        bsp=st.booleans(),
    ),
)
def test_a_non_runner_is_removed_before_the_off_and_stays_so(seed: int, shape: RaceShape) -> None:
    gone: int | None = None
    told: list[str] = []
    before: dict[str, Any] = {}
    for pt_ms, change in changes(seed, shape):
        assert gone is None or all(entry["id"] != gone for entry in change.get("rc", ()))
        definition = change.get("marketDefinition")
        if definition is None:
            continue
        told.append(definition["status"])
        removed = {r["id"]: r for r in definition["runners"] if r["status"] == "REMOVED"}
        if gone is not None:
            assert set(removed) == {gone}
        elif removed:
            ((gone, runner),) = removed.items()
            check_removal(runner, change, before, pt_ms)
        before = definition
    assert gone is not None
    assert told[:4] == ["OPEN", "SUSPENDED", "SUSPENDED", "OPEN"]


def check_removal(
    runner: dict[str, Any], change: dict[str, Any], before: dict[str, Any], pt_ms: int
) -> None:
    definition = change["marketDefinition"]
    assert (definition["status"], definition["inPlay"]) == ("SUSPENDED", False)
    assert definition["numberOfActiveRunners"] == before["numberOfActiveRunners"] - 1
    assert 0 <= pt_ms - milliseconds(runner["removalDate"]) < 1000
    factors = {r["id"]: r["adjustmentFactor"] for r in definition["runners"]}
    assert 0 < factors[runner["id"]] < 50, "a longshot"
    others = sum(factors.values()) - factors[runner["id"]]
    assert others == pytest.approx(100, abs=0.01)
    cleared = {entry["id"]: entry for entry in change["rc"]}
    rows = cleared[runner["id"]].get("atb", []) + cleared[runner["id"]].get("atl", [])
    assert rows
    assert all(size == 0 for _, size in rows)


def milliseconds(told: str) -> int:
    return round(datetime.fromisoformat(told).timestamp() * 1000)


def test_the_others_are_shorter_after_a_withdrawal() -> None:
    builder = BookBuilder()
    before: dict[int, int] = {}
    for line in Race(3, EVENTFUL).lines():
        builder.apply_line(line)
        market = builder.markets[MARKET_ID]
        assert market.definition is not None
        statuses = {runner.key: runner.status for runner in market.definition.runners}
        best = {
            key[0]: offer[0]
            for key, book in market.runners.items()
            if (offer := book.best("BACK", "full")) is not None
        }
        if "REMOVED" not in statuses.values():
            before = best or before
        elif market.definition.status == "OPEN":
            (gone,) = [key[0] for key, status in statuses.items() if status == "REMOVED"]
            assert set(best) == set(before) - {gone}
            assert sum(1 / price for price in best.values()) == pytest.approx(
                sum(1 / price for price in before.values()), rel=0.1
            )
            return
    raise AssertionError("nobody was withdrawn")


def test_starting_prices_are_told_before_the_off_and_reconciled_at_it() -> None:
    stream = [change for _, change in changes(3, EVENTFUL)]
    told = [change["marketDefinition"] for change in stream if "marketDefinition" in change]
    assert all(definition["bspMarket"] for definition in told)
    off = next(d for d in told if d["bspReconciled"])
    assert (off["status"], off["inPlay"]) == ("SUSPENDED", False)
    for definition in told:
        has_bsp = {r["id"] for r in definition["runners"] if "bsp" in r}
        ran = {r["id"] for r in definition["runners"] if r["status"] != "REMOVED"}
        turned = definition["bspReconciled"] or definition["version"] == off["version"] - 1
        assert has_bsp == (ran if turned else set())
    bsp = {r["id"]: r["bsp"] for r in off["runners"] if "bsp" in r}
    assert sum(1 / price for price in bsp.values()) == pytest.approx(1.0, abs=0.05)
    before, after = (
        [entry for change in stream[part] for entry in change.get("rc", ())]
        for part in split_at(stream, off)
    )
    for key in ("spn", "spf", "spb", "spl"):
        assert sum(key in entry for entry in before) > 10
    rows = [row for entry in after for key in ("spb", "spl") for row in entry.get(key, ())]
    assert rows
    assert all(size == 0 or price in bsp.values() for price, size in rows)


def split_at(stream: list[dict[str, Any]], definition: dict[str, Any]) -> tuple[slice, slice]:
    place = next(n for n, c in enumerate(stream) if c.get("marketDefinition") is definition)
    return slice(place), slice(place, None)


def test_a_market_without_starting_prices_says_nothing_of_them() -> None:
    for line in Race(7, RaceShape(pre_off_s=60.0, in_play_s=30.0)).lines():
        assert not any(key in line for key in (b'"sp', b'"bsp"', b'"bspMarket":true'))


@pytest.mark.parametrize("count", [0, 1, 5])
def test_suspensions_in_play_clear_the_books_and_end(count: int) -> None:
    shape = RaceShape(pre_off_s=10.0, in_play_s=30.0, suspensions_in_play=count)
    told = [d for _, d in definitions(9, shape) if d["inPlay"]]
    assert [d["status"] for d in told] == [
        "OPEN",
        *["SUSPENDED", "OPEN"] * count,
        "SUSPENDED",
        "CLOSED",
    ]
    builder = BookBuilder()
    cleared = 0
    for line in Race(9, shape).lines():
        builder.apply_line(line)
        market = builder.markets[MARKET_ID]
        assert market.definition is not None
        offers = [b for b in market.runners.values() if b.prices["atb"] or b.prices["atl"]]
        cleared += market.definition.status == "SUSPENDED" and not offers
        assert offers or market.definition.status != "OPEN"
    assert cleared >= count + 2


def test_the_settlement_is_dated() -> None:
    *before, (closed_ms, settled) = definitions(7, EVENTFUL)
    assert 0 <= closed_ms - milliseconds(settled["settledTime"]) < 1000
    assert (settled["numberOfActiveRunners"], settled["status"]) == (0, "CLOSED")
    assert all("settledTime" not in definition for _, definition in before)
