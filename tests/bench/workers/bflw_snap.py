"""betfairlightweight: each line through its listener, then a snap of the markets it touched.

`lightweight` gives dictionaries, else its resource objects. Ids to snap are read from the lines
before the clock starts: asking for all markets would cost it more, for no more books.
"""

import importlib
import json
import time
from typing import Any

betfairlightweight: Any = importlib.import_module("betfairlightweight")


def touched(line: bytes) -> list[str]:
    message = json.loads(line)
    return list(dict.fromkeys(change["id"] for change in message.get("mc") or ()))


class Snaps:
    def __init__(self, lines: list[bytes], lightweight: bool) -> None:
        self._work = [(line, touched(line)) for line in lines]
        self._books = 0
        # max_latency: recordings are old, which is no reason to warn of each line.
        self._listener = betfairlightweight.StreamListener(
            max_latency=None, lightweight=lightweight
        )
        self._listener.register_stream(0, "marketSubscription")
        # Official files say on each line that they are conflated: no warning for each either.
        self._listener.conflate_ms = 1

    def whole(self) -> None:
        on_data, snap, books = self._listener.on_data, self._listener.snap, 0
        for line, markets in self._work:
            on_data(line)
            if markets:
                books += len(snap(markets))
        self._books = books

    def each(self, samples: list[int]) -> None:
        on_data, snap, clock = self._listener.on_data, self._listener.snap, time.perf_counter_ns
        for line, markets in self._work:
            begun = clock()
            on_data(line)
            if markets:
                snap(markets)
            samples.append(clock() - begun)

    def counts(self) -> dict[str, int]:
        return {"books": self._books}


def start(lines: list[bytes], _path: str, options: dict[str, Any]) -> Snaps:
    return Snaps(lines, options["lightweight"])
