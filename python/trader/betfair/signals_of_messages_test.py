"""The signals as messages change them: docs/signals.md, "Matched volume" to "Detectors"."""

from typing import Any

import pytest

from trader.betfair import book_builder
from trader.betfair.book_builder import BookBuilder
from trader.betfair.normalize import MessageError
from trader.betfair.signals.settings import SignalSettings
from trader.betfair.testing import M, book, built, change, definition, mcm, rc, signals

SETTINGS = SignalSettings()


def rate(builder: BookBuilder, side: Any = None, selection_id: int = 7, now_ms: int = 0) -> float:
    """Matched hundredths in force, over all prices: the rate times its time constant."""
    rates = signals(builder, selection_id).rates
    return round(rates.read(side, None, now_ms, SETTINGS.queue_window_s) * 10, 6)


# --- baseline -----------------------------------------------------------------------------------


def test_a_first_message_is_a_baseline_and_prices_after_it_count_from_0() -> None:
    builder = built(mcm(change(rc(trd=[[2, 10]]))))
    assert signals(builder).last_traded_ms is None
    builder.apply_delta(mcm(change(rc(trd=[[3, 4]])), pt=2_000))
    assert (signals(builder).last_traded_ms, rate(builder)) == (2_000, 200)


def test_a_first_message_without_traded_volume_is_a_baseline_too() -> None:
    builder = built(mcm(change(rc(ltp=2))), mcm(change(rc(trd=[[2, 10]])), pt=2_000))
    assert rate(builder) == 500


def test_a_runner_known_from_the_definition_alone_has_no_baseline_yet() -> None:
    builder = built(mcm(change(marketDefinition=definition("OPEN", 7))))
    builder.apply_delta(mcm(change(rc(trd=[[2, 10]])), pt=2_000))
    assert signals(builder).last_traded_ms is None
    builder.apply_delta(mcm(change(rc(trd=[[3, 1]])), pt=3_000))
    assert signals(builder).last_traded_ms == 3_000


@pytest.mark.parametrize("image", [{"img": True}, {"img": True, "marketDefinition": {}}])
def test_an_image_is_a_baseline_of_every_runner_then_known(image: dict[str, Any]) -> None:
    if "marketDefinition" in image:
        image = {**image, "marketDefinition": definition("OPEN", 7, 8)}
    builder = built(mcm(change(rc(7), marketDefinition=definition("OPEN", 7, 8))))
    builder.apply_delta(mcm(change(rc(7, trd=[[2, 99]]), **image), pt=2_000))
    assert rate(builder) == 0
    builder.apply_delta(mcm(change(rc(7, trd=[[2, 100]]), rc(8, trd=[[3, 4]])), pt=3_000))
    assert rate(builder) == 50
    assert rate(builder, selection_id=8) == 200  # not named by the image, and yet compared with it


def test_an_image_anywhere_in_the_message_makes_it_a_baseline() -> None:
    builder = built(mcm(change(rc(trd=[[2, 10]]))))
    builder.apply_delta(
        mcm(change(rc(trd=[[2, 20]])), change(rc(trd=[[2, 30]]), img=True), pt=2_000)
    )
    builder.apply_delta(mcm(change(rc(trd=[[2, 40]]), img=True), change(rc(trd=[[2, 50]])), pt=3))
    assert rate(builder) == 0


def test_a_snapshot_is_a_baseline() -> None:
    builder = built(mcm(change(rc(trd=[[2, 10]]))))
    builder.apply_snapshot(M, {"rc": [rc(trd=[[2, 50]])]})
    builder.apply_delta(mcm(change(rc(trd=[[2, 60]])), pt=2_000))
    assert rate(builder) == 500


# --- once per message ---------------------------------------------------------------------------


def test_a_message_is_compared_as_a_whole() -> None:
    """Official files split a runner: the offers in one entry, the traded volume in the next."""
    builder = built(mcm(change(rc(atb=[[2, 30]], trd=[[2, 10]]))))
    builder.apply_delta(
        mcm(
            change(rc(atb=[[2, 25]])),
            change(rc(trd=[[2, 11]])),
            change(rc(atb=[[2, 20]], trd=[[2, 30]])),
            pt=2_000,
        )
    )
    assert (rate(builder, "LAY"), rate(builder, "BACK")) == (1_000, 0)


def test_what_moves_within_a_message_and_comes_back_is_nothing() -> None:
    builder = built(mcm(change(rc(trd=[[2, 10]]))))
    builder.apply_delta(mcm(change(rc(trd=[[2, 30]]), rc(trd=[[2, 10]])), pt=2_000))
    assert signals(builder).last_traded_ms is None


def test_a_fall_is_no_trade_and_what_it_falls_to_is_compared_with_next() -> None:
    builder = built(mcm(change(rc(trd=[[2, 10], [3, 10]]))))
    builder.apply_delta(mcm(change(rc(trd=[[2, 5]])), pt=2_000))
    assert signals(builder).last_traded_ms is None
    builder.apply_delta(mcm(change(rc(trd=[[2, 9]])), pt=3_000))
    assert (signals(builder).last_traded_ms, rate(builder)) == (3_000, 200)


def test_a_wipe_is_a_fall_of_every_level() -> None:
    builder = built(mcm(change(rc(trd=[[2, 10], [3, 10]]))))
    builder.apply_delta(mcm(change(rc(trd=[]), rc(trd=[[2, 12]])), pt=2_000))
    assert rate(builder) == 100  # 10 → 12, over the message
    builder.apply_delta(mcm(change(rc(trd=[[3, 4]])), pt=2_000))
    assert rate(builder) == 300  # 0 → 4


def test_a_trade_beside_a_fall_is_seen() -> None:
    builder = built(mcm(change(rc(trd=[[2, 10], [3, 10]]))))
    builder.apply_delta(mcm(change(rc(trd=[[2, 1], [3, 12]])), pt=2_000))
    assert signals(builder).last_traded_ms == 2_000


@pytest.mark.parametrize(
    ("rows", "after"),
    [
        ({"atl": [[2, 9]]}, {"atl": [[2, 4]]}),
        ({"batl": [[0, 2, 9]]}, {"batl": [[0, 2, 4]]}),
        ({"batl": [[0, 2, 5], [1, 2, 4]]}, {"batl": [[1, 2, 0], [0, 2, 4]]}),
        ({"batl": [[0, 2, 9], [1, 3, 1]]}, {"batl": [[0, 1.9, 1], [1, 2, 4]]}),
        ({"bdatl": [[0, 2, 9]]}, {"bdatl": [[0, 2, 4]]}),
    ],
)
def test_the_drop_is_read_from_the_offers_in_force(
    rows: dict[str, Any], after: dict[str, Any]
) -> None:
    builder = built(mcm(change(rc(**rows))))
    builder.apply_delta(mcm(change(rc(trd=[[2, 10]], **after)), pt=2_000))
    assert (rate(builder, "BACK"), rate(builder, "LAY")) == (500, 0)


def test_the_drop_is_read_from_the_source_in_force_at_the_end() -> None:
    builder = built(mcm(change(rc(batl=[[0, 2, 9]]))))
    # From now on the market is one of full depth, which shows no drop.
    builder.apply_delta(mcm(change(rc(trd=[[2, 10]], batl=[[0, 2, 4]], atl=[[2, 4]])), pt=2_000))
    assert rate(builder, "BACK") == rate(builder, "LAY") == 250
    forced = built(mcm(change(rc(batl=[[0, 2, 9]]))), book_source="best")
    forced.apply_delta(mcm(change(rc(trd=[[2, 10]], batl=[[0, 2, 4]], atl=[[2, 4]])), pt=2_000))
    assert (rate(forced, "BACK"), rate(forced, "LAY")) == (500, 0)


# --- what an image keeps ------------------------------------------------------------------------


def busy() -> BookBuilder:
    """A market of runner 7 with a value in every signal, at pt 2,000."""
    builder = built(
        mcm(
            change(
                rc(7, atl=[[2, 5]], atb=[[1.9, 5]], ltp=1.9),
                rc(8),
                marketDefinition=definition("OPEN", 7),
            )
        )
    )
    builder.apply_delta(
        mcm(change(rc(7, trd=[[2, 10]], atl=[[2, 0], [2.2, 9]], ltp=2.2)), pt=2_000)
    )
    return builder


def test_an_image_keeps_the_signals_of_the_runners_known_at_its_end() -> None:
    builder = busy()
    before = signals(builder)
    builder.apply_delta(mcm(change(img=True), pt=3_000))  # 7 stays known from the definition
    kept = signals(builder)
    assert kept is before
    assert (kept.last_traded_ms, kept.observed_since_ms) == (2_000, 1_000)
    assert rate(builder, now_ms=2_000) == 500
    assert kept.trade_size.mean_centi == 500
    assert kept.sweep.side(3_000, 1, 1_000) == "BACK"
    assert kept.big_move.direction(3_000, 5, 2_000) == 1
    market = builder.markets[M]
    assert market.signals is not None and (8, 0) not in market.signals.runners


def test_a_runner_named_before_and_after_an_image_in_one_message_keeps_them() -> None:
    builder = busy()
    before = signals(builder, 8)
    builder.apply_delta(mcm(change(img=True), change(rc(8)), pt=3_000))
    assert signals(builder, 8) is before


def test_a_runner_an_image_lost_starts_anew() -> None:
    builder = busy()
    builder.apply_delta(mcm(change(img=True), pt=3_000))
    builder.apply_delta(mcm(change(rc(8, trd=[[2, 10]])), pt=4_000))
    assert signals(builder, 8).last_traded_ms is None
    assert signals(builder, 8).observed_since_ms == 4_000


# --- observation --------------------------------------------------------------------------------


def test_observation_starts_with_the_first_rc_and_again_with_the_turn_in_play() -> None:
    pre = definition("OPEN", 7, inPlay=False)
    live = definition("OPEN", 7, inPlay=True)
    builder = built(mcm(change(marketDefinition=pre)), mcm(change(rc()), pt=2_000))
    assert signals(builder).observed_since_ms == 2_000
    builder.apply_delta(mcm(change(rc(), img=True), pt=3_000))
    assert signals(builder).observed_since_ms == 2_000
    builder.apply_delta(mcm(change(marketDefinition=live), pt=4_000))
    assert signals(builder).observed_since_ms == 4_000
    builder.apply_delta(mcm(change(marketDefinition=live), pt=5_000))
    assert signals(builder).observed_since_ms == 4_000


def test_a_first_definition_in_play_is_no_turn() -> None:
    builder = built(mcm(change(rc())))
    live = definition("OPEN", 7, inPlay=True)
    builder.apply_delta(mcm(change(marketDefinition=live), pt=4_000))
    assert signals(builder).observed_since_ms == 1_000


def test_a_snapshot_is_read_at_the_markets_time_and_without_one_observes_nothing() -> None:
    builder = built()
    builder.apply_snapshot(M, {"rc": [rc(ltp=2)]})
    assert signals(builder).observed_since_ms is None
    builder.apply_delta(mcm(change(rc()), pt=2_000))
    assert signals(builder).observed_since_ms == 2_000
    builder.apply_snapshot(M, {"rc": [rc(), rc(8)]})
    assert signals(builder, 8).observed_since_ms == 2_000


# --- detectors ----------------------------------------------------------------------------------


def test_a_level_is_consumed_when_trading_took_all_that_stood_there() -> None:
    rest = {"atl": [[2, 5], [2.02, 5]], "atb": [[1.99, 5]]}
    builder = built(mcm(change(rc(**rest))))

    def consumed() -> bool:
        return signals(builder).sweep.side(1_000, 1, 1_000) == "BACK"

    builder.apply_delta(mcm(change(rc(trd=[[2, 8]], atl=[[2, 1]]))))  # something is left
    assert not consumed()
    builder.apply_delta(mcm(change(rc(atl=[[2, 0]]))))  # cancelled, not traded
    assert not consumed()
    builder.apply_delta(mcm(change(rc(trd=[[2.02, 6]], atl=[[2.02, 0]]))))  # v = 5 of Δ = 6
    assert consumed()


def test_a_level_gone_by_more_than_was_traded_is_not_consumed() -> None:
    builder = built(mcm(change(rc(atl=[[2, 50]]))))
    builder.apply_delta(mcm(change(rc(trd=[[2, 8]], atl=[[2, 0]]))))
    assert signals(builder).sweep.side(1_000, 1, 1_000) is None


def test_prices_off_the_ladder_are_no_observation() -> None:
    builder = built(mcm(change(rc(atb=[[2, 1]], atl=[[2.02, 1]], ltp=2))))
    builder.apply_delta(mcm(change(rc(atl=[[2.02, 0], [9.97, 1]], ltp=9.97)), pt=2_000))
    assert signals(builder).big_move.direction(2_000, 1, 2_000) == 0
    assert signals(builder).trend.drift(9_000, 2.0, 20.0) == 0.0
    builder.apply_delta(mcm(change(rc(ltp=3)), pt=2_000))
    assert signals(builder).big_move.direction(2_000, 50, 2_000) == 1


def test_detectors_see_a_message_once_at_its_end() -> None:
    builder = built(mcm(change(rc(ltp=2))))
    builder.apply_delta(mcm(change(rc(ltp=5)), change(rc(ltp=2)), pt=2_000))
    assert signals(builder).big_move.direction(2_000, 1, 2_000) == 0


@pytest.mark.parametrize(
    ("ladder", "moved"),
    [
        ({"priceLadderDefinition": {"type": "CLASSIC"}}, 1),
        ({"priceLadderDefinition": {"type": "FINEST"}}, 0),
    ],
)
def test_another_ladder_starts_what_counts_in_ticks_anew(
    ladder: dict[str, Any], moved: int
) -> None:
    builder = built(mcm(change(rc(ltp=2))), mcm(change(rc(ltp=3)), pt=1_500))
    builder.apply_delta(mcm(change(marketDefinition=definition("OPEN", 7, **ladder)), pt=1_600))
    assert signals(builder).big_move.direction(1_600, 5, 2_000) == moved
    assert signals(builder).trend.drift(1_600, 2.0, 20.0) == 0.0


def test_the_ladder_is_compared_between_messages() -> None:
    builder = built(mcm(change(rc(ltp=2))), mcm(change(rc(ltp=3)), pt=1_500))
    finest = definition("OPEN", 7, priceLadderDefinition={"type": "FINEST"})
    there_and_back = (change(marketDefinition=finest), change(marketDefinition=definition()))
    builder.apply_delta(mcm(*there_and_back, pt=1_600))
    assert signals(builder).big_move.direction(1_600, 5, 2_000) == 1


def removed(status: str, factor: float | None, selection_id: int = 8) -> dict[str, Any]:
    runner = {"id": selection_id, "status": status, "adjustmentFactor": factor}
    return change(marketDefinition={"status": "OPEN", "runners": [runner]})


def removal_ms(builder: BookBuilder) -> int | None:
    market = builder.markets[M]
    assert market.signals is not None
    return market.signals.factor_removal_ms


@pytest.mark.parametrize(
    ("status", "factor", "selection_id", "seen"),
    [
        ("REMOVED", 12.5, 8, True),
        ("REMOVED", 0, 8, False),
        ("REMOVED", None, 8, False),
        ("ACTIVE", 12.5, 8, False),
        ("REMOVED", 12.5, 9, True),  # not among the runners before: not removed before
    ],
)
def test_a_removal_with_a_factor_is_seen(
    status: str, factor: float | None, selection_id: int, seen: bool
) -> None:
    builder = built(mcm(removed("ACTIVE", 12.5)))
    builder.apply_delta(mcm(removed(status, factor, selection_id), pt=2_000))
    assert removal_ms(builder) == (2_000 if seen else None)


def test_a_removal_is_told_once_and_not_by_a_first_definition() -> None:
    builder = built(mcm(removed("REMOVED", 12.5)))
    assert removal_ms(builder) is None
    builder.apply_delta(mcm(removed("ACTIVE", 12.5), pt=2_000))
    builder.apply_delta(mcm(removed("REMOVED", 12.5), pt=3_000))
    builder.apply_delta(mcm(removed("REMOVED", 12.5), pt=4_000))
    assert removal_ms(builder) == 3_000


# --- no signals, no work ------------------------------------------------------------------------


def test_without_settings_no_work_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("signal work was done")

    monkeypatch.setattr(book_builder, "MarketMessage", refuse)
    monkeypatch.setattr(book_builder, "MarketSignals", refuse)
    live = definition("OPEN", 7, inPlay=True)
    builder = BookBuilder()
    builder.apply_delta(mcm(change(rc(trd=[[2, 1]]), img=True)))
    builder.apply_delta(mcm(change(rc(trd=[[2, 5]]), marketDefinition=live)))
    assert builder.markets[M].signals is None
    assert book(builder).prices["trd"] == {200: 500}


def test_the_books_are_the_same_with_signals_and_without() -> None:
    messages = [
        mcm(change(rc(atb=[[2, 1]], batb=[[0, 2, 1]], trd=[[2, 1]]), img=True)),
        mcm(change(rc(trd=[], batb=[[0, 2, 0]]), rc(8, atl=[[3, 1]]))),
    ]
    with_signals, without = built(*messages), built(*messages, signal_settings=None)
    for selection_id in (7, 8):
        ours, theirs = book(with_signals, selection_id), book(without, selection_id)
        assert (ours.prices, ours.levels) == (theirs.prices, theirs.levels)


def test_a_refused_message_changes_no_signal() -> None:
    builder = busy()
    before = rate(builder, now_ms=2_000)
    bad = mcm(change(rc(7, trd=[[2, 90]])), change(rc(7, atb=5)), pt=3_000)
    with pytest.raises(MessageError):
        builder.apply_delta(bad)
    assert (rate(builder, now_ms=2_000), signals(builder).last_traded_ms) == (before, 2_000)
