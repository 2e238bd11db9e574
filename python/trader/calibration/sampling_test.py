"""Which orders join, and when; and a market whose answer is known."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from trader.calibration.following import Outcome
from trader.calibration.judging import Judge, blocks_of, pooled
from trader.calibration.sampling import Joining, Plan, Sampler
from trader.calibration.testing import RUNNER, START_MS, definition, line, poisson_market
from trader.config.loading import load
from trader.strategy.hotloop.config import read_config
from trader.strategy.hotloop.reference import Hotloop


def sampled(
    lines: Iterable[bytes], *, every_ms: int = 1000, **block: Any
) -> tuple[Sampler[Joining], list[tuple[Joining, Outcome]]]:
    """The sampler after these lines, and its orders with what became of them."""
    found: list[tuple[Joining, Outcome]] = []
    sampler: Sampler[Joining] = Sampler(
        Hotloop(block),
        read_config(block),
        Plan(every_ms, 30_000),
        lambda order: order,
        lambda order, outcome: found.append((order, outcome)),
    )
    for raw in lines:
        sampler.line(raw)
    sampler.end()
    return sampler, found


def opened(lay: float = 2.06, status: str = "OPEN") -> bytes:
    rows = {"id": 7, "atb": [[2.0, 50]], "atl": [[lay, 40]], "trd": [[2.02, 2]]}
    return line(START_MS, img=True, marketDefinition=definition(status), rc=[rows])


def touched(*times_ms: int) -> list[bytes]:
    return [line(START_MS + ms, rc=[{"id": 7, "atb": [[1.99, 1 + ms % 97]]}]) for ms in times_ms]


def test_at_an_instant_orders_join_on_both_sides_at_and_around_the_best_prices() -> None:
    _, found = sampled([opened(), *touched(5000)])
    orders = [order for order, _ in found]
    backs = {o.price_centi: o.ticks_behind for o in orders if o.side == "BACK"}
    lays = {o.price_centi: o.ticks_behind for o in orders if o.side == "LAY"}
    assert backs == {206: 0, 208: 1, 210: 2, 204: -1}
    assert lays == {200: 0, 199: 1, 198: 2, 202: -1}
    assert {order.runner for order in orders} == {RUNNER}


def test_where_the_spread_has_no_room_none_joins_before_the_best() -> None:
    _, found = sampled([opened(lay=2.02), *touched(5000)])
    assert {order.ticks_behind for order, _ in found} == {0, 1, 2}


def test_instants_keep_their_distance_and_begin_when_the_runner_was_observed() -> None:
    sampler, found = sampled([opened(), *touched(4999, 5000, 5999, 6000, 7500)])
    assert sampler.orders == len(found) == 3 * 8
    sizes = [
        order.size_centi for order, _ in found if (order.side, order.ticks_behind) == ("BACK", 0)
    ]
    assert sorted(sizes) == [200, 1000, 5000], "in turn"


def test_after_the_turn_in_play_a_runner_is_observed_anew() -> None:
    turn = line(START_MS + 5500, marketDefinition=definition(in_play=True))
    sampler, _ = sampled([opened(), *touched(5000), turn, *touched(9000, 10_499, 10_500)])
    assert sampler.orders == 2 * 8


def test_suspended_markets_and_removed_runners_take_no_orders() -> None:
    assert sampled([opened(status="SUSPENDED"), *touched(6000)])[0].orders == 0
    removed = line(START_MS + 100, marketDefinition=definition(runner="REMOVED"))
    assert sampled([opened(), removed, *touched(6000)])[0].orders == 0


def test_a_lost_line_ends_what_can_be_known_until_an_image() -> None:
    lines = [opened(), *touched(5000, 5500), b"{", *touched(8000), opened()]
    sampler, found = sampled(lines)
    assert sampler.lines_refused == 1
    assert sampler.orders == 8, "stale: none joins at 8 s"
    assert {outcome for _, outcome in found} == {Outcome(None, 500)}


def test_orders_of_a_recording_that_ends_are_known_until_its_end() -> None:
    _, found = sampled([opened(), *touched(5000, 5700)])
    assert {outcome for _, outcome in found} == {Outcome(None, 700)}


# --- a market with a known answer -----------------------------------------------------------------

TRADES_PER_S, QUEUE, TRADE = 0.3, 4.0, 2.0


def erlang(work: float, horizon_s: float) -> float:
    """P(at least ceil(work / TRADE) trades within the horizon)."""
    trades, mean = math.ceil(work / TRADE), TRADES_PER_S * horizon_s
    return 1 - sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(trades))


def test_in_a_market_of_poisson_trades_orders_are_filled_as_often_as_erlang_says() -> None:
    """One order in two minutes, so that hardly any shares its trades with another. The queue is 4
    or, just after a trade, 2; the sizes are 2, 10 and 50: two to 27 trades."""
    lines = poisson_market(
        seed=5, seconds=120_000, trades_per_s=TRADES_PER_S, queue=QUEUE, size=TRADE
    )
    said: dict[tuple[int, int], list[bool]] = {}
    _, found = sampled(lines, every_ms=120_000)
    for order, outcome in found:
        if (order.side, order.ticks_behind) != ("BACK", 0):
            assert outcome.filled_ms is None, "nothing trades there"
            continue
        for horizon_ms in (5_000, 30_000):
            came = outcome.within(horizon_ms)
            if came is not None:
                said.setdefault((order.size_centi, horizon_ms), []).append(came)
    assert len(said) == 6
    for (size, horizon_ms), filled in said.items():
        # Joining in a message of a trade or of its echo ten milliseconds later.
        low = erlang(QUEUE + size / 100, horizon_ms / 1000)
        high = erlang(QUEUE - TRADE + size / 100, horizon_ms / 1000)
        error = 4 * math.sqrt(0.25 / len(filled))
        assert len(filled) > 250
        assert low - error < sum(filled) / len(filled) < high + error
        if size == 5000 and horizon_ms == 5000:
            assert not any(filled)


def blocks(**overrides: float) -> Mapping[str, Any]:
    texts = [f"hotloop.{key.replace('__', '.')}={value}" for key, value in overrides.items()]
    block = load(None, texts).hotloop.seam_config()
    return blocks_of(block, ("erlang", "exponential"), "risk_averse")


def test_erlang_is_calibrated_there_and_exponential_is_not() -> None:
    """With averages over many trades the model knows the market's rate to a few per cent."""
    lines = poisson_market(
        seed=6, seconds=60_000, trades_per_s=TRADES_PER_S, queue=QUEUE, size=TRADE
    )
    known = blocks(queue__window_s=1000, pfill__trade_size_window_s=1000, min_obs_s=3600)
    judge = Judge("poisson", known, Plan(every_ms=40_000, follow_ms=30_000), rust=False)
    for raw in lines:
        judge.line(raw)
    judged = judge.result()
    scores = judged.scores["erlang"][5_000]
    assert scores.skill is not None
    assert scores.skill > 0.1
    for one in scores.bins:
        if one.n >= 50:
            assert one.p_mean is not None
            assert one.rate is not None
            error = math.sqrt(one.p_mean * (1 - one.p_mean) / one.n)
            assert abs(one.p_mean - one.rate) < 4 * error + 0.03
    baseline = judged.scores["exponential"][5_000]
    assert scores.ece is not None
    assert baseline.ece is not None
    assert scores.ece < 0.02 < baseline.ece, "it knows nothing of lots"
    against = scores.skill_against(baseline)
    assert against is not None
    assert against > 0.05
    times = judged.times
    assert times is not None
    mean, flat = times.mean("erlang"), times.mean("exponential")
    assert mean is not None
    assert flat is not None
    assert mean > flat
    assert pooled([judged, judged]).scores["erlang"][5_000].n == 2 * scores.n


def test_a_stream_without_traded_volume_has_nothing_to_judge() -> None:
    rows = {"id": 7, "atb": [[2.0, 50]], "atl": [[2.02, 40]]}
    first = line(START_MS, img=True, marketDefinition=definition(), rc=[rows])
    judge = Judge("quiet", blocks(), Plan(), rust=False)
    for raw in [first, *touched(5000, 6000)]:
        judge.line(raw)
    judged = judge.result()
    assert (judged.orders > 0, judged.trades, judged.scores) == (True, 0, {})


@pytest.mark.parametrize("model", ["erlang", "exponential"])
def test_every_model_is_asked_of_the_same_orders(model: str) -> None:
    judge = Judge("one", blocks(), Plan(follow_ms=10_000), rust=False)
    lines = poisson_market(seed=1, seconds=300, trades_per_s=2.0, queue=4.0, size=2.0)
    for raw in lines:
        judge.line(raw)
    judged = judge.result()
    assert set(judged.scores[model]) == {1_000, 5_000}, "30 s are not followed"
    scores = judged.scores[model][5_000]
    assert scores.n + scores.unknown == judged.orders > 500
