"""The canonical-event fixtures, on every combination of backends, each held to its last word."""

from __future__ import annotations

import copy
from itertools import product
from pathlib import Path
from typing import Final

import pytest

from tests.ce.player import Fixture, play, read_fixtures
from tests.e2e.trader_process import need_executor, need_rust_hotloop

COMBINATIONS: Final = list(product(("python", "rust"), ("python", "rust")))
FIXTURES: Final = read_fixtures()
NAMES: Final = [fixture.name for fixture in FIXTURES]
WANTED: Final = {
    *("quote", "partial_fill", "hedge", "replace_race", "suspension", "non_runner"),
    *("in_play_turn", "ttl", "fee_gate", "disconnect"),
}


def check(fixture: Fixture, told: list[list[str]]) -> None:
    """Every event came to what the fixture says."""
    for event, expected, came in zip(fixture.events, fixture.expected, told, strict=True):
        assert came == expected, f"{fixture.name}: {event}"


def test_the_fixtures_that_are_promised_are_there() -> None:
    assert set(NAMES) >= WANTED


@pytest.mark.parametrize(("hotloop", "execution"), COMBINATIONS)
@pytest.mark.parametrize("fixture", FIXTURES, ids=NAMES)
def test_it_comes_to_what_it_says(
    tmp_path: Path, fixture: Fixture, hotloop: str, execution: str
) -> None:
    if hotloop == "rust":
        need_rust_hotloop()
    if execution == "rust":
        need_executor()
    check(fixture, play(fixture, tmp_path, hotloop, execution))


@pytest.mark.parametrize("fixture", FIXTURES, ids=NAMES)
def test_it_fails_when_any_line_of_its_expectation_is_another(
    tmp_path: Path, fixture: Fixture
) -> None:
    told = play(fixture, tmp_path, "python", "python")
    altered = 0
    for place, expected in enumerate(fixture.expected):
        for number, line in enumerate(expected):
            for instead in ([], [line + "0"]):
                events = copy.deepcopy(fixture.events)
                events[place]["expect"][number : number + 1] = instead
                other = Fixture(fixture.name, fixture.about, fixture.config, events)
                with pytest.raises(AssertionError):
                    check(other, told)
                altered += 1
    assert altered > 2, "it expects something"
