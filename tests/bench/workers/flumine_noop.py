"""flumine: its simulation over the file, with a strategy that is shown each book and does nothing.

It reads the file itself: that is inside the clock, from a plain file in a folder of memory. What a
message cost is the time from one book it shows the strategy to the next.
"""

import importlib
import time
from typing import Any

flumine: Any = importlib.import_module("flumine")
clients: Any = importlib.import_module("flumine.clients")
historical: Any = importlib.import_module("flumine.streams.betfairhistoricalstream")


class Watcher(flumine.BaseStrategy):  # type: ignore[misc]  # its types are not known here
    """Counts the books it is shown; with `samples`, tells the time between them."""

    books = 0
    samples: list[int] | None = None
    since_ns = 0

    def check_market_book(self, _market: Any, _book: Any) -> bool:
        self.books += 1
        if self.samples is not None:
            now = time.perf_counter_ns()
            self.samples.append(now - self.since_ns)
            self.since_ns = now
        return False

    def process_closed_market(self, _market: Any, _book: Any) -> None:
        self.books += 1


class Simulation:
    def __init__(self, path: str) -> None:
        self._framework = flumine.FlumineSimulation(client=clients.SimulatedClient())
        self._watcher = Watcher(streams=[historical.BetfairHistoricalStream(file_path=path)])
        self._framework.add_strategy(self._watcher)

    def whole(self) -> None:
        self._framework.run()

    def each(self, samples: list[int]) -> None:
        self._watcher.samples = samples
        self._watcher.since_ns = time.perf_counter_ns()
        self._framework.run()

    def counts(self) -> dict[str, int]:
        return {"books": self._watcher.books}


def start(_lines: list[bytes], path: str, _options: dict[str, Any]) -> Simulation:
    return Simulation(path)
