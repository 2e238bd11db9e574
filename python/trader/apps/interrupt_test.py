"""A first signal asks for a clean end, a second one later for an end at once."""

from __future__ import annotations

import signal

import pytest

from trader.apps.interrupt import TOGETHER_S, HangUp, Interrupt


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds since some time; the only element is now."""
    now = [100.0]
    monkeypatch.setattr("trader.apps.interrupt.monotonic", lambda: now[0])
    return now


@pytest.mark.usefixtures("clock")
def test_signals_that_come_together_are_one() -> None:
    with Interrupt() as interrupt:
        assert not interrupt.requested()
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert interrupt.requested()


def test_a_second_signal_later_ends_it_at_once(clock: list[float]) -> None:
    with Interrupt() as interrupt:
        signal.raise_signal(signal.SIGINT)
        clock[0] += 2 * TOGETHER_S
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert interrupt.requested()


@pytest.mark.usefixtures("clock")
def test_a_first_signal_after_a_request_does_not_end_it_at_once() -> None:
    with Interrupt() as interrupt:
        interrupt.request()
        signal.raise_signal(signal.SIGINT)
        assert interrupt.requested()


def test_hanging_up_is_asked_as_often_as_one_likes_and_answered_once() -> None:
    former = signal.getsignal(signal.SIGHUP)
    with HangUp() as hang_up:
        assert not hang_up.taken()
        for _ in range(100):
            signal.raise_signal(signal.SIGHUP)
        assert hang_up.taken()
        assert not hang_up.taken()
        signal.raise_signal(signal.SIGHUP)
        assert hang_up.taken()
    assert signal.getsignal(signal.SIGHUP) is former
