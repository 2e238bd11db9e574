"""Whoever is in the shadow does the same, is compared, and is never in the way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from trader.betfair.testing import change, mcm, rc
from trader.strategy.hotloop.api import Hotloop
from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.interface import METHODS, Backend
from trader.strategy.hotloop.shadow import SHOWN_MAX, ShadowHotloop, ShadowLostError

M: Final = "1.1"
LEVELS: Final = {"atb": [[1.9, 20], [1.8, 30]], "atl": [[2, 50], [2.02, 60]]}


class PanicException(BaseException):
    """As pyo3 names what comes of a panic."""


class Totals:
    def __init__(self) -> None:
        self.shadow_comparisons_total = 0
        self.shadow_differences_total: Counter[str] = Counter()
        self.shadow_losses_total = 0


class Other:
    """A Hotloop that answers some of its methods in a way of its own."""

    backend: Backend = "rust"

    def __init__(self, **answers: Callable[..., object]) -> None:
        self.inner = Hotloop(None, rust=False)
        self.calls: Counter[str] = Counter()
        for name in METHODS:
            setattr(self, name, self._method(name, answers.get(name)))

    def _method(self, name: str, answer: Callable[..., object] | None) -> Callable[..., object]:
        own = getattr(self.inner, name)

        def call(*args: object, **named: object) -> object:
            self.calls[name] += 1
            if answer is not None:
                own(*args, **named)
                return answer(*args, **named)
            return own(*args, **named)

        return call


def raising(error: BaseException) -> Callable[..., object]:
    def answer(*_args: object, **_named: object) -> object:
        raise error

    return answer


def shadowed(**answers: Callable[..., object]) -> tuple[ShadowHotloop, Other, Totals]:
    other, totals = Other(**answers), Totals()
    used = Hotloop(None, rust=False)
    return ShadowHotloop(used, other, totals=totals), other, totals  # type: ignore[arg-type]


def lines() -> Iterator[bytes]:
    """An image, a trade, and prices that come and go."""
    definition = {"status": "OPEN", "marketBaseRate": 5, "runners": [{"id": 7}]}
    image = change(rc(**LEVELS, trd=[[2, 10]]), img=True, marketDefinition=definition)
    yield json.dumps(mcm(image, pt=1)).encode()
    traded = change(rc(trd=[[2, 30]], atl=[[2, 35]], ltp=2))
    yield json.dumps(mcm(traded, pt=6_000)).encode()
    for pt in range(7_000, 12_000, 1_000):
        yield json.dumps(mcm(change(rc(atb=[[1.9, pt / 100]])), pt=pt)).encode()


def play(book: ShadowHotloop) -> None:
    for number, line in enumerate(lines()):
        book.apply_delta(line, number)
        book.look()


def test_two_that_agree_have_no_difference_and_many_comparisons() -> None:
    book, other, totals = shadowed()
    play(book)
    book.track_order("a", M, 7, "BACK", 2.0)
    assert book.pfill_ttf(M, 7, "BACK", 2.0, size=2.0, horizon_ms=1_000) == other.inner.pfill_ttf(
        M, 7, "BACK", 2.0, 2.0, 1_000
    )
    assert not book.differences
    assert not book.lost
    assert book.comparisons == totals.shadow_comparisons_total > 500
    assert (book.used, book.backend) == ("python", "rust")


def test_an_answer_that_differs_is_counted_and_the_one_in_use_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    book, _, totals = shadowed(best=lambda *_: (1.0, 1.0, 1.0, 1.0))
    play(book)
    looked = book.differences_by_method["best"]
    assert looked == 7, "after each line"
    assert book.best(M, 7) == (1.9, 110.0, 2.0, 35.0)
    assert book.differences_by_method == totals.shadow_differences_total == {"best": looked + 1}
    said = "at line 7: best('1.1', 7) python: (1.9, 110.0, 2.0, 35.0) rust: (1.0, 1.0, 1.0, 1.0)"
    assert said in caplog.text


def test_only_the_first_differences_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    book, _, _ = shadowed(spread_ticks=lambda *_: 77)
    next_line = list(lines())
    book.apply_delta(next_line[0], 1)
    for _ in range(3 * SHOWN_MAX):
        book.spread_ticks(M, 7)
    assert book.differences_by_method["spread_ticks"] == 3 * SHOWN_MAX
    assert len(caplog.records) == SHOWN_MAX
    assert "(the last one that is shown)" in caplog.records[-1].getMessage()


def test_an_error_that_only_one_of_them_raises_is_a_difference() -> None:
    book, _, _ = shadowed(get_mbr=raising(ValueError("no")), best2_sum=raising(HotloopError("no")))
    book.apply_delta(next(lines()), 1)
    assert book.get_mbr(M) == 5.0
    assert book.best2_sum(M, 7, "BACK") == 50.0
    assert book.differences_by_method == {"get_mbr": 1, "best2_sum": 1}
    assert not book.lost, "its books are what they were"


def test_a_line_that_both_refuse_is_no_difference_and_one_that_one_takes_is() -> None:
    book, _, _ = shadowed()
    with pytest.raises(HotloopError):
        book.apply_delta(b"{", 1)
    assert not book.differences
    book, _, _ = shadowed(apply_delta=raising(HotloopError("no")))
    assert book.apply_delta(next(lines()), 1) == [(M, 7, 0.0)]
    assert book.differences_by_method == {"apply_delta": 1}


@pytest.mark.parametrize("error", [PanicException("at the disco"), RuntimeError("broken")])
def test_a_shadow_that_fails_at_a_line_is_dropped_and_trading_goes_on(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    book, other, totals = shadowed(apply_delta=raising(error))
    play(book)
    assert str(error) in book.lost
    assert (book.backend, totals.shadow_losses_total) == ("", 1)
    assert other.calls["apply_delta"] == 1, "it is not asked again"
    assert book.differences_by_method == {"apply_delta": 1}
    assert book.best(M, 7)[0] == 1.9
    assert [r.levelname for r in caplog.records if "is lost" in r.getMessage()] == ["ERROR"]
    with pytest.raises(ShadowLostError, match=str(error)):
        book.promote()


def test_a_panic_at_an_answer_is_survived_wherever_it_is_asked_for() -> None:
    book, _, _ = shadowed(trend_lens=raising(PanicException("lost the trend")))
    play(book)
    assert book.lost == "it stopped half-way: lost the trend"
    assert book.trend_lens(M, 7) != 0.0


@pytest.mark.parametrize("error", [PanicException("at that question"), RuntimeError("broken")])
def test_one_in_use_that_fails_at_a_question_of_the_comparison_goes_on_without_it(
    error: BaseException,
) -> None:
    used, shadow = Other(ladder_top=raising(error)), Hotloop(None, rust=False)
    book = ShadowHotloop(used, shadow)  # type: ignore[arg-type]
    play(book)
    assert book.lost
    assert book.best(M, 7)[0] == 1.9
    with pytest.raises(type(error)):
        book.ladder_top(M, 7, "BACK")  # what the trader asks itself is its own matter


def test_a_keyboard_interrupt_is_none_of_the_shadows_errors() -> None:
    book, _, _ = shadowed(last_pt_ms=raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        book.last_pt_ms()


def test_promoted_the_other_one_answers_with_the_orders_it_followed() -> None:
    book, other, _ = shadowed()
    told: list[dict[str, Any]] = []
    book.set_emit(told.append)
    kept = book.size_ahead  # as whoever asks has it from before
    played = list(lines())
    book.apply_delta(played[0], 1)
    book.track_order("a", M, 7, "BACK", 2.0)
    book.apply_delta(played[1], 2)
    book.look()
    ahead = kept(M, 7, "BACK", 2.0, "a")
    assert 0.0 < ahead < 50.0
    before = other.calls["size_ahead"]
    book.promote()
    assert (book.used, book.backend) == ("rust", "python")
    assert kept(M, 7, "BACK", 2.0, "a") == ahead
    assert other.calls["size_ahead"] == before + 1
    with pytest.raises(HotloopError):
        book.apply_delta(b"{", 1)
    assert [event["event"] for event in told] == ["error"], "said by the one in use, once"
    book.promote()
    assert book.used == "python"
    assert not book.differences


def test_positions_of_orders_are_compared_after_lines() -> None:
    book, other, _ = shadowed()
    played = list(lines())
    book.apply_delta(played[0], 1)
    book.track_order("a", M, 7, "BACK", 2.0)
    other.inner.reseed_queue("a", 3.0)
    book.look()
    assert book.differences_by_method == {"size_ahead": 1}
    book.untrack_order("a")
    book.apply_delta(played[1], 2)
    book.look()
    assert book.differences_by_method == {"size_ahead": 1}


def test_both_take_a_configuration_or_the_shadow_goes() -> None:
    book, other, _ = shadowed()
    book.update_config({"max_ttf_ms": 7})
    assert other.calls["update_config"] == 1
    with pytest.raises(HotloopError, match="max_ttf_ms"):
        book.update_config({"max_ttf_ms": -7})
    assert other.calls["update_config"] == 1, "what is refused is not told on"
    book, _, _ = shadowed(update_config=raising(HotloopError("not I")))
    book.update_config({"max_ttf_ms": 7})
    assert book.differences_by_method == {"update_config": 1}
    assert "does not take the configuration" in book.lost


def test_it_looks_after_every_so_many_lines() -> None:
    book, _, _ = shadowed(rf_seen_recently=lambda *_: True)
    book.set_pace(3, 1.0)
    play(book)
    assert book.differences_by_method["rf_seen_recently"] == 2 * 2, "after two of seven lines"


def test_looking_takes_no_more_than_its_share_of_the_time() -> None:
    now_s = [0.0]

    def timer() -> float:
        now_s[0] += 0.001  # each look at the clock takes so long
        return now_s[0]

    used, other = Hotloop(None, rust=False), Other()
    book = ShadowHotloop(used, other, load=0.01, timer=timer)  # type: ignore[arg-type]
    for number in range(40):
        pt = 1_000 + number
        book.apply_delta(json.dumps(mcm(change(rc(**LEVELS), img=True), pt=pt)).encode(), number)
        book.look()
    compared = book.comparisons
    assert 0 < book.skipped < 40
    now_s[0] += 60.0
    book.look()
    assert book.comparisons == compared, "what was passed over is not looked at later"
    book.apply_delta(next(lines()), 1)
    book.look()
    assert book.comparisons > compared + 50, "there was time again"


def test_many_markets_at_once_take_no_longer_than_one_may() -> None:
    now_s = [0.0]

    def slow_market(*_: object) -> float:
        now_s[0] += 0.015  # each market takes so long
        return 5.0

    used, other = Hotloop(None, rust=False), Other(get_mbr=slow_market)
    book = ShadowHotloop(used, other, load=0.01, timer=lambda: now_s[0])  # type: ignore[arg-type]
    definition = {"status": "OPEN", "marketBaseRate": 5, "runners": [{"id": 7}]}
    for number in range(50):
        image = change(rc(**LEVELS), img=True, marketDefinition=definition) | {"id": f"1.{number}"}
        book.apply_delta(json.dumps(mcm(image, pt=1_000 + number)).encode(), number)
    book.look()
    assert other.calls["get_mbr"] == 2, "the second one passed the limit"
    assert book.skipped == 1
