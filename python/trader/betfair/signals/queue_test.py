"""docs/signals.md, "Queue positions": the numbered steps, and the models of what cancels."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.betfair.signals.queue import Position, Sight, advance, share_behind
from trader.betfair.signals.settings import QUEUE_MODELS, QueueModel, SignalSettings


def position(ahead: float, visible: int, **fields: Any) -> Position:
    plain = {
        "order_id": "o", "market_id": "1.1", "key": (7, 0), "side": "BACK", "price_centi": 200,
        "own_centi": 0, "depth": "full", "seen": True, "frozen": False,
    }  # fmt: skip
    return Position(ahead_centi=ahead, visible_centi=visible, **{**plain, **fields})


def seen(visible: int | None, **fields: Any) -> Sight:
    plain = {"is_open": True, "depth": "full", "upset": False}
    return Sight(visible_centi=visible, **{**plain, **fields})


def after(start: Position, sight: Sight, matched: int = 0, **settings: Any) -> tuple[float, int]:
    """(f, prev) after one message."""
    advance(start, sight, matched, SignalSettings(**settings))
    return start.ahead_centi, start.visible_centi


def test_step_1_trades_come_from_the_front() -> None:
    assert after(position(300, 1_000), seen(800), 200) == (100, 800)
    assert after(position(300, 1_000), seen(600), 400) == (0, 600)


def test_step_2_a_market_that_is_not_open_freezes_the_position() -> None:
    start = position(300, 1_000)
    assert after(start, seen(0, is_open=False), 100) == (200, 900)  # a trade still counts
    assert after(start, seen(None)) == (200, 900)  # the first in which it is in view counts
    assert after(start, seen(100)) == (100, 100)  # step 5: only capped
    assert after(start, seen(50), queue_model="risk_averse") == (50, 50)


def test_step_3_a_price_out_of_view_is_held_and_trades_still_advance_it() -> None:
    start = position(300, 1_000, depth="best")
    assert after(start, seen(None, depth="best"), 100) == (200, 900)
    assert after(start, seen(900, depth="best")) == (200, 900)


def test_step_4_what_was_never_in_view_starts_at_its_tail() -> None:
    start = position(0, 0, seen=False, depth="best")
    assert after(start, seen(None, depth="best")) == (0, 0)
    assert after(start, seen(500, depth="best")) == (500, 500)
    assert after(start, seen(900, depth="best")) == (500, 900)


@pytest.mark.parametrize(
    ("start", "sight"),
    [
        ({}, {"upset": True}),
        ({"frozen": True}, {}),
        ({"depth": "best"}, {}),
    ],
)
def test_step_5_what_does_not_compare_is_only_capped(
    start: dict[str, Any], sight: dict[str, Any]
) -> None:
    assert after(position(300, 1_000, **start), seen(400, **sight)) == (300, 400)
    assert after(position(300, 1_000, **start), seen(100, **sight)) == (100, 100)
    assert after(position(300, 1_000, **start), seen(9_000, **sight)) == (300, 9_000)


def test_step_6_growth_is_behind_us() -> None:
    assert after(position(300, 1_000), seen(2_000)) == (300, 2_000)


@pytest.mark.parametrize(
    ("model", "ahead"),
    [
        # f = 300, b = 700, c = 200; of it p comes from behind and 1 - p from ahead.
        ("risk_averse", 300.0),
        ("prob_power", 300 - 200 * (1 - 0.49 / 0.58)),  # 7²/(7² + 3²)
        ("prob_log", 300 - 200 * (1 - math.log(8) / (math.log(8) + math.log(4)))),
    ],
)
def test_step_6_a_cancel_is_split_by_the_model(model: QueueModel, ahead: float) -> None:
    f, prev = after(position(300, 1_000), seen(800), queue_model=model)
    assert f == pytest.approx(ahead)
    assert prev == 800


def test_step_6_no_more_than_what_is_behind_comes_from_there() -> None:
    # b = 100, c = 500: 400 at least were ahead, and that leaves 500 of 500 visible.
    assert after(position(900, 1_000), seen(500), queue_model="risk_averse") == (500, 500)
    assert after(position(1_000, 1_000), seen(400)) == (400, 400)  # b = 0: all were ahead


def test_step_6_trades_are_taken_off_before_what_is_left_is_a_cancel() -> None:
    # 200 matched and 100 cancelled: f = 300 - 200, prev = 800, c = 100, b = 700.
    f, _ = after(position(300, 1_000), seen(700), 200)
    assert f == pytest.approx(100 - 100 * (1 - 49 / 50))


def test_what_is_visible_caps_what_is_ahead() -> None:
    # Set by hand to more than there is: the next message knows better.
    assert after(position(2_000, 1_000), seen(1_000)) == (1_000, 1_000)
    assert after(position(2_000, 1_000), seen(900)) == (900, 900)


def test_the_share_from_behind_is_none_without_a_behind_and_all_without_an_ahead() -> None:
    for model in QUEUE_MODELS:
        settings = SignalSettings(queue_model=model)
        assert share_behind(100.0, 0.0, settings) == 0.0
        assert share_behind(0.0, 100.0, settings) == 1.0
        assert after(position(0, 1_000), seen(0), queue_model=model) == (0, 0)


sizes = st.integers(0, 5_000)
sights = st.builds(
    Sight,
    is_open=st.sampled_from([True, True, True, False]),
    depth=st.sampled_from(["full", "full", "best"]),
    visible_centi=st.one_of(st.none(), sizes),
    upset=st.sampled_from([False, False, False, True]),
)
settings_of_a_model = st.builds(
    SignalSettings,
    queue_model=st.sampled_from(QUEUE_MODELS),
    queue_power_n=st.floats(0.01, 8),
)


@given(sizes, sizes, settings_of_a_model, st.lists(st.tuples(sights, sizes), max_size=12))
def test_a_position_never_grows_and_stays_within_what_is_visible(
    ahead: int, visible: int, settings: SignalSettings, messages: list[tuple[Sight, int]]
) -> None:
    start = position(min(ahead, visible), visible)
    for sight, matched in messages:
        before = start.ahead_centi
        advance(start, sight, matched, settings)
        assert 0 <= start.ahead_centi <= before
        if sight.is_open and sight.visible_centi is not None:
            assert start.ahead_centi <= sight.visible_centi == start.visible_centi


@given(sizes, sizes, sizes, sizes, settings_of_a_model)
def test_nothing_comes_from_an_empty_place(
    f: int, b: int, cancelled: int, matched: int, settings: SignalSettings
) -> None:
    """What is taken from ahead and from behind is what was cancelled, and neither is negative."""
    start = position(f, f + b)
    left = max(0, f + b - matched)
    cancelled = min(cancelled, left)
    advance(start, seen(left - cancelled), matched, settings)
    ahead_before = max(0, f - matched)
    taken_ahead = ahead_before - start.ahead_centi
    taken_behind = cancelled - taken_ahead
    assert taken_ahead >= -1e-9
    assert -1e-6 <= taken_behind <= max(0, left - ahead_before) + 1e-6
