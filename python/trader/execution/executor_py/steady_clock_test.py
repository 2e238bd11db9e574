"""The clock of a live executor."""

from __future__ import annotations

from trader.execution.executor_py.steady_clock import SteadyClock

_MS = 1_000_000


def test_a_wall_that_is_set_forward_is_followed_and_one_that_is_set_back_is_not() -> None:
    clock = SteadyClock(1_000_000)
    at = clock._at_ns
    assert clock.read_at(at + 10 * _MS, 1_000_010) == (1_000_010, 0)
    assert clock.read_at(at + 20 * _MS, 1_060_020) == (1_060_020, 60_000)
    assert clock.read_at(at + 30 * _MS, 1_000_030) == (1_060_030, -60_000)


def test_it_goes_on_though_the_wall_stands() -> None:
    clock = SteadyClock(5_000)
    assert clock.read_at(clock._at_ns + 400 * _MS, 5_000) == (5_400, 0)
