"""With the one in the shadow of the other no recording has a difference, whoever is used."""

from typing import Final

import pytest

from tests.parity.recordings import per_recording, read_lines
from trader.strategy.hotloop.api import Hotloop
from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.shadow import ShadowHotloop

LOOK_EVERY: Final = 50
"""Lines; what each one says is compared by the tests of parity."""
PROMOTE_AT: Final = 2_000
ORDERS_EVERY: Final = 50


@pytest.mark.parametrize("rust", [False, True])
@per_recording
def test_every_line_of_a_recording_without_a_difference(name: str, *, rust: bool) -> None:
    book = ShadowHotloop(Hotloop(None, rust=rust), Hotloop(None, rust=not rust), every=LOOK_EVERY)
    refused = 0
    for number, line in enumerate(read_lines(name), start=1):
        try:
            touched = book.apply_delta(line, number)
        except HotloopError:
            refused += 1
            continue
        for market_id, runner, handicap in touched[:1] if number % ORDERS_EVERY == 0 else ():
            best = book.best(market_id, runner, handicap)
            if best[2] is not None:
                order_id = f"o{number % 7}"
                book.track_order(order_id, market_id, runner, "BACK", best[2], 0.0, handicap)
        if number == PROMOTE_AT:
            book.promote()
        book.look()
    assert not book.differences
    assert not book.lost
    assert book.comparisons > refused
