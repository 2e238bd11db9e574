"""The hysteresis of an executor's health."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.execution.health import Health


def test_healthy_from_the_first_good_look_on() -> None:
    assert Health(5.0).judge("", 0.0) == ""


def test_a_fall_is_told_at_once_and_a_recovery_after_its_time() -> None:
    health = Health(2.0)
    assert health.judge("no heartbeat", 10.0) == "no heartbeat"
    assert health.judge("", 11.0) == "well again for 0.0 of 2 s after: no heartbeat"
    assert health.judge("", 12.9).startswith("well again for 1.9 of 2 s")
    assert health.judge("", 13.0) == ""
    assert health.falls == 1


def test_what_comes_and_goes_starts_over_each_time() -> None:
    health = Health(2.0)
    for at_s in range(0, 20, 2):
        assert health.judge("cut", float(at_s))
        assert health.judge("", at_s + 1.5)
    assert health.falls == 1, "it never was healthy in between"
    assert health.judge("", 21.5) == ""


def test_no_time_to_recover_is_no_hysteresis() -> None:
    health = Health(0.0)
    assert health.judge("cut", 1.0) == "cut"
    assert health.judge("", 1.0) == ""


def test_a_negative_time_is_refused() -> None:
    with pytest.raises(ValueError, match="below 0"):
        Health(-1.0)


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 3.0)), max_size=40))
def test_healthy_exactly_when_well_for_long_enough_since_the_last_fall(
    looks: list[tuple[bool, float]],
) -> None:
    health, now_s = Health(2.0), 0.0
    last_bad_s: float | None = None
    well_since_s: float | None = None
    healthy = True
    for is_well, passed_s in looks:
        now_s += passed_s
        if not is_well:
            last_bad_s, well_since_s, healthy = now_s, None, False
        elif well_since_s is None:
            well_since_s = now_s
        if is_well and last_bad_s is not None and well_since_s is not None:
            healthy = healthy or now_s - well_since_s >= 2.0
        assert (health.judge("" if is_well else "bad", now_s) == "") == healthy
