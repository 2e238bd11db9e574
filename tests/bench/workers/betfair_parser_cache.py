"""betfair_parser: its typed decoding of a line, then its own cache of order books."""

import importlib
import time
from typing import Any

betfair_parser: Any = importlib.import_module("betfair_parser")
cache: Any = importlib.import_module("betfair_parser.cache")
streaming: Any = importlib.import_module("betfair_parser.spec.streaming")


class Decoded:
    def __init__(self, lines: list[bytes]) -> None:
        self._lines = lines
        self._cache = cache.MarketSubscriptionCache()

    def whole(self) -> None:
        decode, update = streaming.stream_decode, self._cache.update
        for line in self._lines:
            update(decode(line))

    def each(self, samples: list[int]) -> None:
        decode, update, clock = streaming.stream_decode, self._cache.update, time.perf_counter_ns
        for line in self._lines:
            begun = clock()
            update(decode(line))
            samples.append(clock() - begun)

    def counts(self) -> dict[str, int]:
        """Of its own decoding, where its cache holds every market of it that has runners."""
        changes = [
            change
            for line in self._lines
            for change in streaming.stream_decode(line).market_changes or ()
        ]
        held = {market_id for market_id, book in self._cache.order_book.items() if book}
        runners = sum(len(change.rc or ()) for change in changes if change.id in held)
        return {"market_changes": len(changes), "runner_changes": runners}


def start(lines: list[bytes], _path: str, _options: dict[str, Any]) -> Decoded:
    return Decoded(lines)
