"""For tests of matching: a runner's public book, and short ways to say things."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from trader.betfair.books import RestedSide, TakenSide
from trader.betfair.signals.matched import Trade
from trader.betfair.signals.settings import SignalSettings
from trader.simulator.matching import Match, RunnerMatching, RunnerMove


@dataclass
class Public:
    """Price → size of resting backs (`atl`) and lays (`atb`); all prices are in view, or of each
    side those down to the worst one shown."""

    backs: dict[int, int] = field(default_factory=dict)
    lays: dict[int, int] = field(default_factory=dict)
    is_full: bool = True

    def resting(self, side: RestedSide) -> dict[int, int]:
        return self.backs if side == "BACK" else self.lays

    def visible(self, side: RestedSide, price_centi: int) -> int | None:
        shown = self.resting(side)
        if not self.is_full:
            if side == "BACK" and price_centi > max(shown, default=0):
                return None
            if side == "LAY" and price_centi < min(shown, default=price_centi + 1):
                return None
        return shown.get(price_centi, 0)

    def offers(self, side: TakenSide) -> Iterable[tuple[int, int]]:
        levels = self.lays if side == "BACK" else self.backs
        return sorted(levels.items(), reverse=side == "BACK")


class ByLevel(Public):
    """The same offers, each in two rows of one price."""

    def offers(self, side: TakenSide) -> Iterable[tuple[int, int]]:
        for price_centi, size_centi in super().offers(side):
            yield price_centi, size_centi // 3
            yield price_centi, size_centi - size_centi // 3


def matching(**changes: Any) -> RunnerMatching:
    return RunnerMatching(SignalSettings(**changes))


def move(book: Public, *trades: Trade, is_open: bool = True, upset: bool = False) -> RunnerMove:
    return RunnerMove(book, trades, is_open, upset)


def told(matches: Iterable[Match]) -> list[tuple[str, int, int, str]]:
    return [(m.order_id, m.price_centi, m.size_centi, m.kind) for m in matches]
