"""A race that never was, as the exchange would have told it.

A WIN market of some runners: ten minutes or so before the off, the suspension at the off, the race
in play, the suspension at the end, the settlement; as its shape wants it, also a withdrawal before
the off, starting prices, and short suspensions in play. Each runner has a latent strength that
wanders about its first value before the off and then drifts towards the result; order flow around
the price it makes fair comes from `order_flow`.

Everything depends on the seed, the shape and the card alone: the same race gives the same bytes.
What the shape adds draws from random numbers of its own, so that it leaves the order flow before
it as it was. Bets matched before a withdrawal stay in `trd` at the prices they were matched at.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from trader.simulator.catalogue import CatalogueMarket, market_of
from trader.simulator.feed_event import FeedEvent
from trader.simulator.feed_lines import stream_lines
from trader.simulator.generator_card import MARKET_ID, OFF_MS, USUAL_CARD, RaceCard, RaceShape
from trader.simulator.generator_definition import MarketState, MarketStatus, RunnerState
from trader.simulator.generator_starting_price import StartingPrices
from trader.simulator.order_flow import RunnerFlow

__all__ = ["MARKET_ID", "OFF_MS", "Race", "RaceCard", "RaceShape"]

OPENING_LEVELS: Final = 8
REVERSION_PER_S: Final = 0.02
WANDER_PRE_OFF: Final = 0.007
WANDER_IN_PLAY: Final = 0.045
RESULT_DRIFT: Final = 7.0
SUSPENDED_OFF_MS: Final = 4_000
SUSPENDED_REMOVAL_MS: Final = 12_000
SUSPENDED_IN_PLAY_MS: Final = 3_000
SP_CHANCE: Final = 0.05
"""How often a message before the off also tells of starting-price bets."""


@dataclass(frozen=True, slots=True)
class _Phase:
    """A stretch of trading, suspensions within it included. `winner` is None before the off."""

    began_ms: int
    ends_ms: int
    winner: int | None = None

    def done(self, pt_ms: int) -> float:
        """How much of it is over, 0 to 1."""
        return (pt_ms - self.began_ms) / max(1, self.ends_ms - self.began_ms)

    def at(self, share: float) -> int:
        """The time when that share of it is over."""
        return self.began_ms + round(share * (self.ends_ms - self.began_ms))


class Race:
    """One generated market, which happens once: read `events` or `lines`, one of them, once."""

    def __init__(self, seed: int, shape: RaceShape, card: RaceCard = USUAL_CARD) -> None:
        self._rng = Random(seed)
        self._befalls = Random(f"what befalls race {seed}")
        self._shape = shape
        self._card = card
        self._begun = False
        self._pt = self.first_pt_ms
        self._home = sorted(self._rng.gauss(0.0, 0.75) for _ in range(shape.runners))[::-1]
        self._strength = list(self._home)
        self.names = card.names(shape.runners)
        self._active = list(range(shape.runners))
        self._flows = [RunnerFlow(selection_id, self._rng) for selection_id in self.names]
        self._sps = [StartingPrices(self._befalls) for _ in self.names] if shape.bsp else []
        self._state = MarketState(
            shape,
            card,
            [
                RunnerState(selection_id, name, round(100 * chance, 3))
                for (selection_id, name), chance in zip(
                    self.names.items(), self.probabilities(), strict=True
                )
            ],
        )

    @property
    def market_id(self) -> str:
        return self._card.market_id

    @property
    def first_pt_ms(self) -> int:
        return self._card.off_ms - round(self._shape.pre_off_s * 1000)

    @property
    def off_ms(self) -> int:
        """When the race starts."""
        return self._card.off_ms

    def catalogue(self) -> CatalogueMarket:
        """What listMarketCatalogue tells of the market."""
        named = {"name": self._card.market_name, "eventName": self._card.event_name}
        return market_of(self._card.market_id, self._state.definition() | named)

    def lines(self) -> Iterator[bytes]:
        """The whole market as stream lines, from the first image to the settlement."""
        return stream_lines(self.events())

    def events(self) -> Iterator[FeedEvent]:
        """The whole market, from the first image to the settlement.

        Raises `RuntimeError` when asked a second time: what has happened is not there any more.
        """
        if self._begun:
            raise RuntimeError("a race happens once: make another Race with the same seed")
        self._begun = True
        return self._happen()

    def probabilities(self) -> list[float]:
        """Each runner's chance by its present strength, 0 for one withdrawn; sums to 1."""
        weights = [0.0] * len(self._strength)
        for index in self._active:
            weights[index] = math.exp(self._strength[index])
        total = sum(weights)
        return [weight / total for weight in weights]

    # --- the life of the market ---------------------------------------------------------------

    def _happen(self) -> Iterator[FeedEvent]:
        yield self._image()
        before = _Phase(self.first_pt_ms, self.off_ms)
        if self._shape.non_runner:
            yield from self._trade(before, before.at(self._befalls.uniform(0.3, 0.6)))
            yield from self._withdraw(before)
        yield from self._trade(before, before.ends_ms)
        yield from self._turn_in_play()
        began_ms = self._pt
        winner = self._rng.choices(range(len(self._flows)), self.probabilities())[0]
        race = _Phase(began_ms, began_ms + round(self._shape.in_play_s * 1000), winner)
        for number in range(self._shape.suspensions_in_play):
            yield from self._interrupt(race, number)
        yield from self._trade(race, race.ends_ms)
        yield from self._close(winner)

    def _image(self) -> FeedEvent:
        self._open_books(OPENING_LEVELS)
        for prices, chance in zip(self._sps, self.probabilities(), strict=False):
            prices.open(_fair(chance))
        change = {
            "id": self.market_id,
            "marketDefinition": self._state.next_definition(),
            "rc": self._changes(),
            "img": True,
            "tv": 0.0,
        }
        return FeedEvent(self._pt, (change,))

    def _trade(self, phase: _Phase, until_ms: int) -> Iterator[FeedEvent]:
        """What is traded until a time; before the off the market grows busier as it comes."""
        before_off = phase.winner is None
        while True:
            done = phase.done(self._pt)
            rate = self._shape.messages_per_s * (0.7 + 0.6 * done if before_off else 1.4)
            gap_ms = max(5, min(2000, round(1000 * self._rng.expovariate(rate))))
            if self._pt + gap_ms >= until_ms:
                self._pt = until_ms
                return
            self._pt += gap_ms
            self._wander(gap_ms / 1000, phase.winner, done)
            changes = self._changes(sorted(self._orders(before_off)))
            if changes:
                change = {"id": self.market_id, "rc": changes, "tv": self._traded()}
                yield FeedEvent(self._pt, (change,))

    def _withdraw(self, phase: _Phase) -> Iterator[FeedEvent]:
        """One of the less fancied half does not run; bets on all of them are taken away."""
        length_ms = min(SUSPENDED_REMOVAL_MS, (phase.ends_ms - self._pt) // 4)
        chances = self.probabilities()
        by_chance = sorted(self._active, key=lambda index: chances[index])
        index = self._befalls.choice(by_chance[: len(by_chance) // 2])
        yield self._told("SUSPENDED")
        self._pt += length_ms // 3
        gone = self._state.runners[index]
        gone.status, gone.removed_ms = "REMOVED", self._pt
        gone.adjustment_factor = round(100 * chances[index], 3)
        self._active.remove(index)
        for runner, chance in zip(self._state.runners, self.probabilities(), strict=True):
            if runner is not gone:
                runner.adjustment_factor = round(100 * chance, 3)
        if self._sps:
            self._sps[index].clear()
        self._clear_books()
        yield self._told("SUSPENDED")
        self._pt += length_ms - length_ms // 3
        self._open_books(OPENING_LEVELS)
        yield self._told("OPEN")

    def _turn_in_play(self) -> Iterator[FeedEvent]:
        if self._sps:
            chances = self.probabilities()
            for index in self._active:
                self._state.runners[index].bsp = self._sps[index].reconcile(_fair(chances[index]))
        yield self._told("SUSPENDED", changes=False)
        self._clear_books()
        self._pt += 500
        if self._sps:
            self._state.bsp_reconciled = True
            yield self._told("SUSPENDED")
        else:
            yield FeedEvent(self._pt, ({"id": self.market_id, "rc": self._changes()},))
        self._pt = self.off_ms + SUSPENDED_OFF_MS
        self._open_books(OPENING_LEVELS // 2)
        self._state.in_play = True
        yield self._told("OPEN")

    def _interrupt(self, race: _Phase, number: int) -> Iterator[FeedEvent]:
        """The race goes on to its next suspension and through it, each in a part of its own."""
        parts = self._shape.suspensions_in_play + 1
        part_ms = (race.ends_ms - race.began_ms) // parts
        yield from self._trade(race, race.at((number + self._befalls.uniform(0.5, 0.9)) / parts))
        length_ms = min(SUSPENDED_IN_PLAY_MS, part_ms // 4)
        yield self._told("SUSPENDED")
        self._clear_books()
        self._pt += length_ms // 6
        yield FeedEvent(self._pt, ({"id": self.market_id, "rc": self._changes()},))
        self._pt += length_ms - length_ms // 6
        self._wander(length_ms / 1000, race.winner, race.done(self._pt))
        self._open_books(OPENING_LEVELS // 2)
        yield self._told("OPEN")

    def _close(self, winner: int) -> Iterator[FeedEvent]:
        yield self._told("SUSPENDED")
        self._clear_books()
        for prices in self._sps:
            prices.clear()
        self._pt += 1000
        yield FeedEvent(self._pt, ({"id": self.market_id, "rc": self._changes()},))
        self._pt += 8000
        for index in self._active:
            self._state.runners[index].status = "WINNER" if index == winner else "LOSER"
        self._state.settled_ms = self._pt // 1000 * 1000
        yield self._told("CLOSED")

    # --- what moves ---------------------------------------------------------------------------

    def _wander(self, seconds: float, winner: int | None, done: float) -> None:
        """Moves the strengths: back home before the off, towards the result in play."""
        gauss, strength = self._rng.gauss, self._strength
        spread = (WANDER_PRE_OFF if winner is None else WANDER_IN_PLAY) * math.sqrt(seconds)
        for index in self._active:
            strength[index] += spread * gauss(0.0, 1.0)
            if winner is None:
                strength[index] += REVERSION_PER_S * seconds * (self._home[index] - strength[index])
        if winner is not None:
            strength[winner] += 2.0 * done * RESULT_DRIFT / self._shape.in_play_s * seconds

    def _orders(self, before_off: bool) -> set[int]:
        """What people do within one message; which runners they do it to."""
        chances = self.probabilities()
        weights = [0.04 + chances[index] for index in self._active]
        count = 1 + (self._rng.random() < 0.6) + (self._rng.random() < 0.25)
        touched = self._rng.choices(self._active, weights, k=count)
        for index in touched:
            fair = _fair(chances[index])
            self._flows[index].informed(fair)
            self._flows[index].step(fair)
        if before_off and self._sps and self._befalls.random() < SP_CHANCE:
            index = self._befalls.choice(self._active)
            self._sps[index].step(_fair(chances[index]))
            touched.append(index)
        return set(touched)

    def _open_books(self, levels: int) -> None:
        chances = self.probabilities()
        for index in self._active:
            self._flows[index].open_book(_fair(chances[index]), levels)

    def _clear_books(self) -> None:
        for flow in self._flows:
            flow.clear()

    # --- telling of it ------------------------------------------------------------------------

    def _told(self, status: MarketStatus, *, changes: bool = True) -> FeedEvent:
        """A definition, with what has changed in the books unless that is left for later."""
        self._state.status = status
        definition = self._state.next_definition()
        change: dict[str, Any] = {"id": self.market_id, "marketDefinition": definition}
        entries = self._changes() if changes else []
        if entries:
            change["rc"] = entries
        return FeedEvent(self._pt, (change,))

    def _changes(self, indexes: Iterable[int] | None = None) -> list[dict[str, Any]]:
        """The `rc` entries of what has changed, of some runners or of all."""
        entries: list[dict[str, Any]] = []
        for index in range(len(self._flows)) if indexes is None else indexes:
            flow = self._flows[index]
            entry = flow.take_changes()
            if self._sps:
                fields = self._sps[index].take_changes()
                if fields:
                    entry = fields | (entry or {"id": flow.selection_id})
            if entry is not None:
                entries.append(entry)
        return entries

    def _traded(self) -> float:
        return sum([flow.total_traded_centi for flow in self._flows]) / 100


def _fair(chance: float) -> float:
    """Decimal odds that make a chance fair, kept on the ladder's range."""
    return max(1.02, min(900.0, 1.0 / chance))
