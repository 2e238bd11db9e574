"""docs/signals.md, "Trials": what is followed, when it counts, and what it says."""

import math
from typing import Any

import pytest

from trader.betfair.book_builder import BookBuilder
from trader.betfair.signals.settings import SignalSettings
from trader.betfair.signals.trials import Trial, TrialSums
from trader.betfair.testing import M, built, change, definition, mcm, rc, signals

SETTINGS = SignalSettings(min_obs_s=0.0)
RESTING = {"atl": [[2, 10]], "atb": [[1.9, 8]]}


def trading(**resting: Any) -> BookBuilder:
    """At pt 2,000 a trade of 4.00 with the backs at 2: the first trials start there."""
    return built(
        mcm(change(rc(**{**RESTING, **resting}), marketDefinition=definition("OPEN", 7))),
        mcm(change(rc(atl=[[2, 6]], trd=[[2, 8]])), pt=2_000),
        signal_settings=SETTINGS,
    )


def trial(builder: BookBuilder) -> Trial:
    found = signals(builder).trial
    assert found is not None
    return found


def log_odds(builder: BookBuilder, now_ms: int, **settings: Any) -> float:
    market = builder.market(M)
    assert market is not None
    assert market.signals is not None
    return market.signals.trials.log_odds(now_ms, SignalSettings(min_obs_s=0.0, **settings))


def sums(count: float, expected: float, filled: float, prior: float = 3.0) -> float:
    """ln of the odds filled over the odds expected."""
    was = (prior + filled) / (prior + count - filled)
    return math.log(was / ((prior + expected) / (prior + count - expected)))


def test_one_of_a_mean_trade_joins_the_best_price_of_one_side_and_then_of_the_other() -> None:
    builder = trading()
    back = trial(builder)
    assert (back.position.side, back.position.price_centi) == ("BACK", 200)
    assert (back.position.ahead_centi, back.left) == (600.0, 400.0)
    assert 0.0 < back.expected < 1.0
    assert log_odds(builder, 2_000) == 0.0
    builder.apply_delta(mcm(change(rc(trd=[[1.8, 2]])), pt=32_001))
    lay = trial(builder)
    assert (lay.position.side, lay.position.price_centi) == ("LAY", 190)
    assert (lay.position.ahead_centi, lay.since_ms) == (800.0, 32_001)


def test_without_trading_of_late_none_starts() -> None:
    builder = trading()
    builder.apply_delta(mcm(change(rc(atb=[[1.8, 1]])), pt=32_001))
    assert trial(builder).since_ms == 2_000
    builder.apply_delta(mcm(change(rc(trd=[[1.8, 2]])), pt=33_000))
    assert trial(builder).since_ms == 33_000


def test_it_is_filled_when_trading_has_come_through_what_is_ahead_and_it() -> None:
    builder = trading()
    expected = trial(builder).expected
    builder.apply_delta(mcm(change(rc(trd=[[2, 8 + 2 * 9]])), pt=3_000))
    assert log_odds(builder, 3_000) == 0.0
    assert trial(builder).position.ahead_centi == 150.0
    builder.apply_delta(mcm(change(rc(atl=[[2, 0.5]], trd=[[2, 8 + 2 * 9 + 11]])), pt=4_000))
    assert log_odds(builder, 4_000) == pytest.approx(sums(1, expected, 1))
    builder.apply_delta(mcm(change(rc(atl=[[2, 0]], trd=[[2, 500]])), pt=32_000))
    assert trial(builder).since_ms == 2_000  # the next one waits until its horizon is over
    builder.apply_delta(mcm(change(rc(atl=[[2, 5]])), pt=32_001))
    assert log_odds(builder, 32_001) == pytest.approx(log_odds(builder, 32_000), rel=1e-3)
    assert trial(builder).since_ms == 32_001


def test_trades_at_worse_prices_go_through_it() -> None:
    builder = trading()
    expected = trial(builder).expected
    builder.apply_delta(mcm(change(rc(atl=[[2.1, 5]])), pt=2_500))
    builder.apply_delta(mcm(change(rc(atl=[[2.1, 0]], trd=[[2.1, 10]])), pt=3_000))
    assert log_odds(builder, 3_000) == pytest.approx(sums(1, expected, 1))


def test_what_is_not_filled_within_the_horizon_counts_as_such() -> None:
    builder = trading()
    expected = trial(builder).expected
    builder.apply_delta(mcm(change(rc(atb=[[1.8, 1]])), pt=32_000))
    assert log_odds(builder, 32_000) == 0.0  # 30 s are not over yet
    builder.apply_delta(mcm(change(rc(atl=[[2, 0]], trd=[[2, 500]])), pt=32_001))
    assert log_odds(builder, 32_001) == pytest.approx(sums(1, expected, 0))


@pytest.mark.parametrize(
    "upset",
    [
        mcm(change(rc(**RESTING), img=True), pt=3_000),
        mcm(change(marketDefinition=definition("SUSPENDED", 7)), pt=3_000),
        mcm(change(marketDefinition=definition("OPEN", 7, inPlay=True)), pt=3_000),
    ],
)
def test_after_an_upset_what_was_under_way_says_nothing(upset: dict[str, Any]) -> None:
    builder = trading()
    builder.apply_delta(upset)
    again = definition("OPEN", 7, inPlay=True)
    builder.apply_delta(mcm(change(marketDefinition=again), pt=3_500))
    builder.apply_delta(mcm(change(rc(trd=[[1.8, 2]])), pt=40_000))
    assert log_odds(builder, 40_000) == 0.0
    assert trial(builder).since_ms >= 3_000


def test_none_starts_in_a_book_that_is_crossed_or_has_one_side() -> None:
    assert signals(trading(atb=[[1.9, 0]])).trial is None
    assert signals(trading(atb=[[2.1, 5]])).trial is None


def test_trials_fade_and_the_prior_says_how_little_few_of_them_do() -> None:
    ended = TrialSums()
    assert ended.log_odds(0, SETTINGS) == 0.0
    ended.add(0.25, is_filled=True, at_ms=0, window_s=1_800.0)
    ended.add(0.5, is_filled=False, at_ms=1_800_000, window_s=1_800.0)
    old = math.exp(-1)
    wanted = sums(old + 1, 0.25 * old + 0.5, old)
    assert ended.log_odds(1_800_000, SETTINGS) == pytest.approx(wanted)
    assert ended.log_odds(3_600_000, SETTINGS) == pytest.approx(
        sums(old * (old + 1), old * (0.25 * old + 0.5), old * old)
    )
    ended.add(1.0, is_filled=True, at_ms=0, window_s=1_800.0)  # an earlier pt: taken as now
    assert ended.log_odds(0, SETTINGS) == pytest.approx(sums(old + 2, 0.25 * old + 1.5, old + 1))
