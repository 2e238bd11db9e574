"""The reference's signals and queue positions as the seam gives them: units, neutral values."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.betfair.signals.log_logistic import FEATURES, Coefficients
from trader.betfair.testing import M, change, definition, mcm, rc
from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.reference import Hotloop

QUICK = {"min_obs_s": 0}


def loaded(*messages: dict[str, Any], config: dict[str, Any] | None = None) -> Hotloop:
    hotloop = Hotloop(config)
    for message in messages:
        hotloop.apply_delta(message, 0)
    return hotloop


def trading(config: dict[str, Any] | None = None) -> Hotloop:
    """At pt 10,000: 5.00 matched of the backs that rest at 2, 12.00 of them left."""
    return loaded(
        mcm(change(rc(7, atl=[[2, 17]], atb=[[1.9, 3]]))),
        mcm(change(rc(7, atl=[[2, 12]], trd=[[2, 10]])), pt=10_000),
        config=config,
    )


def refused(call: Callable[[], object]) -> str | None:
    with pytest.raises(HotloopError) as caught:
        call()
    assert caught.value.resubscribe is False
    return caught.value.field


# --- match rate ---------------------------------------------------------------------------------


def test_the_match_rate_is_stake_per_second_and_fades() -> None:
    hotloop = trading()
    assert hotloop.match_rate_ema(M, 7, "BACK", 2.0) == pytest.approx(0.5)  # 5.00 / 10 s
    assert hotloop.match_rate_ema(M, 7) == hotloop.match_rate_ema(M, 7, "BACK")
    assert hotloop.match_rate_ema(M, 7, "LAY") == 0.0
    assert hotloop.match_rate_ema(M, 7, None, 3.0) == 0.0
    later = hotloop.match_rate_ema(M, 7, now_ms=20_000)
    assert later == pytest.approx(0.5 / math.e)
    assert hotloop.match_rate_ema(M, 7, now_ms=0) == pytest.approx(0.5)


@pytest.mark.parametrize("price", [-1.0, math.nan, math.inf, 1e308])
def test_at_a_price_that_cannot_be_nothing_is_matched(price: float) -> None:
    assert trading().match_rate_ema(M, 7, "BACK", price) == 0.0
    assert trading(QUICK).pfill_ttf(M, 7, "BACK", price) == (0.0, 600_000.0)


def test_now_is_the_markets_own_last_time_and_never_anothers() -> None:
    hotloop = trading()
    hotloop.apply_delta(mcm(change(market_id="1.2"), pt=99_000), 0)
    assert hotloop.match_rate_ema(M, 7) == pytest.approx(0.5)


def test_another_window_is_taken_at_once() -> None:
    hotloop = trading()
    hotloop.update_config({"queue": {"window_s": 5}})
    assert hotloop.match_rate_ema(M, 7, now_ms=15_000) == pytest.approx(0.5 / math.e)


# --- fill probability ---------------------------------------------------------------------------


ERLANG = {**QUICK, "pfill": {"model": "erlang"}}


def test_the_median_time_is_the_product_of_what_the_model_knows() -> None:
    hotloop = trading({**QUICK, "max_ttf_ms": 10_000_000})
    # Q + x = 12 + 3, s̄ = 5, one trade in 60 s, 0.5 a second at the price and on the side, at the
    # best price of its side, 5 ticks from 1.90 to 2, never another last traded price.
    features = hotloop.fill_features(M, 7, "BACK", 2.0, 3.0)
    assert features is not None
    assert features.work == pytest.approx(math.log(15 / 5 + 0.1))
    assert features.trades == pytest.approx(math.log(1 / 60 + 0.001))
    assert features.side_rate == features.price_rate == pytest.approx(math.log(0.1 + 0.002))
    assert features.behind == 0.0
    assert features.spread == pytest.approx(math.log(10))
    assert features.travel == pytest.approx(math.log(0.005))
    c = Coefficients()
    log_median = c.intercept + sum(getattr(c, n) * getattr(features, n) for n in FEATURES)
    odds = (20 / math.exp(log_median)) ** c.shape
    p, ttf_ms = hotloop.pfill_ttf(M, 7, "BACK", 2.0, 3.0, 20_000)
    assert p == pytest.approx(odds / (1 + odds))
    assert ttf_ms == pytest.approx(1_000 * math.exp(log_median))
    assert hotloop.pfill_ttf(M, 7, "BACK", 2.0, 3.0, round(ttf_ms))[0] == pytest.approx(
        0.5, abs=1e-4
    )


def test_behind_and_before_the_best_price_of_its_side() -> None:
    hotloop = trading(QUICK)
    behind = [hotloop.fill_features(M, 7, "BACK", price) for price in (1.95, 2.0, 2.02)]
    assert [f and f.behind for f in behind] == [-5.0, 0.0, 1.0]
    behind = [hotloop.fill_features(M, 7, "LAY", price) for price in (1.95, 1.9, 1.01)]
    assert [f and f.behind for f in behind] == [-5.0, 0.0, 50.0]


def test_where_no_order_can_rest_there_is_no_estimate() -> None:
    hotloop = trading(QUICK)
    assert hotloop.pfill_ttf(M, 7, "BACK", 2.01) == (0.0, 600_000.0)  # off the ladder
    assert hotloop.fill_features(M, 7, "BACK", 2.01) is None


def test_p_fill_and_time_follow_the_formulas() -> None:
    hotloop = trading(ERLANG)
    # Q + x = 12 + 3, r = 0.5, one trade of 5: n = 3, μ = 0.1 per second, T = 20 s.
    p, ttf_ms = hotloop.pfill_ttf(M, 7, "BACK", 2.0, 3.0, 20_000)
    assert p == pytest.approx(1 - math.exp(-2) * (1 + 2 + 2))  # P(3, 2)
    assert ttf_ms == pytest.approx(30_000)
    hotloop.update_config({**QUICK, "pfill": {"model": "exponential", "horizon_ms": 20_000}})
    p, ttf_ms = hotloop.pfill_ttf(M, 7, "BACK", 2.0, 3.0)
    assert p == pytest.approx(1 - math.exp(-10 / 15))
    assert ttf_ms == pytest.approx(30_000)


def test_without_enough_observation_it_is_neutral() -> None:
    hotloop = trading({"min_obs_s": 9.5})  # observed from 1,000 on
    assert hotloop.pfill_ttf(M, 7, "BACK", 2.0, now_ms=10_499) == (0.0, 600_000.0)
    assert hotloop.pfill_ttf(M, 7, "BACK", 2.0, now_ms=10_500)[0] > 0.0


def test_where_nothing_is_matched_it_is_neutral_though_nothing_is_ahead() -> None:
    hotloop = trading({**ERLANG, "max_ttf_ms": 7})
    assert hotloop.pfill_ttf(M, 7, "LAY", 1.9) == (0.0, 7.0)
    assert hotloop.pfill_ttf(M, 7, "BACK", 3.0) == (0.0, 7.0)
    for config in (QUICK, ERLANG):
        quiet = loaded(mcm(change(rc(7, atl=[[2, 12]]))), config=config)
        assert quiet.pfill_ttf(M, 7, "BACK", 2.0) == (0.0, 600_000.0)


def test_with_nothing_ahead_one_trade_has_to_come_and_for_the_exponential_none() -> None:
    hotloop = trading(ERLANG)
    hotloop.apply_delta(mcm(change(rc(7, atl=[[2, 0]])), pt=10_000), 0)
    p, ttf_ms = hotloop.pfill_ttf(M, 7, "BACK", 2.0, horizon_ms=5_000)
    assert p == pytest.approx(1 - math.exp(-0.5))  # P(1, μT), μT = 0.5 / 5 · 5
    assert ttf_ms == pytest.approx(10_000)  # one mean trade of 5.00 at 0.50 a second
    assert hotloop.pfill_ttf(M, 7, "BACK", 2.0, horizon_ms=0)[0] == 0.0
    hotloop.update_config({**QUICK, "pfill": {"model": "exponential"}})
    assert hotloop.pfill_ttf(M, 7, "BACK", 2.0) == (1.0, 0.0)
    assert hotloop.pfill_ttf(M, 7, "BACK", 2.0, horizon_ms=0) == (0.0, 0.0)


def test_the_time_is_capped() -> None:
    hotloop = trading({**QUICK, "max_ttf_ms": 100})
    assert hotloop.pfill_ttf(M, 7, "BACK", 2.0)[1] == 100.0
    assert hotloop.pfill_ttf(M, 7, "BACK", 2.0, now_ms=1 << 60)[1] == 100.0
    hotloop.update_config({**ERLANG, "max_ttf_ms": 100})
    assert hotloop.pfill_ttf(M, 7, "BACK", 2.0, now_ms=1 << 60) == (0.0, 100.0)


@pytest.mark.parametrize("size", [-0.001, math.nan, math.inf, 1e14, 1e308])
def test_a_bad_size_is_refused(size: float) -> None:
    assert refused(lambda: Hotloop().pfill_ttf(M, 7, "BACK", 2.0, size)) == "size"


def test_a_negative_horizon_is_refused() -> None:
    assert refused(lambda: Hotloop().pfill_ttf(M, 7, "BACK", 2.0, 0.0, -1)) == "horizon_ms"


@given(st.integers(0, 100_000), st.integers(0, 100_000), st.integers(0, 10**7), st.integers(0, 99))
def test_p_fill_rises_with_the_horizon_and_falls_with_the_size(
    size: int, more: int, horizon_ms: int, longer_ms: int
) -> None:
    hotloop = trading(QUICK)

    def answer(size: int, horizon_ms: int) -> tuple[float, float]:
        return hotloop.pfill_ttf(M, 7, "BACK", 2.0, size / 100, horizon_ms)

    p, ttf_ms = answer(size, horizon_ms)
    assert 0.0 <= p <= 1.0 and 0.0 <= ttf_ms <= 600_000.0
    assert answer(size, horizon_ms + longer_ms)[0] >= p - 1e-12
    assert answer(size + more, horizon_ms)[0] <= p + 1e-12


# --- detectors ----------------------------------------------------------------------------------


def test_a_sweep_is_seen_with_its_side_for_its_window() -> None:
    hotloop = loaded(mcm(change(rc(7, atl=[[2, 1], [2.02, 1], [2.04, 1]]))))
    gone = [[2, 0], [2.02, 0], [2.04, 0]]
    traded = [[2, 2], [2.02, 2], [2.04, 2]]
    hotloop.apply_delta(mcm(change(rc(7, atl=gone, trd=traded)), pt=2_000), 0)
    assert hotloop.sweep_sniffer(M, 7) is True
    assert hotloop.sweep_side(M, 7) == "BACK"
    assert hotloop.sweep_sniffer(M, 7, now_ms=3_001) is False
    assert hotloop.sweep_side(M, 7, now_ms=3_001) is None


def test_a_big_move_is_seen_with_its_direction_for_its_window() -> None:
    hotloop = loaded(mcm(change(rc(7, ltp=2.1))), mcm(change(rc(7, ltp=2)), pt=2_000))
    assert hotloop.big_move_trigger(M, 7) is True
    assert hotloop.big_move_direction(M, 7) == -1
    assert hotloop.big_move_trigger(M, 7, now_ms=4_001) is False
    assert hotloop.big_move_direction(M, 7, now_ms=4_001) == 0


def test_the_last_traded_price_that_an_image_leaves_out_is_no_observation() -> None:
    hotloop = loaded(mcm(change(rc(7, ltp=2))), mcm(change(rc(7), img=True), pt=1_500))
    assert hotloop.last_traded(M, 7) is None
    hotloop.apply_delta(mcm(change(rc(7, ltp=2.1)), pt=2_000), 0)
    assert hotloop.big_move_direction(M, 7) == 1


def test_a_removal_is_seen_for_its_window() -> None:
    def defined(status: str) -> dict[str, Any]:
        runner = {"id": 8, "status": status, "adjustmentFactor": 12.5}
        return change(marketDefinition={"runners": [runner]})

    hotloop = loaded(mcm(defined("ACTIVE")), mcm(defined("REMOVED"), pt=2_000))
    assert hotloop.rf_seen_recently(M) is True
    assert hotloop.rf_seen_recently(M, now_ms=302_000) is True
    assert hotloop.rf_seen_recently(M, now_ms=302_001) is False


def test_the_trend_is_in_ticks_per_second() -> None:
    def best(back: float, lay: float) -> dict[str, Any]:
        return change(rc(7, img=False, atb=[[back, 2]], atl=[[lay, 2]]))

    hotloop = loaded(mcm(best(2, 2.02), pt=0), mcm(best(2.02, 2.04), pt=1_000))
    hotloop.apply_delta(mcm(change(rc(7, atl=[[2.02, 0]])), pt=1_000), 0)
    # The microprice went from half a tick above 2.00 to half a tick above 2.02 at 1,000.
    fast, slow = 1 - math.exp(-1 / 2), 1 - math.exp(-1 / 20)
    assert hotloop.trend_lens(M, 7, now_ms=2_000) == pytest.approx((fast - slow) / 18)


def test_a_market_of_snapshots_alone_has_no_now() -> None:
    hotloop = Hotloop()
    hotloop.apply_snapshot(M, {"rc": [rc(7, ltp=2)], "marketDefinition": definition("OPEN", 7)}, 3)
    assert hotloop.match_rate_ema(M, 7) == hotloop.trend_lens(M, 7) == 0.0
    assert hotloop.pfill_ttf(M, 7, "BACK", 2.0) == (0.0, 600_000.0)
    assert hotloop.big_move_direction(M, 7) == 0
    assert hotloop.sweep_side(M, 7) is None and not hotloop.rf_seen_recently(M)
    market = hotloop.market(M)
    assert market is not None and (market["pt"], market["ts"]) == (None, 3)


# --- queue positions ----------------------------------------------------------------------------


def test_a_position_is_started_read_reset_and_ended() -> None:
    hotloop = trading()
    assert hotloop.track_order("o", M, 7, "BACK", 2.0) == 12.0
    hotloop.apply_delta(mcm(change(rc(7, atl=[[2, 7]], trd=[[2, 20]])), pt=11_000), 0)
    assert hotloop.size_ahead(M, 7, "BACK", 2.0, "o") == 7.0
    assert hotloop.reseed_queue("o", 3.21) == 3.21
    assert hotloop.size_ahead(M, 7, "BACK", 2.0, "o") == 3.21
    assert hotloop.reseed_queue("o") == 7.0
    assert hotloop.untrack_order("o") is True
    assert hotloop.untrack_order("o") is hotloop.untrack_order("") is False
    assert refused(lambda: hotloop.size_ahead(M, 7, "BACK", 2.0, "o")) == "order_id"


def test_own_size_is_left_out_of_the_ladder_when_asked() -> None:
    hotloop = loaded(mcm(change(rc(7, atl=[[2, 12], [2.02, 5]], atb=[[2, 9]]))))
    hotloop.track_order("a", M, 7, "BACK", 2.0, 12.0)
    hotloop.track_order("b", M, 7, "BACK", 2.02, 1.5)
    assert hotloop.ladder_top(M, 7, "LAY", 1) == [(2.0, 12.0)]
    assert hotloop.ladder_top(M, 7, "LAY", 1, raw=False) == [(2.02, 3.5)]
    assert hotloop.ladder_top(M, 7, "BACK", raw=False) == [(2.0, 9.0)]
    hotloop.reseed_queue("a", size=2.0)
    hotloop.reseed_queue("b", 0.0, 99.0)  # more than there is
    assert hotloop.ladder_top(M, 7, "LAY", raw=False) == [(2.0, 10.0)]
    hotloop.untrack_order("a")
    assert hotloop.ladder_top(M, 7, "LAY", raw=False) == [(2.0, 12.0)]


def test_a_price_shown_twice_loses_own_size_from_the_foremost_row_first() -> None:
    hotloop = loaded(mcm(change(rc(7, batl=[[0, 2, 3], [1, 2, 5]]))))
    hotloop.track_order("a", M, 7, "BACK", 2.0, 4.0)
    assert hotloop.ladder_top(M, 7, "LAY", raw=False) == [(2.0, 4.0)]


def test_an_order_of_another_handicap_is_another_runners() -> None:
    hotloop = loaded(mcm(change(rc(7, hc=-0.5, atl=[[2, 12]]), rc(7, atl=[[2, 3]]))))
    assert hotloop.track_order("o", M, 7, "BACK", 2.0, 1.0, handicap=-0.5) == 12.0
    assert hotloop.size_ahead(M, 7, "BACK", 2.0, "o", -0.5) == 12.0
    assert refused(lambda: hotloop.size_ahead(M, 7, "BACK", 2.0, "o")) == "order_id"
    assert hotloop.ladder_top(M, 7, "LAY", raw=False) == [(2.0, 3.0)]


def test_a_runner_not_known_yet_may_be_tracked() -> None:
    hotloop = trading()
    assert hotloop.track_order("o", M, 99, "BACK", 2.0) == 0.0


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("", M, 7, "BACK", 2.0), "order_id"),
        (("o" * 65, M, 7, "BACK", 2.0), "order_id"),
        (("o", "1.2", 7, "BACK", 2.0), "m"),
        (("o", M, 7, "Back", 2.0), "side"),
        (("o", M, 7, "BACK", math.nan), "price"),
        (("o", M, 7, "BACK", -1.01), "price"),
        (("o", M, 7, "BACK", 100_000.01), "price"),
        (("o", M, 7, "BACK", 2.0, math.inf), "size"),
        (("o", M, 7, "BACK", 2.0, -0.01), "size"),
        (("o", M, 7, "BACK", 2.0, 1e15), "size"),
        (("o", M, 7, "BACK", 2.0, 0.0, math.nan), "handicap"),
        (("p", M, 7, "BACK", 2.0), "order_id"),  # one too many
    ],
)
def test_what_cannot_be_tracked_is_refused(arguments: Any, field: str) -> None:
    hotloop = trading({"state": {"max_orders": 1}})
    if arguments[0] == "p":
        hotloop.track_order("o" * 64, M, 7, "BACK", 2.0)
    assert refused(lambda: hotloop.track_order(*arguments)) == field


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("p",), "order_id"),
        (("o", -0.01), "ahead"),
        (("o", math.nan), "ahead"),
        (("o", 1e15), "ahead"),
        (("o", 1.0, -1.0), "size"),
        (("o", 1.0, math.inf), "size"),
    ],
)
def test_a_bad_reset_is_refused_and_resets_nothing(arguments: Any, field: str) -> None:
    hotloop = trading()
    hotloop.track_order("o", M, 7, "BACK", 2.0, 2.0)
    assert refused(lambda: hotloop.reseed_queue(*arguments)) == field
    assert hotloop.size_ahead(M, 7, "BACK", 2.0, "o") == 12.0
    assert hotloop.ladder_top(M, 7, "LAY", raw=False) == [(2.0, 10.0)]


@pytest.mark.parametrize(
    "place",
    [
        ("1.2", 7, "BACK", 2.0),
        (M, 8, "BACK", 2.0),
        (M, 7, "LAY", 2.0),
        (M, 7, "BACK", 2.02),
        (M, 7, "BACK", math.nan),
    ],
)
def test_a_position_is_only_read_where_it_rests(place: tuple[str, int, str, float]) -> None:
    hotloop = trading()
    hotloop.track_order("o", M, 7, "BACK", 2.0)
    assert refused(lambda: hotloop.size_ahead(*place, order_id="o")) == "order_id"


def test_more_orders_than_a_lower_limit_are_kept_until_they_end() -> None:
    hotloop = trading()
    hotloop.track_order("a", M, 7, "BACK", 2.0)
    hotloop.track_order("b", M, 7, "BACK", 2.0)
    hotloop.update_config({"state": {"max_orders": 1}})
    assert hotloop.size_ahead(M, 7, "BACK", 2.0, "b") == 12.0
    assert hotloop.track_order("b", M, 7, "LAY", 1.9) == 3.0  # the same id again
    assert refused(lambda: hotloop.track_order("c", M, 7, "BACK", 2.0)) == "order_id"


sizes = st.sampled_from([0, 0.01, 3, 5, 7.77])
rows = st.lists(st.tuples(st.sampled_from([1.99, 2, 2.02]), sizes).map(list), max_size=4)
level_rows = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([1.99, 2]), sizes).map(list), max_size=4
)
entries = st.fixed_dictionaries(
    {"id": st.just(7)},
    optional={"atb": rows, "atl": rows, "trd": rows, "batb": level_rows, "batl": level_rows},
)


@given(st.lists(st.lists(entries, max_size=3), max_size=5), st.sampled_from(["full", "best"]))
def test_without_an_order_what_is_ahead_is_never_negative_nor_above_the_visible(
    stream: list[list[dict[str, Any]]], source: str
) -> None:
    hotloop = Hotloop({"book": {"source": source}})
    for number, entry in enumerate(stream):
        hotloop.apply_delta(mcm(change(*entry), pt=number), 0)
        for rested, taken in (("BACK", "LAY"), ("LAY", "BACK")):
            ladder = hotloop.ladder_top(M, 7, taken, None)
            for price in (1.99, 2.0, 2.02):
                visible = sum(round(size * 100) for at, size in ladder if at == price) / 100
                assert 0.0 <= hotloop.size_ahead(M, 7, rested, price) == visible
