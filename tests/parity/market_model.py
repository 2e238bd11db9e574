"""A small market that trades: what its runners do to their books, as the stream would tell it.

Unlike messages of independent values, these hang together: what is traded leaves the ladder where
it rested, both sides of a plain match are counted, revaluation lifts many levels a little, offers
are the top of the full ladders. Prices and sizes are hundredths inside; everything is chosen by
the `random.Random` that is given, so that hypothesis can choose, and shrink, it.
"""

import random
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]
Rows: TypeAlias = dict[str, list[list[float]]]
"""Array (`atb` …) → rows, as in an `rc` entry."""
Key: TypeAlias = tuple[int, float]

CLASSIC: Final = (*range(180, 200), *range(200, 300, 2), *range(300, 400, 5), *range(400, 600, 10))
"""Around the steps of the ladder at 2.0, 3.0 and 4.0."""
TICKS: Final[dict[str, tuple[int, ...]]] = {
    "CLASSIC": CLASSIC,
    "FINEST": tuple(range(190, 260)),
    "LINE_RANGE": tuple(range(50, 3050, 50)),
}
LINE_UNITS: Final[tuple[Json, ...]] = (
    {"lineMinUnit": 0.5, "lineMaxUnit": 30.0, "lineInterval": 0.5},
    {"lineMinUnit": 0.5, "lineMaxUnit": 30.0, "lineInterval": 1},
    {"lineMinUnit": 0.5, "lineMaxUnit": 30.25, "lineInterval": 0.5},
    {"lineMinUnit": -1, "lineMaxUnit": 0, "lineInterval": 0},
)
SIZES: Final = (1, 2, 3, 50, 200, 337, 1_000, 2_500, 10_000, 123_456)
OFFERS: Final = {"best": ("batb", "batl"), "display": ("bdatb", "bdatl")}
SHOWN_LEVELS: Final = 3
DEPTHS: Final = (
    ("full",),
    ("full",),
    ("best",),
    ("display",),
    ("full", "best"),
    ("best", "display"),
)


def decimal(centi: int) -> float:
    """As a line writes it: an integer where it is whole."""
    return centi // 100 if centi % 100 == 0 else centi / 100


class RunnerModel:
    """The full ladders and traded volumes of one runner; not all of it is published."""

    def __init__(self, rng: random.Random, key: Key, ticks: tuple[int, ...]) -> None:
        self.key = key
        self.rng = rng
        self.ticks = ticks
        at = rng.randrange(6, len(ticks) - 6)
        self.books: dict[str, dict[int, int]] = {
            "atb": {ticks[at - 1 - i]: rng.choice(SIZES) for i in range(4)},
            "atl": {ticks[at + i]: rng.choice(SIZES) for i in range(4)},
            "trd": {ticks[at - 5 + i]: rng.choice(SIZES) * 20 for i in range(10)},
        }
        self.last: int | None = None
        self._offers: dict[str, dict[int, tuple[int, int]]] = {}
        self._touched: dict[str, dict[int, None]] = {}

    def ladder(self, name: str) -> list[int]:
        """Its prices, best first."""
        return sorted(self.books[name], reverse=name == "atb")

    def act(self, depths: Iterable[str]) -> Rows:
        """Something happens; the rows that tell it."""
        self._touched = {}
        last = self.last
        acts = (self._trade,) * 5 + (self._cancel,) * 5 + (self._place,) * 5
        self.rng.choice((*acts, self._revalue, self._correct, self._quote, self._delete_absent))()
        rows = self._rows(self._touched, depths)
        if self.last != last and self.last is not None:
            rows["ltp"] = decimal(self.last)  # type: ignore[assignment]  # the one that is no array
        return rows

    def whole(self, depths: Iterable[str]) -> Rows:
        """Everything there is, for an image."""
        self._offers = {}
        return self._rows({name: dict.fromkeys(book) for name, book in self.books.items()}, depths)

    def _set(self, name: str, price: int, size: int) -> None:
        self._touched.setdefault(name, {})[price] = None
        if size > 0:
            self.books[name][price] = size
        else:
            self.books[name].pop(price, None)

    def _trade(self) -> None:
        """The best levels of one side are taken: in part, whole, several at once."""
        name = self.rng.choice(("atb", "atl"))
        levels = self.ladder(name)[: self.rng.choice((1, 1, 2, 3, 4))]
        for place, price in enumerate(levels):
            there = self.books[name][price]
            is_last = place == len(levels) - 1
            taken = self.rng.randint(1, there) if is_last and self.rng.random() < 0.7 else there
            self._set(name, price, there - taken)
            self._count(price, taken)
            if self.rng.random() < 0.2:  # what the other side has there goes with it
                other = "atl" if name == "atb" else "atb"
                left = self.books[other].get(price, 0) - self.rng.choice((taken, taken // 2, 1))
                self._set(other, price, left)
            self.last = price

    def _count(self, price: int, taken: int) -> None:
        """The traded volume of a drop: of a plain match twice, of a cross match once, or not so."""
        rise = self.rng.choice((2 * taken, 2 * taken, taken, taken, taken * 3, taken // 2, 1))
        rise += self.rng.choice((0, 0, 0, 1, -1, 2, 3, 4, 5, -4, -5))
        self._set("trd", price, max(0, self.books["trd"].get(price, 0) + rise))

    def _cancel(self) -> None:
        """Offers are taken back, most often in part: who was ahead in the queue?"""
        name = self.rng.choice(("atb", "atl"))
        ladder = self.ladder(name)
        for price in ladder[:1] if self.rng.random() < 0.7 else self._some(ladder):
            there = self.books[name][price]
            self._set(name, price, self.rng.choice((0, there // 2, there * 2 // 3, there - 1)))

    def _place(self) -> None:
        """More at a level, a new one, one that crosses, or one off the ladder."""
        name = self.rng.choice(("atb", "atl"))
        ladder = self.ladder(name) or [self.ticks[len(self.ticks) // 2]]
        if self.rng.random() < 0.5:
            self._set(name, ladder[0], self.books[name].get(ladder[0], 0) + self.rng.choice(SIZES))
            return
        at = self.rng.choice(ladder[:3])
        near = min(range(len(self.ticks)), key=lambda i: abs(self.ticks[i] - at))
        place = min(max(near + self.rng.choice((0, 0, 1, -1, 2, -3)), 0), len(self.ticks) - 1)
        price = self.ticks[place] + self.rng.choice((0, 0, 0, 0, 0, 1))
        self._set(name, price, self.books[name].get(price, 0) + self.rng.choice(SIZES))

    def _revalue(self) -> None:
        """Exchange rates: all traded volumes rise by up to half a percent, or a little more."""
        per_mille = self.rng.choice((1, 3, 5, 5, 6))
        for price, size in [*self.books["trd"].items()]:
            self._set("trd", price, size + size * per_mille // 1_000)
        if self.rng.random() < 0.3:
            self._trade()

    def _correct(self) -> None:
        """Trades are taken back: some, or all by an empty array."""
        for price in self._some([*self.books["trd"]]):
            self._set("trd", price, self.books["trd"][price] // 2)
        if self.rng.random() < 0.2:
            self.books["trd"].clear()
            self._touched["trd"] = {}

    def _quote(self) -> None:
        """The last traded price alone, perhaps off the ladder."""
        self.last = self.rng.choice(self.ticks) + self.rng.choice((0, 0, 1))

    def _delete_absent(self) -> None:
        self._set(self.rng.choice(("atb", "atl", "trd")), self.rng.choice(self.ticks), 0)

    def _some(self, prices: list[int]) -> list[int]:
        return self.rng.sample(prices, min(len(prices), self.rng.choice((1, 1, 2, 4))))

    def _rows(self, touched: dict[str, dict[int, None]], depths: Iterable[str]) -> Rows:
        rows: Rows = {}
        for name, prices in touched.items():
            if name == "trd" or "full" in depths:
                rows[name] = [[decimal(p), decimal(self.books[name].get(p, 0))] for p in prices]
        for depth in depths:
            for name, source in zip(OFFERS.get(depth, ()), ("atb", "atl"), strict=False):
                rows[name] = self._offer_rows(name, source)
        for name, array in rows.items():
            if self.rng.random() < 0.3:
                rows[name] = array[::-1]
        return rows

    def _offer_rows(self, name: str, source: str) -> list[list[float]]:
        """The changes of the levels shown since they were last told; an empty array is none."""
        top = [(price, self.books[source][price]) for price in self.ladder(source)[:SHOWN_LEVELS]]
        told = self._offers.get(name, {})
        now = dict(enumerate(top))
        self._offers[name] = now
        changed = [i for i in range(SHOWN_LEVELS) if now.get(i) != told.get(i)]
        return [[i, *map(decimal, now.get(i, (0, 0)))] for i in changed]


class MarketModel:
    """A market of such runners, its definition, and the `mc` entries that tell both."""

    def __init__(self, rng: random.Random, market_id: str) -> None:
        self.rng = rng
        self.market_id = market_id
        self.ladder = rng.choice(("CLASSIC", "CLASSIC", "FINEST", "LINE_RANGE"))
        self.lines = LINE_UNITS[0]
        self.depths = rng.choice(DEPTHS)
        keys: list[Key] = [(1, 0), (2, 0)] if rng.random() < 0.7 else [(1, 0.25), (1, -1.5), (2, 0)]
        self.runners = {key: RunnerModel(rng, key, TICKS[self.ladder]) for key in keys}
        self.removed: dict[Key, float | None] = {}
        self.status = "OPEN"
        self.in_play = False
        self.version: int | None = 10

    def image(self, *, defined: bool, only_some: bool = False) -> Json:
        """All runners, or all but one; with the definition or without."""
        told = [*self.runners.values()][only_some:]
        entry: Json = {"id": self.market_id, "img": True}
        if defined:
            entry["marketDefinition"] = self.definition()
        return {**entry, "rc": [_entry(runner.key, runner.whole(self.depths)) for runner in told]}

    def changes(self) -> list[Json]:
        """One or two entries with something that happened to some runners, in one `rc` or split."""
        entries = []
        for runner in self.rng.sample([*self.runners.values()], self.rng.choice((1, 1, 2))):
            rows = runner.act(self.depths)
            names = [*rows]
            cut = self.rng.choice((len(names), len(names), 1))
            for part in filter(None, (names[:cut], names[cut:])):
                entries += [_entry(runner.key, {name: rows[name] for name in part})]
        if self.rng.random() < 0.05:
            self.depths = self.rng.choice(DEPTHS)
        cut = self.rng.choice((len(entries), len(entries), 1))
        parts = [part for part in (entries[:cut], entries[cut:]) if part]
        return [{"id": self.market_id, "rc": part} for part in parts]

    def redefine(self) -> Json:
        """Something happens to the market itself."""
        version = self.version
        turns = (self._suspend,) * 3 + (self._turn_in_play, self._remove, self._change_ladder)
        self.rng.choice((*turns, self._close, self._lower_version))()
        definition = self.definition()
        if self.rng.random() < 0.8:
            self.version = (version or 10) + 1
        return definition

    def definition(self) -> Json:
        definition: Json = {
            "status": self.status,
            "inPlay": self.in_play,
            "marketBaseRate": 5,
            "priceLadderDefinition": {"type": self.ladder},
            "runners": [
                {"id": key[0], "hc": key[1], **self._runner_status(key)} for key in self.runners
            ],
        }
        if self.ladder == "LINE_RANGE":
            definition |= self.lines
        if self.version is not None:
            definition["version"] = self.version
        return definition

    def _runner_status(self, key: Key) -> Json:
        if key not in self.removed:
            return {"status": "ACTIVE", "adjustmentFactor": 12.5}
        return {"status": "REMOVED", "adjustmentFactor": self.removed[key]}

    def _suspend(self) -> None:
        self.status = "OPEN" if self.status != "OPEN" else "SUSPENDED"

    def _close(self) -> None:
        self.status = "CLOSED"

    def _turn_in_play(self) -> None:
        self.in_play = not self.in_play

    def _remove(self) -> None:
        """A runner is removed, with a reduction factor or not; one that was comes back."""
        key = self.rng.choice([*self.runners])
        if key in self.removed:
            del self.removed[key]
        else:
            self.removed[key] = self.rng.choice((12.5, 0.01, 0, -1, None))

    def _change_ladder(self) -> None:
        self.ladder = self.rng.choice([*TICKS])
        self.lines = self.rng.choice(LINE_UNITS)
        for runner in self.runners.values():
            runner.ticks = TICKS[self.ladder]

    def _lower_version(self) -> None:
        self.version = self.rng.choice((1, 9, None))


def _entry(key: Key, rows: Rows) -> Json:
    entry: Json = {"id": key[0]} if key[1] == 0 else {"id": key[0], "hc": key[1]}
    return {**entry, **rows}
