"""Whole sessions with the seam: a stream that hangs together, own orders, configurations, faults.

A session is a list of `Question`s: `apply_delta` and `apply_snapshot` among them are what the
markets do (`market_model`), the others what a trader does and asks. `play` puts it to a
`Comparison`, which compares everything the messages touched.
"""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from hypothesis import strategies as st

from tests.parity import streams
from tests.parity.market_model import Json, MarketModel, RunnerModel, decimal
from trader.strategy.hotloop.comparison import Comparison, Difference
from trader.strategy.hotloop.questions import SIDES, Question

MARKET_IDS: Final = ("1.1", "1.2")
STEPS_MS: Final = (
    *(0, 0, 1, 20, 50, 50, 180, 300, 999, 1_000, 1_001, 2_000, 5_000, 60_000),
    *(-1, -700, -100_000, 1_200_000),
)
"""Between one message's `pt` and the next one's: usually forward, sometimes not."""

CONFIGS: Final[tuple[Json, ...]] = (
    {},
    {"min_obs_s": 0, "sweep": {"levels": 1}, "big_move": {"ticks": 1}},
    {"min_obs_s": 0.05, "sweep": {"levels": 2, "window_ms": 50}, "big_move": {"ticks": 2}},
    {"queue": {"model": "risk_averse", "window_s": 0.5}, "pfill": {"model": "exponential"}},
    {"queue": {"model": "prob_log"}, "trend": {"fast_s": 0.1, "slow_s": 0.3}, "min_obs_s": 0},
    {"queue": {"power_n": 0.5}, "pfill": {"horizon_ms": 1, "trade_size_window_s": 0.2}},
    {"pfill": {"trials": {"horizon_ms": 100, "prior": 0.01}}, "min_obs_s": 0},
    {"pfill": {"trials": {"window_s": 0.5}, "log_logistic": {"shape": 3}}, "min_obs_s": 0},
    {"pfill": {"model": "erlang", "horizon_ms": 700}, "min_obs_s": 0},
    {"queue": {"power_n": 8}, "traded": {"drop_tolerance": 0}, "rf": {"window_s": 0.001}},
    {"traded": {"revaluation_levels": 1, "revaluation_percent": 60}, "min_obs_s": 0},
    {"traded": {"revaluation_percent": 0, "drop_tolerance": 1e6}, "max_ttf_ms": 7},
    {"book": {"source": "best"}, "min_obs_s": 0, "sweep": {"levels": 1}},
    {"book": {"source": "display"}, "big_move": {"ticks": 1, "window_ms": 1}},
    {"book": {"source": "full"}, "state": {"closed_retention_s": 1, "max_orders": 2}},
    {"state": {"max_markets": 1, "closed_retention_s": 0, "max_segment_bytes": 400}},
)

ORDER_IDS: Final = ("A", "B", "C", "Ω" * 64)
NEVER_TRACKED: Final = "never tracked"
CLOCKS: Final = (None, "AAA", "AB=", "")


class Session:
    """Chooses what happens next; `steps` is what has happened."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.pt_ms = 1_000_000
        self.subscription: int | None = rng.choice((None, 3))
        self.markets = [MarketModel(rng, market_id) for market_id in MARKET_IDS]
        self.orders: dict[str, tuple[Any, ...]] = {}
        """Arguments of each order's `size_ahead`."""

    def steps(self, count: int) -> Iterator[Question]:
        if self.rng.random() < 0.6:
            yield from self._configure()
        yield self._apply(self._images(), ct="SUB_IMAGE")
        for _ in range(count):
            yield from self._next()
            for asked in self.orders.values():
                yield Question("size_ahead", asked)

    def _next(self) -> Iterator[Question]:
        kinds = {
            self._changes: 60,
            self._segments: 4,
            self._definition: 9,
            self._image: 5,
            self._snapshot: 2,
            self._new_subscription: 2,
            self._marker: 5,
            self._bad: 4,
            self._configure: 5,
            self._track: 12,
            self._reseed: 5,
            self._elsewhere: 3,
        }
        (kind,) = self.rng.choices([*kinds], [*kinds.values()])
        yield from kind()

    # --- the stream ---------------------------------------------------------------------------

    def _changes(self) -> Iterator[Question]:
        yield self._apply(self._some_changes())

    def _some_changes(self) -> list[Json]:
        chosen = self.rng.sample(self.markets, self.rng.choice((1, 1, 1, 2)))
        return [entry for market in chosen for entry in market.changes()]

    def _segments(self) -> Iterator[Question]:
        for kind in ("SEG_START", "SEG", "SEG_END")[self.rng.choice((0, 0, 0, 0, 1)) :]:
            yield self._apply(self._some_changes(), segmentType=kind)

    def _definition(self) -> Iterator[Question]:
        market = self._market()
        entry = {"id": market.market_id, "marketDefinition": market.redefine()}
        if self.rng.random() < 0.3:  # with changes of the book in the same message
            yield self._apply([*market.changes(), entry, *market.changes()])
        else:
            yield self._apply([entry])

    def _image(self) -> Iterator[Question]:
        market = self._market()
        some, defined = self.rng.random() < 0.3, self.rng.random() < 0.5
        entries = [market.image(defined=defined, only_some=some)]
        if self.rng.random() < 0.4:
            entries = [*market.changes(), *entries]
        if self.rng.random() < 0.4:
            entries += market.changes()
        yield self._apply(entries, ct=self.rng.choice((None, "RESUB_DELTA")))

    def _snapshot(self) -> Iterator[Question]:
        market = self._market()
        snapshot = market.image(defined=self.rng.random() < 0.5, only_some=self.rng.random() < 0.3)
        named = market.market_id if self.rng.random() < 0.9 else self.rng.choice(MARKET_IDS)
        yield Question("apply_snapshot", (named, snapshot, self.pt_ms + 7))

    def _new_subscription(self) -> Iterator[Question]:
        """What it leaves out is dropped; then something of the old one comes late."""
        self.subscription = (self.subscription or 0) + 1
        yield self._apply(self._images()[self.rng.choice((0, 1)) :], ct="SUB_IMAGE")
        if self.rng.random() < 0.5:
            yield self._apply(self._some_changes(), id=self.subscription - 1)

    def _images(self) -> list[Json]:
        return [market.image(defined=self.rng.random() < 0.8) for market in self.markets]

    def _marker(self) -> Iterator[Question]:
        """Messages that are no market changes, or say something about all of them."""
        yield self.rng.choice(
            (
                lambda: self._apply([], ct="HEARTBEAT", initialClk="init"),
                lambda: self._apply(self._some_changes(), status=503),
                lambda: self._apply([], ct="HEARTBEAT", status=503),
                lambda: self._apply([], ct="RESUB_DELTA"),
                lambda: self._apply(None, initialClk=self.rng.choice(CLOCKS)),
                lambda: self._apply(self._some_changes(), op="ocm"),
            )
        )()

    def _bad(self) -> Iterator[Question]:
        """A line with one bad value, or that is cut off: lost, whole."""
        changes = self._some_changes() or [{"id": MARKET_IDS[0], "rc": [{"id": 1, "ltp": 2}]}]
        if self.rng.random() < 0.3:
            line = self._line(changes)
            yield Question("apply_delta", (line[: len(line) // 2], self.pt_ms))
            return
        path, value = self.rng.choice(streams.BAD_VALUES)
        message = self._message(changes)
        if self.rng.random() < 0.2:
            message["segmentType"] = "SEG_START"
        yield Question("apply_delta", (streams.spoiled(message, path, value), self.pt_ms))

    def _apply(self, changes: list[Json] | None, **fields: Any) -> Question:
        message = self._message(changes, **fields)
        fed = message if self.rng.random() < 0.5 else streams.as_line(message)
        return Question("apply_delta", (fed, self.pt_ms + 5))

    def _line(self, changes: list[Json]) -> bytes:
        return json.dumps(self._message(changes)).encode()

    def _message(self, changes: list[Json] | None, **fields: Any) -> Json:
        self.pt_ms += self.rng.choice(STEPS_MS)
        message: Json = {"op": "mcm", "pt": self.pt_ms, "clk": self.rng.choice(CLOCKS)}
        if changes is not None:
            message["mc"] = changes
        if self.subscription is not None:
            message["id"] = self.subscription
        return {**message, "segmentType": None, **fields}

    def _market(self) -> MarketModel:
        return self.rng.choice(self.markets)

    # --- the trader ---------------------------------------------------------------------------

    def _configure(self) -> Iterator[Question]:
        yield Question("update_config", (self.rng.choice(CONFIGS),))

    def _track(self) -> Iterator[Question]:
        """An order at a price of the book, beside it, or off the ladder; an id is used again."""
        order_id, side = self.rng.choice(ORDER_IDS), self.rng.choice(SIDES)
        market = self._market()
        runner = self.rng.choice([*market.runners.values()])
        price = self._price(runner, side)
        m, (r, hc), own = market.market_id, runner.key, self.rng.choice((0.0, 0.0, 2.0, 25.0))
        yield Question("track_order", (order_id, m, r, side, price, own, hc))
        self.orders[order_id] = (m, r, side, price, order_id, hc)

    def _price(self, runner: RunnerModel, side: str) -> float:
        rests = runner.ladder("atl" if side == "BACK" else "atb")
        if rests and self.rng.random() < 0.85:
            return decimal(self.rng.choice((rests[0], rests[0], *rests)))
        return decimal(self.rng.choice(runner.ticks)) + self.rng.choice((0, 0.001, 0.005))

    def _reseed(self) -> Iterator[Question]:
        order_id = self.rng.choice(ORDER_IDS)
        if self.rng.random() < 0.3:
            self.orders.pop(order_id, None)
            yield Question("untrack_order", (order_id,))
        else:
            ahead = self.rng.choice((None, None, 0.0, 0.01, 3.37, 500.0))
            size = self.rng.choice((None, 0.0, 4.0))
            yield Question("reseed_queue", (order_id, ahead, size))

    def _elsewhere(self) -> Iterator[Question]:
        """An order is asked for where it does not rest, or that there never was."""
        order_id = self.rng.choice((*ORDER_IDS, NEVER_TRACKED))
        m, side = self.rng.choice((*MARKET_IDS, "1.9")), self.rng.choice(SIDES)
        yield Question("size_ahead", (m, self.rng.choice((1, 2)), side, 2.0, order_id))
        yield Question("untrack_order", (NEVER_TRACKED,))


def play(steps: Iterable[Question], comparison: Comparison) -> None:
    """Puts the session to both; raises `Difference`."""
    for step in steps:
        if step.method == "apply_delta":
            comparison.apply(*step.args)  # type: ignore[arg-type]
        elif step.method == "apply_snapshot":
            comparison.apply_snapshot(*step.args)  # type: ignore[arg-type]
        else:
            comparison.check(step)
    comparison.check_all()


def reduced(
    steps: Sequence[Question], make: Callable[[], Comparison]
) -> tuple[list[Question], Difference]:
    """Fewer steps that still give a difference, and which one; `steps` do.

    Leaves out one step after the other, from the last to the first. This and not hypothesis makes
    an example small, which would take it minutes: to it the whole session is one value.
    """
    kept = [*steps]
    found = _difference(kept, make)
    assert found is not None
    for index in range(len(kept) - 1, -1, -1):
        without = kept[:index] + kept[index + 1 :]
        difference = _difference(without, make)
        if difference is not None:
            kept, found = without, difference
    return kept, found


def _difference(steps: list[Question], make: Callable[[], Comparison]) -> Difference | None:
    try:
        play(steps, make())
    except Difference as difference:
        return difference
    return None


sessions: Final[st.SearchStrategy[list[Question]]] = st.builds(
    lambda rng, count: [*Session(rng).steps(count)],
    st.randoms(use_true_random=False, note_method_calls=False),
    st.integers(1, 40),
)
