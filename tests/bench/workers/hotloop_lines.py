"""`Hotloop.apply_delta(bytes, ts)`: parsing, books and signals, one call for each line.

Of the extension or of the pure-Python reference: what one line of configuration changes.
"""

import time
from importlib import import_module
from typing import Any


class Lines:
    def __init__(self, lines: list[bytes], module: str) -> None:
        self._lines = lines
        self._book = import_module(module).Hotloop()

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


def start(lines: list[bytes], _path: str, options: dict[str, Any]) -> Lines:
    return Lines(lines, options["module"])
