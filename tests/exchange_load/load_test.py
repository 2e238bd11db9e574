"""A small load: nothing is lost on the way, whatever it takes."""

from __future__ import annotations

from tests.exchange_load.load import Load, measure


def test_under_load_no_line_is_lost_and_every_book_is_the_venues() -> None:
    figures = measure(Load(markets=50, messages_per_s=1_000.0, orders_per_s=100.0, seconds=3.0))
    assert figures.lines == figures.lines_sent
    assert figures.lines > figures.events > 1_000
    assert figures.orders > 50
    assert figures.failures == {}
    assert figures.differing_books == 0
