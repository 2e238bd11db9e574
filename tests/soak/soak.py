"""The run itself: a stream, a trader who asks everything, and the memory of the process."""

import json
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import hotloop

from tests.soak.judgement import Growth, growth
from tests.soak.stream import MARKETS_MAX, RETENTION_S, Stream

SAMPLE_EVERY: Final = 10_000
READ_EVERY: Final = 16
TRACK_EVERY: Final = 8
ORDERS_KEPT: Final = 64
"""Orders the trader remembers; of the older ones some are untracked, some go with their market."""
SNAPSHOT_EVERY: Final = 5_000
CONFIGURE_EVERY: Final = 9_000
_STATE: Final = {"max_markets": MARKETS_MAX, "max_orders": 5_000, "closed_retention_s": RETENTION_S}
CONFIGS: Final[tuple[dict[str, Any], ...]] = (
    {"state": _STATE},
    {"state": _STATE, "queue": {"model": "prob_log"}, "pfill": {"model": "exponential"}},
    {"state": _STATE, "book": {"source": "best"}, "sweep": {"levels": 1}, "min_obs_s": 0},
    {"state": _STATE, "trend": {"fast_s": 0.1, "slow_s": 0.3}, "big_move": {"ticks": 1}},
)
SIDES: Final = ("BACK", "LAY")
_PAGE_BYTES: Final = resource.getpagesize()


def resident_bytes() -> int:
    """What this process has in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


@dataclass
class Report:
    """What was seen of a run."""

    messages: int = 0
    refused: int = 0
    seconds: float = 0.0
    markets_most: int = 0
    markets_begun: int = 0
    markets_at_end: int = 0
    orders: int = 0
    resident: list[int] = field(default_factory=list)

    def growth(self) -> Growth:
        return growth(self.resident)

    def __str__(self) -> str:
        quarters = [self.resident[(len(self.resident) - 1) * i // 4] / (1 << 20) for i in range(5)]
        told = " ".join(f"{quarter:.1f}" for quarter in quarters)
        found = self.growth()
        return (
            f"{self.messages:,} messages in {self.seconds:.0f} s, {self.refused:,} refused; "
            f"{self.markets_begun:,} markets, at most {self.markets_most} at once, "
            f"{self.markets_at_end} at the end; {self.orders:,} orders; "
            f"MiB at each quarter: {told}; after the warm-up {found.fitted / 1024:+,.0f} KiB by "
            f"the fitted line, {found.medians / 1024:+,.0f} KiB by the medians"
        )


class Soak:
    """One Hotloop under load. `each` is called with every line, for what a test wants to add."""

    def __init__(self, each: Callable[[bytes], object] = lambda _: None) -> None:
        self.book = hotloop.Hotloop(CONFIGS[0])
        self.stream = Stream()
        self.each = each
        self.report = Report()
        self.orders: dict[str, None] = {}
        self.emitted = 0
        self.book.set_emit(self._count)

    def run(self, messages: int) -> Report:
        """So many messages, and then the end of all markets."""
        report = self.report
        begun = time.monotonic()
        for number, line in enumerate(self.stream.lines(messages)):
            self.each(line)
            self._apply(number, line)
            if number % SAMPLE_EVERY == 0:
                report.resident.append(resident_bytes())
                report.markets_most = max(report.markets_most, len(self.book.markets()))
        self.book.apply_batch([*self.stream.last()], 0)
        report.seconds = time.monotonic() - begun
        report.messages = messages
        report.markets_begun = self.stream.markets_begun
        report.markets_at_end = len(self.book.markets())
        return report

    def _apply(self, number: int, line: bytes) -> None:
        try:
            touched = self.book.apply_delta(line, self.stream.pt_ms)
        except hotloop.HotloopError:
            self.report.refused += 1
            return
        if touched and number % READ_EVERY == 0:
            self._read(*touched[0])
        if touched and number % TRACK_EVERY == 0:
            self._track(number, *touched[-1])
        if number % SNAPSHOT_EVERY == 0:
            lane = self.stream.lanes[number // SNAPSHOT_EVERY % len(self.stream.lanes)]
            if lane.is_open:
                self.book.apply_snapshot(lane.market.decode(), json.loads(lane.image), number)
            self._read_all()
        if number % CONFIGURE_EVERY == 0:
            self.book.update_config(CONFIGS[number // CONFIGURE_EVERY % len(CONFIGS)])

    def _track(self, number: int, m: str, r: int, handicap: float) -> None:
        """A new order at a best price; of those before it the oldest may go."""
        side = SIDES[number // TRACK_EVERY % 2]
        rows = self.book.ladder_top(m, r, "LAY" if side == "BACK" else "BACK", 1, handicap=handicap)
        price = rows[0][0] if rows else 2.0
        order_id = f"order {number}"
        self.book.track_order(order_id, m, r, side, price, 2.0, handicap)
        self.book.size_ahead(m, r, side, price, order_id, handicap)
        self.book.reseed_queue(order_id, 5.0, None)
        self.orders[order_id] = None
        self.report.orders += 1
        if len(self.orders) > ORDERS_KEPT:
            oldest = next(iter(self.orders))
            del self.orders[oldest]
            if number // TRACK_EVERY % 8:
                self.book.untrack_order(oldest)

    def _read(self, m: str, r: int, handicap: float) -> None:
        """Every getter of a runner."""
        book, pt_ms = self.book, self.stream.pt_ms
        book.best(m, r, handicap)
        book.spread_ticks(m, r, handicap)
        book.traded_ladder(m, r, handicap)
        book.last_traded(m, r, handicap)
        book.last_traded_ts_ms(m, r, handicap)
        book.market(m)
        book.get_mbr(m)
        book.definition_seq(m)
        book.rf_seen_recently(m)
        for side in SIDES:
            book.best2_sum(m, r, side, handicap)
            book.ladder_top(m, r, side, None, False, handicap)
            book.size_ahead(m, r, side, 2.0, None, handicap)
            book.match_rate_ema(m, r, side, 2.0, handicap, pt_ms)
            book.pfill_ttf(m, r, side, 2.0, 5.0, None, handicap, pt_ms)
        book.match_rate_ema(m, r)
        book.sweep_sniffer(m, r, handicap)
        book.sweep_side(m, r, handicap)
        book.big_move_trigger(m, r, handicap)
        book.big_move_direction(m, r, handicap)
        book.trend_lens(m, r, handicap)

    def _read_all(self) -> None:
        """Every getter of the stream."""
        book = self.book
        book.markets()
        book.stale_markets()
        book.clocks()
        book.last_pt_ms()
        book.last_ts_ms()
        book.stats()
        book.capabilities()

    def _count(self, event: dict[str, Any]) -> None:
        self.emitted += len(event) > 0


def messages_wanted(default: int) -> int:
    """`default`, so many times as `HOTLOOP_SOAK_FACTOR` says."""
    return default * int(os.environ.get("HOTLOOP_SOAK_FACTOR", "1"))
