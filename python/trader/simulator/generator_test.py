"""Generated races are the exchange's own format, repeatable, and never crossed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trader.betfair import ladder
from trader.betfair.book_builder import BookBuilder
from trader.simulator.generator import MARKET_ID, OFF_MS, Race, RaceCard, RaceShape
from trader.strategy.hotloop.reference import Hotloop

SHORT = RaceShape(pre_off_s=60.0, in_play_s=30.0)
EVENTFUL: Final = RaceShape(
    pre_off_s=60.0, in_play_s=30.0, non_runner=True, bsp=True, suspensions_in_play=2
)
SHAPES: Final = st.builds(
    RaceShape,
    runners=st.integers(3, 12),
    pre_off_s=st.floats(0.5, 30.0),
    in_play_s=st.floats(0.5, 10.0),
    messages_per_s=st.floats(1.0, 20.0),
    non_runner=st.booleans(),
    bsp=st.booleans(),
    suspensions_in_play=st.integers(0, 4),
)
SEEDS: Final = st.integers(0, 2**63 - 1)


def lines(seed: int = 7, shape: RaceShape = SHORT) -> list[bytes]:
    return list(Race(seed, shape).lines())


def messages(seed: int = 7, shape: RaceShape = SHORT) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines(seed, shape)]


def changes(seed: int, shape: RaceShape) -> Iterator[tuple[int, dict[str, Any]]]:
    for event in Race(seed, shape).events():
        for change in event.changes:
            yield event.pt_ms, change


def definitions(stream: list[dict[str, Any]]) -> list[dict[str, Any]]:
    entries = [mc for message in stream for mc in message.get("mc", ())]
    return [mc["marketDefinition"] for mc in entries if "marketDefinition" in mc]


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others() -> None:
    assert lines(3) == lines(3)
    assert lines(3) != lines(4)
    assert lines(3, EVENTFUL) == lines(3, EVENTFUL)


def test_another_process_gives_the_same_bytes() -> None:
    told = (
        "import hashlib; from trader.simulator.generator import Race, RaceShape;"
        f"shape = {EVENTFUL!r};"
        "print(hashlib.sha256(b'\\n'.join(Race(11, shape).lines())).hexdigest())"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "77"}
    done = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == hashlib.sha256(b"\n".join(lines(11, EVENTFUL))).hexdigest()


def test_what_befalls_a_race_leaves_the_order_flow_before_it_as_it_was() -> None:
    shape = RaceShape(pre_off_s=60.0, in_play_s=30.0, non_runner=True, suspensions_in_play=2)
    plain, eventful = list(changes(5, SHORT)), list(changes(5, shape))
    suspended = next(
        place
        for place, (_, change) in enumerate(eventful)
        if change.get("marketDefinition", {}).get("status") == "SUSPENDED"
    )
    assert suspended > 100
    assert eventful[1:suspended] == plain[1:suspended]


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


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"runners": 1}, "2 to 24 runners, not 1"),
        ({"runners": 25}, "2 to 24 runners, not 25"),
        ({"runners": 2, "non_runner": True}, "3 or more of them before, not 2"),
        ({"suspensions_in_play": 21}, "0 to 20 times, not 21"),
        ({"suspensions_in_play": -1}, "0 to 20 times, not -1"),
        ({"in_play_s": 0.0}, "in_play_s of a race is above 0, not 0.0"),
        ({"pre_off_s": float("nan")}, "pre_off_s of a race is above 0, not nan"),
        ({"messages_per_s": float("inf")}, "messages_per_s of a race is above 0, not inf"),
    ],
)
def test_a_race_that_cannot_be_is_refused(bad: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RaceShape(**bad)


def test_a_race_happens_once() -> None:
    race = Race(1, SHORT)
    race.events()
    with pytest.raises(RuntimeError, match="happens once"):
        race.lines()


def test_the_card_says_which_market_it_is() -> None:
    card = RaceCard("1.5", "77", 400, OFF_MS + 60_000, "Ashgrove", "7f Mdn Stks", first_name=23)
    race = Race(1, SHORT, card)
    market = race.catalogue()
    assert (race.market_id, market.market_name) == ("1.5", "7f Mdn Stks")
    assert (market.event_id, market.event_name) == ("77", "Ashgrove 14th Mar")
    assert market.market_start_time == "2026-03-14T15:01:00.000Z"
    assert list(race.names.items())[:2] == [(400, "Yarrow Water"), (401, "Amber Ridge")]
    assert [(r.selection_id, r.name) for r in market.runners] == list(race.names.items())
    assert race.off_ms - race.first_pt_ms == 60_000
    events = list(race.events())
    assert {change["id"] for event in events for change in event.changes} == {"1.5"}
    assert events[0].pt_ms == race.first_pt_ms


@pytest.mark.parametrize(
    ("day", "said"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (22, "22nd"), (30, "30th")]
)
def test_a_meeting_is_named_by_its_day(day: int, said: str) -> None:
    off_ms = OFF_MS + (day - 14) * 86_400_000
    assert RaceCard(off_ms=off_ms).event_name == f"Nowhere Park {said} Mar"


@settings(max_examples=30)
@given(seed=SEEDS, shape=SHAPES)
def test_whatever_befalls_it_a_market_is_one_that_the_exchange_could_have_had(
    seed: int, shape: RaceShape
) -> None:
    books: dict[tuple[int, str], dict[float, float]] = {}
    last_pt, version, volume = 0, 0, 0.0
    for pt_ms, change in changes(seed, shape):
        assert pt_ms >= last_pt
        last_pt = pt_ms
        if "marketDefinition" in change:
            assert change["marketDefinition"]["version"] > version
            version = change["marketDefinition"]["version"]
        if "tv" in change:
            assert change["tv"] >= volume
            volume = change["tv"]
        for entry in change.get("rc", ()):
            apply(books, entry)
        for (selection_id, name), bids in books.items():
            asks = books.get((selection_id, "atl"))
            assert name != "atb" or not bids or not asks or max(bids) < min(asks)
    left = [rows for (_, name), rows in books.items() if name != "trd" and rows]
    assert not left, "a closed market has no offers and no starting-price bets"


def apply(books: dict[tuple[int, str], dict[float, float]], entry: dict[str, Any]) -> None:
    for name in ("atb", "atl", "trd", "spb", "spl"):
        held = books.setdefault((entry["id"], name), {})
        for price, size in entry.get(name, ()):
            assert name != "trd" or size > held.get(price, 0.0), "traded volume only rises"
            held[price] = size
            if size == 0:
                del held[price]


@settings(max_examples=30)
@given(seed=SEEDS, shape=SHAPES)
def test_a_market_applies_without_error_and_ends_with_a_winner(seed: int, shape: RaceShape) -> None:
    builder = BookBuilder()
    for line in Race(seed, shape).lines():
        builder.apply_line(line)
    assert (builder.counts.errors, builder.counts.definitions_ignored) == (0, 0)
    market = builder.market(MARKET_ID)
    assert market is not None
    assert market.definition is not None
    assert market.definition.status == "CLOSED"
    statuses = sorted(str(runner.status) for runner in market.definition.runners)
    removed = ["REMOVED"] if shape.non_runner else []
    losers = ["LOSER"] * (shape.runners - 1 - len(removed))
    assert statuses == [*losers, *removed, "WINNER"]


def runners(book: Hotloop) -> list[Any]:
    market = book.market(MARKET_ID)
    assert market is not None
    return list(market["runners"])
