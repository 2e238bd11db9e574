"""The collector is as it was afterwards, whatever happened."""

from __future__ import annotations

import gc

import pytest

from trader.collector import YOUNG_MAX, out_of_the_way


def test_what_is_there_is_left_out_meanwhile_and_all_is_as_before_after_a_failure() -> None:
    before = gc.get_threshold()
    with pytest.raises(ValueError, match="failed"), out_of_the_way():
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] == YOUNG_MAX
        raise ValueError("failed")
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
