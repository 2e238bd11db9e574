"""`Hotloop.pfill_ttf`: one call for each order one might place, on a book in mid-market.

The book has seen `warm_share` of the file, so that it is open and its signals are warm. The orders
asked for join the queue at each of the best three prices of both sides of every runner.
"""

import itertools
import time
from typing import Any

from hotloop import Hotloop

Order = tuple[str, int, str, float, float, float]


def orders(book: Hotloop) -> list[Order]:
    """(market, runner, side, price, size, handicap), as `asked` takes them apart."""
    found = []
    for market_id in book.markets():
        market = book.market(market_id)
        assert market is not None
        for runner in market["runners"]:
            selection_id, handicap = runner["id"], runner["handicap"]
            # A resting BACK stands in what is available to lay, and the other way round.
            for rests, taken in (("BACK", "LAY"), ("LAY", "BACK")):
                rows = book.ladder_top(market_id, selection_id, taken, 3, True, handicap)
                found += [
                    (market_id, selection_id, rests, price, 2.0, handicap) for price, _ in rows
                ]
    return found


class Pfill:
    def __init__(self, lines: list[bytes], options: dict[str, Any]) -> None:
        self._book = Hotloop()
        self._book.apply_batch(lines[: max(1, int(len(lines) * options["warm_share"]))], 0)
        found = orders(self._book)
        # An empty book leaves nothing to ask: the count then says 0, and the suite that it is bad.
        self._calls = list(itertools.islice(itertools.cycle(found), options["calls"]))

    def whole(self) -> None:
        pfill_ttf = self._book.pfill_ttf
        for market_id, runner, side, price, size, handicap in self._calls:
            pfill_ttf(market_id, runner, side, price, size, None, handicap)

    def each(self, samples: list[int]) -> None:
        pfill_ttf, clock = self._book.pfill_ttf, time.perf_counter_ns
        for market_id, runner, side, price, size, handicap in self._calls:
            begun = clock()
            pfill_ttf(market_id, runner, side, price, size, None, handicap)
            samples.append(clock() - begun)

    def counts(self) -> dict[str, int]:
        asked = list(dict.fromkeys(self._calls))
        answers = [
            self._book.pfill_ttf(market_id, runner, side, price, size, None, handicap)
            for market_id, runner, side, price, size, handicap in asked
        ]
        likely = sum(probability > 0 for probability, _ in answers)
        return {"calls": len(self._calls), "orders": len(asked), "orders_likely": likely}


def start(lines: list[bytes], _path: str, options: dict[str, Any]) -> Pfill:
    return Pfill(lines, options)
