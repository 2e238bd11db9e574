"""Clocks tell the time their way; timers do things in order of time, whatever the steps."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.clock import ScaledClock, SteppedClock, Timers, WallClock

T0_MS = 1_700_000_000_000


class Machine:
    """The machine's own clocks, set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monotonic_s = 50.0
        self.time_ns = T0_MS * 1_000_000
        of_clock = SimpleNamespace(monotonic=lambda: self.monotonic_s, time_ns=lambda: self.time_ns)
        monkeypatch.setattr("trader.clock.time", of_clock)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_a_scaled_clock_runs_so_many_times_faster(machine: Machine) -> None:
    scaled = ScaledClock(T0_MS, 60.0)
    assert scaled.now_ms() == T0_MS
    machine.monotonic_s += 2.0
    assert scaled.now_ms() == T0_MS + 120_000
    assert scaled.seconds_until(T0_MS + 180_000) == pytest.approx(1.0)
    assert scaled.seconds_until(T0_MS) == 0.0


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_clock_without_speed_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="its speed is above 0"):
        ScaledClock(T0_MS, speed)


def test_the_wall_clock_does_not_go_back_when_the_machine_is_set_back(machine: Machine) -> None:
    wall = WallClock()
    machine.time_ns -= 3_600 * 10**9
    machine.monotonic_s += 0.25
    assert wall.now_ms() == T0_MS + 250
    assert wall.seconds_until(T0_MS + 1_000) == pytest.approx(0.75)


def test_a_stepped_clock_stands_until_it_is_advanced() -> None:
    stepped = SteppedClock(T0_MS)
    assert stepped.seconds_until(T0_MS + 1) is None
    assert stepped.seconds_until(T0_MS) == 0.0
    stepped.advance(T0_MS + 5)
    assert stepped.now_ms() == T0_MS + 5
    with pytest.raises(ValueError, match="does not go back"):
        stepped.advance(T0_MS + 4)
    assert stepped.now_ms() == T0_MS + 5


def test_things_are_done_in_order_of_time_and_then_of_asking() -> None:
    timers, done = Timers(0), []

    def noting(name: str) -> Callable[[], None]:
        return lambda: done.append((name, timers.now_ms))

    for name, due_ms in (("c", 20), ("a", 10), ("d", 20), ("b", 10)):
        timers.at(due_ms, noting(name))
    assert timers.next_due_ms() == 10
    timers.advance(15)
    assert done == [("a", 10), ("b", 10)]
    assert timers.now_ms == 15
    timers.advance(30)
    assert done[2:] == [("c", 20), ("d", 20)]
    assert timers.next_due_ms() is None


def test_what_is_due_in_the_past_is_done_with_the_next_advance() -> None:
    timers, done = Timers(100), []
    timers.at(50, lambda: done.append(timers.now_ms))
    timers.advance(40)
    assert done == [100]
    assert timers.now_ms == 100


def test_an_action_may_ask_for_more_within_the_same_advance() -> None:
    timers, done = Timers(0), []

    def again() -> None:
        done.append(timers.now_ms)
        timers.after(10, again)

    timers.after(10, again)
    timers.advance(35)
    assert done == [10, 20, 30]
    assert timers.next_due_ms() == 40


def test_a_cancelled_timer_is_not_done_and_may_be_cancelled_again() -> None:
    timers, done = Timers(0), []
    first = timers.at(10, lambda: done.append("first"))
    timers.at(20, lambda: done.append("second"))
    first.cancel()
    first.cancel()
    assert timers.next_due_ms() == 20
    timers.advance(20)
    assert done == ["second"]


def test_a_timer_that_was_done_may_be_cancelled() -> None:
    timers, done = Timers(0), []
    timer = timers.at(10, lambda: done.append(timers.now_ms))
    timers.advance(10)
    timer.cancel()
    timers.advance(20)
    assert done == [10]


def test_an_action_that_fails_is_not_done_twice_and_the_others_are_done() -> None:
    timers, done = Timers(0), []

    def fail() -> None:
        done.append("fail")
        raise RuntimeError("boom")

    timers.at(10, fail)
    timers.at(10, lambda: done.append("other"))
    with pytest.raises(RuntimeError, match="boom"):
        timers.advance(20)
    timers.advance(20)
    assert done == ["fail", "other"]


def test_cancelled_timers_far_away_do_not_pile_up() -> None:
    timers = Timers(0)
    timers.at(10**9, lambda: None)
    for _ in range(10_000):
        timers.at(10**8, lambda: None).cancel()
    assert len(timers._heap) < 200
    assert timers.next_due_ms() == 10**9


Asked = tuple[int, int, bool]
"""(due, asks again after so long once, or 0; cancelled)."""


@given(
    asked=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 30), st.booleans()), max_size=20),
    stops=st.lists(st.integers(0, 140), max_size=12).map(sorted),
)
def test_many_steps_do_what_one_step_does(asked: list[Asked], stops: list[int]) -> None:
    def run(steps: list[int]) -> list[tuple[int, int]]:
        timers, done = Timers(0), []

        def action(index: int, again_ms: int) -> Callable[[], None]:
            def act() -> None:
                done.append((index, timers.now_ms))
                if again_ms:
                    timers.after(again_ms, action(index, 0))

            return act

        for index, (due_ms, again_ms, is_cancelled) in enumerate(asked):
            timer = timers.at(due_ms, action(index, again_ms))
            if is_cancelled:
                timer.cancel()
        for to_ms in steps:
            timers.advance(to_ms)
        assert timers.now_ms == 150
        return done

    assert run([*stops, 150]) == run([150])
