"""The pure-Python Hotloop, fed as the extension is: what one line of configuration changes."""

import time
from typing import Any

from trader.strategy.hotloop.reference import Hotloop


class Lines:
    def __init__(self, lines: list[bytes]) -> None:
        self._lines = lines
        self._book = Hotloop()

    def whole(self) -> None:
        apply_delta = self._book.apply_delta
        for line in self._lines:
            apply_delta(line, 0)

    def each(self, samples: list[int]) -> None:
        apply_delta, clock = self._book.apply_delta, time.perf_counter_ns
        for line in self._lines:
            begun = clock()
            apply_delta(line, 0)
            samples.append(clock() - begun)

    def counts(self) -> dict[str, int]:
        stats = self._book.stats()
        changes = {name: stats[name] for name in ("market_changes", "runner_changes")}
        return {"lines": stats["messages"], **changes}


def start(lines: list[bytes], _path: str, _options: dict[str, Any]) -> Lines:
    return Lines(lines)
