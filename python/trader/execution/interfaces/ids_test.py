"""Intent identities: shape, order, repeatability."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.execution.interfaces.ids import IdSource, is_intent_id, new_intent_id

times_ms = st.integers(0, 2**48 - 1)


def test_identity_is_26_characters_of_crockford_base_32() -> None:
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", IdSource(1).new(1_700_000_000_000))
    assert is_intent_id(new_intent_id())


def test_first_ten_characters_are_the_time() -> None:
    # 1469918176385 ms is the ULID specification's own example.
    assert IdSource(1).new(1_469_918_176_385).startswith("01ARYZ6S41")


def test_one_seed_gives_one_sequence() -> None:
    one, other, third = IdSource(7), IdSource(7), IdSource(8)
    assert [one.new(t) for t in (5, 5, 9)] == [other.new(t) for t in (5, 5, 9)]
    assert IdSource(7).new(5) != third.new(5)


@given(st.lists(times_ms, min_size=2, max_size=50))
def test_identities_rise_whatever_the_clock_does(times: list[int]) -> None:
    source = IdSource(3)
    made = [source.new(t) for t in times]
    assert made == sorted(set(made))


@pytest.mark.parametrize("ts_ms", [-1, 2**48])
def test_time_outside_48_bits_is_refused(ts_ms: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        IdSource(1).new(ts_ms)


@pytest.mark.parametrize("text", ["", "a" * 33, "a_b", "a b", "ab\n", "é", "٣"])
def test_texts_that_the_venue_would_refuse(text: str) -> None:
    assert not is_intent_id(text)
