"""`orjson.loads` alone: the least that a program in Python pays before it has a book."""

import importlib
import time
from typing import Any

orjson: Any = importlib.import_module("orjson")


class Loads:
    def __init__(self, lines: list[bytes]) -> None:
        self._lines = lines

    def whole(self) -> None:
        loads, lines = orjson.loads, self._lines
        for line in lines:
            loads(line)

    def each(self, samples: list[int]) -> None:
        loads, clock = orjson.loads, time.perf_counter_ns
        for line in self._lines:
            begun = clock()
            loads(line)
            samples.append(clock() - begun)

    def counts(self) -> dict[str, int]:
        decoded = [orjson.loads(line) for line in self._lines]
        changes = [change for message in decoded for change in message.get("mc") or ()]
        runners = sum(len(change.get("rc") or ()) for change in changes)
        return {"lines": len(decoded), "market_changes": len(changes), "runner_changes": runners}


def start(lines: list[bytes], _path: str, _options: dict[str, Any]) -> Loads:
    return Loads(lines)
