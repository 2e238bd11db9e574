"""Which horizons a stream can judge."""

from __future__ import annotations

from trader.calibration.spacing import Spacing


def spaced(*times_ms: int) -> Spacing:
    spacing = Spacing()
    for ms in times_ms:
        spacing.add(ms)
    return spacing


def test_a_stream_that_tells_a_second_at_once_judges_no_second() -> None:
    conflated = spaced(*[1001] * 99, 40)
    assert conflated.ms == 1000
    assert not conflated.can_judge(1000)
    assert conflated.can_judge(5000)


def test_a_quiet_market_is_not_a_conflated_one() -> None:
    quiet = spaced(*[9000] * 9, 120)
    assert quiet.ms == 120
    assert quiet.can_judge(1000)


def test_a_single_message_says_nothing_of_the_spacing() -> None:
    assert spaced().ms is None
    assert spaced().can_judge(1000)


def test_the_counts_are_bounded() -> None:
    spacing = spaced(*range(0, 10_000_000, 997))
    assert len(spacing._counts) <= 6001
