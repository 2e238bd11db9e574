"""A stream without an end: markets open, trade, close and make room for others.

What one market goes through is worked out once, as templates (`lifecycles`); the stream fills in
market, subscription and time, which costs little beside what the core does with it.
"""

import json
import random
from collections.abc import Iterator
from typing import Final

from tests.parity.market_model import Json, MarketModel

LIFECYCLES: Final = 24
CHANGES: Final = 200
"""Messages of a market between its image and its end, about."""
LANES: Final = 40
"""Markets open at once."""
STEP_MS: Final = 25
RESUBSCRIBE_EVERY: Final = 20_000
SPOILT_EVERY: Final = 700
RETENTION_S: Final = 60
MARKETS_MAX: Final = LANES + 2 * RETENTION_S * 1_000 // (STEP_MS * CHANGES) + LANES
"""Open ones, twice what closes within the retention, and as many again that wait to be reopened."""

_MARKET: Final = "@market@"
_BEGUN_MS: Final = 1_700_000_000_000


class Lifecycle:
    """One market from its image to its end: entries of `mc`, the market's id left open."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        model = MarketModel(rng, _MARKET)
        self.image = _template(model.image(defined=True))
        self.entries = [self.image]
        for _ in range(CHANGES):
            self.entries += map(_template, _something(rng, model))
        model.status, model.version = "CLOSED", 1_000_000
        self.entries.append(_template({"id": _MARKET, "marketDefinition": model.definition()}))


class Lane:
    """Place of one market at a time."""

    def __init__(self, number: int, lifecycles: list[Lifecycle]) -> None:
        self.lifecycles = lifecycles
        self.number = number
        self.next_market(number)

    def next_market(self, number: int) -> None:
        self.market = b"1.%09d" % number
        self.lifecycle = self.lifecycles[number % len(self.lifecycles)]
        self.at = 0

    @property
    def is_open(self) -> bool:
        """Its end has not been told: an image would open it again, and nothing close it."""
        return self.at < len(self.lifecycle.entries)

    @property
    def image(self) -> bytes:
        return self.lifecycle.image % self.market


class Stream:
    """The lines, one after the other; `pt_ms` is the time of the last one."""

    def __init__(self) -> None:
        lifecycles = [Lifecycle(seed) for seed in range(LIFECYCLES)]
        self.lanes = [Lane(number, lifecycles) for number in range(LANES)]
        for lane in self.lanes:
            # Not all of them at the same point.
            lane.at = lane.number * CHANGES // LANES
        self.markets_begun = LANES
        self.subscription = 1
        self.pt_ms = _BEGUN_MS

    def lines(self, count: int) -> Iterator[bytes]:
        """So many of them; some cannot be read."""
        yield self.subscribe()
        for number in range(1, count):
            if number % RESUBSCRIBE_EVERY == 0:
                self.subscription += number // RESUBSCRIBE_EVERY % 2
                yield self.subscribe()
            elif number % SPOILT_EVERY == 0:
                yield self._spoilt(number // SPOILT_EVERY)
            else:
                yield self._message(self._entry(self.lanes[number % LANES]))

    def subscribe(self) -> bytes:
        """Every open market anew, of the same subscription or of the next."""
        images = b",".join(lane.image for lane in self.lanes if lane.is_open)
        return self._message(images, b'"ct":"SUB_IMAGE","initialClk":"i",')

    def last(self) -> Iterator[bytes]:
        """Every market closes; then, when nobody remembers them, another begins."""
        for lane in self.lanes:
            yield self._message(lane.lifecycle.entries[-1] % lane.market)
        self.pt_ms += 2 * RETENTION_S * 1_000
        yield self._message(b'{"id":"1.0","img":true}')

    def _entry(self, lane: Lane) -> bytes:
        if not lane.is_open:
            lane.next_market(self.markets_begun)
            self.markets_begun += 1
        entry = lane.lifecycle.entries[lane.at] % lane.market
        lane.at += 1
        return entry

    def _message(self, entries: bytes, members: bytes = b"") -> bytes:
        self.pt_ms += STEP_MS
        head = b'{"op":"mcm",%b"id":%d,"clk":"c%d","pt":%d,"mc":['
        return head % (members, self.subscription, self.pt_ms, self.pt_ms) + entries + b"]}"

    def _spoilt(self, number: int) -> bytes:
        """A line cut off, with a bad value, of a segment never ended, or a mere heartbeat."""
        lane = self.lanes[number % LANES]
        line = self._message(lane.image)
        return (
            line[: len(line) // 2],
            line.replace(b'"rc":[', b'"rc":[{"id":"x"},', 1),
            line.replace(b'"op"', b'"segmentType":"SEG_START","op"', 1),
            b'{"op":"mcm","ct":"HEARTBEAT","clk":"h%d","pt":%d}' % (self.pt_ms, self.pt_ms),
        )[number % 4]


def _something(rng: random.Random, model: MarketModel) -> list[Json]:
    if rng.random() < 0.06:
        return [{"id": _MARKET, "marketDefinition": model.redefine()}]
    if rng.random() < 0.02:
        return [model.image(defined=False)]
    return model.changes()


def _template(entry: Json) -> bytes:
    text = json.dumps(entry, separators=(",", ":"))
    return text.encode().replace(b"%", b"%%").replace(_MARKET.encode(), b"%b")
