"""Generated races are the exchange's own format, repeatable, and never crossed."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from trader.betfair import ladder
from trader.simulator.generator import MARKET_ID, OFF_MS, Race, RaceShape
from trader.strategy.hotloop.reference import Hotloop

SHORT = RaceShape(pre_off_s=60.0, in_play_s=30.0)


def lines(seed: int = 7, shape: RaceShape = SHORT) -> list[bytes]:
    return list(Race(seed, shape).lines())


def messages(seed: int = 7, shape: RaceShape = SHORT) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines(seed, shape)]


def definitions(stream: list[dict[str, Any]]) -> list[dict[str, Any]]:
    changes = [mc for message in stream for mc in message.get("mc", ())]
    return [mc["marketDefinition"] for mc in changes if "marketDefinition" in mc]


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others() -> None:
    assert lines(3) == lines(3)
    assert lines(3) != lines(4)


def test_the_usual_race_has_the_size_of_a_real_one() -> None:
    count = len(lines(7, RaceShape()))
    assert 8_000 <= count <= 15_000


def test_it_begins_with_an_image_and_time_never_goes_back() -> None:
    stream = messages()
    assert stream[0]["ct"] == "SUB_IMAGE"
    assert stream[0]["mc"][0]["img"] is True
    assert all(a["pt"] <= b["pt"] for a, b in pairwise(stream))
    assert len({message["clk"] for message in stream}) == len(stream)


def test_the_market_goes_through_its_whole_life() -> None:
    told = [(d["status"], d["inPlay"]) for d in definitions(messages())]
    assert told == [
        ("OPEN", False),
        ("SUSPENDED", False),
        ("OPEN", True),
        ("SUSPENDED", True),
        ("CLOSED", True),
    ]
    final = [runner["status"] for runner in definitions(messages())[-1]["runners"]]
    assert sorted(final) == ["LOSER"] * 7 + ["WINNER"]


@pytest.mark.parametrize("seed", [1, 7, 42])
def test_books_are_never_crossed_and_all_prices_are_on_the_ladder(seed: int) -> None:
    book = Hotloop()
    for line in lines(seed):
        for market_id, runner, handicap in book.apply_delta(line, 0):
            spread = book.spread_ticks(market_id, runner, handicap)
            assert spread is None or spread >= 1
            for side in ("BACK", "LAY"):
                for price, size in book.ladder_top(market_id, runner, side, None):
                    assert ladder.is_on_ladder(round(price * 100))
                    assert size > 0
    assert book.stats()["errors"] == 0


def test_traded_volume_only_rises_and_tv_is_its_sum() -> None:
    traded: dict[tuple[int, float], float] = {}
    for message in messages():
        for change in message.get("mc", ()):
            for entry in change.get("rc", ()):
                for price, size in entry.get("trd", ()):
                    key = (entry["id"], price)
                    assert size > traded.get(key, 0.0)
                    traded[key] = size
                if "tv" in entry:
                    total = sum(s for (runner, _), s in traded.items() if runner == entry["id"])
                    assert entry["tv"] == pytest.approx(total)


def test_the_market_trades_before_the_off_and_in_play() -> None:
    book = Hotloop()
    for line in lines():
        book.apply_delta(line, 0)
        if (book.last_pt_ms() or 0) < OFF_MS:
            before = {r["id"]: book.last_traded_ts_ms(MARKET_ID, r["id"]) for r in runners(book)}
    assert all(before.values())
    after = [book.last_traded_ts_ms(MARKET_ID, r["id"]) or 0 for r in runners(book)]
    assert max(after) > OFF_MS


def test_the_winner_ends_at_short_odds() -> None:
    race = Race(7, RaceShape())
    for _ in race.lines():
        pass
    assert max(race.probabilities()) > 0.9
    assert sum(race.probabilities()) == pytest.approx(1.0)


def test_a_race_needs_two_runners() -> None:
    with pytest.raises(ValueError, match="2 to 24 runners"):
        Race(1, RaceShape(runners=1))


def runners(book: Hotloop) -> list[Any]:
    market = book.market(MARKET_ID)
    assert market is not None
    return list(market["runners"])
