"""Price ladders of the exchange, in integer hundredths ("centi-odds": 1.01 is 101).

Three ladder types exist (`marketDefinition.priceLadderDefinition.type`):

- CLASSIC: 350 prices from 1.01 to 1000 in ten bands of growing step;
- FINEST: every hundredth from 1.01 to 1000 (99,900 prices; Asian handicap, total goals);
- LINE_RANGE: lines of a market, `lineMinUnit` to `lineMaxUnit` by `lineInterval`.

A *tick* is the index of a price on its ladder, from 0 for the lowest price. Prices off the ladder
do occur in traded volumes (after a reduction factor) and in starting prices: they have no tick.

Source: Betfair's published price increments; the module functions work on CLASSIC unless given
another ladder.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

LadderType: TypeAlias = Literal["CLASSIC", "FINEST", "LINE_RANGE"]
LADDER_TYPES: Final[tuple[LadderType, ...]] = get_args(LadderType)


@dataclass(frozen=True, slots=True)
class Band:
    """Equally spaced prices: `first_centi`, then every `step_centi`, up to `last_centi` included.

    `first_tick` is the tick of `first_centi`.
    """

    first_centi: int
    last_centi: int
    step_centi: int
    first_tick: int

    @property
    def last_tick(self) -> int:
        return self.first_tick + (self.last_centi - self.first_centi) // self.step_centi


@dataclass(frozen=True, slots=True)
class Ladder:
    """An ascending set of prices made of bands; immutable and shared.

    Ticks run from 0 to `len(ladder) - 1`. All prices are hundredths.
    """

    type: LadderType
    bands: tuple[Band, ...] = field(repr=False)

    def __len__(self) -> int:
        return self.bands[-1].last_tick + 1

    @property
    def lowest(self) -> int:
        return self.bands[0].first_centi

    @property
    def highest(self) -> int:
        return self.bands[-1].last_centi

    def tick_of(self, price_centi: int) -> int | None:
        """The tick of a price, or None when the price is not on this ladder."""
        band = self._band_of_price(price_centi)
        if band is None:
            return None
        steps, rest = divmod(price_centi - band.first_centi, band.step_centi)
        return band.first_tick + steps if rest == 0 else None

    def price_at(self, tick: int) -> int:
        """The price at a tick. Raises `IndexError` outside 0 … `len(self) - 1`."""
        for band in self.bands:
            if band.first_tick <= tick <= band.last_tick:
                return band.first_centi + (tick - band.first_tick) * band.step_centi
        raise IndexError(f"tick {tick} is outside 0 … {len(self) - 1} of the {self.type} ladder")

    def ticks_between(self, low_centi: int, high_centi: int) -> int | None:
        """Ticks from `low_centi` up to `high_centi`; negative when they are the other way round.

        None when either price is off the ladder.
        """
        low, high = self.tick_of(low_centi), self.tick_of(high_centi)
        return None if low is None or high is None else high - low

    def is_on_ladder(self, price_centi: int) -> bool:
        return self.tick_of(price_centi) is not None

    def step_at(self, price_centi: int) -> int:
        """The step upwards from a price from `lowest` to `highest`, hundredths."""
        for band in self.bands:
            if price_centi < band.last_centi:
                return band.step_centi
        return self.bands[-1].step_centi

    def next_price(self, price_centi: int) -> int | None:
        """The lowest ladder price above `price_centi` (which may be off the ladder), else None."""
        for band in self.bands:
            if price_centi < band.first_centi:
                return band.first_centi
            if price_centi < band.last_centi:
                steps = (price_centi - band.first_centi) // band.step_centi
                return band.first_centi + (steps + 1) * band.step_centi
        return None

    def prev_price(self, price_centi: int) -> int | None:
        """The highest ladder price below `price_centi` (which may be off the ladder), else None."""
        for band in reversed(self.bands):
            if price_centi > band.last_centi:
                return band.last_centi
            if price_centi > band.first_centi:
                steps = (price_centi - 1 - band.first_centi) // band.step_centi
                return band.first_centi + steps * band.step_centi
        return None

    def _band_of_price(self, price_centi: int) -> Band | None:
        for band in self.bands:
            if price_centi <= band.last_centi:
                return band if price_centi >= band.first_centi else None
        return None


def _chain(first_centi: int, steps: tuple[tuple[int, int], ...]) -> tuple[Band, ...]:
    """Bands from (last price, step) pairs, each beginning one step above the end of the former."""
    bands: list[Band] = []
    for last_centi, step_centi in steps:
        if bands:
            former = bands[-1]
            first, tick = former.last_centi + step_centi, former.last_tick + 1
        else:
            first, tick = first_centi, 0
        bands.append(Band(first, last_centi, step_centi, tick))
    return tuple(bands)


CLASSIC: Final = Ladder(
    "CLASSIC",
    _chain(
        101,
        (
            (200, 1),
            (300, 2),
            (400, 5),
            (600, 10),
            (1000, 20),
            (2000, 50),
            (3000, 100),
            (5000, 200),
            (10000, 500),
            (100000, 1000),
        ),
    ),
)
FINEST: Final = Ladder("FINEST", _chain(101, ((100000, 1),)))


def line_range(min_centi: int, max_centi: int, interval_centi: int) -> Ladder:
    """The ladder of a LINE_RANGE market, from its definition's line units in hundredths.

    Raises `ValueError` when the interval is not positive or the range is empty. A maximum that is
    not a whole number of intervals above the minimum is lowered to the last line below it.
    """
    if interval_centi <= 0 or max_centi < min_centi:
        raise ValueError(f"no lines from {min_centi} to {max_centi} by {interval_centi}")
    whole = (max_centi - min_centi) // interval_centi
    return Ladder(
        "LINE_RANGE", (Band(min_centi, min_centi + whole * interval_centi, interval_centi, 0),)
    )


def tick_of(price_centi: int, ladder: Ladder = CLASSIC) -> int | None:
    """See `Ladder.tick_of`."""
    return ladder.tick_of(price_centi)


def price_at(tick: int, ladder: Ladder = CLASSIC) -> int:
    """See `Ladder.price_at`."""
    return ladder.price_at(tick)


def ticks_between(low_centi: int, high_centi: int, ladder: Ladder = CLASSIC) -> int | None:
    """See `Ladder.ticks_between`."""
    return ladder.ticks_between(low_centi, high_centi)


def is_on_ladder(price_centi: int, ladder: Ladder = CLASSIC) -> bool:
    """See `Ladder.is_on_ladder`."""
    return ladder.is_on_ladder(price_centi)


def next_price(price_centi: int, ladder: Ladder = CLASSIC) -> int | None:
    """See `Ladder.next_price`."""
    return ladder.next_price(price_centi)


def prev_price(price_centi: int, ladder: Ladder = CLASSIC) -> int | None:
    """See `Ladder.prev_price`."""
    return ladder.prev_price(price_centi)
