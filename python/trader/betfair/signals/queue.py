"""Queue positions: what stands ahead of an order in the book (docs/signals.md, "Queue positions").

The book shows sizes, not orders. What is matched at our price comes from the front; the rest of a
decrease was cancelled, ahead of us or behind: a model says how much of it came from behind.

Sources: R. Rigtorp, "Estimating order queue position" (2013), and the probability models of
hftbacktest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from trader.betfair.books import Depth, RestedSide
from trader.betfair.messages import RunnerKey
from trader.betfair.signals.settings import SignalSettings


@dataclass(slots=True)
class Position:
    """One tracked order; sizes in hundredths, `ahead_centi` (f) kept as a float."""

    order_id: str
    market_id: str
    key: RunnerKey
    side: RestedSide
    price_centi: int
    own_centi: int
    """The own size that stands in the book, 0 where it does not."""
    ahead_centi: float
    visible_centi: int
    """prev: the visible size at the price when it was last in view."""
    depth: Depth
    """Which offers `visible_centi` was read from."""
    seen: bool
    """Whether the price has been in view."""
    frozen: bool
    """The market was not OPEN when the position was looked at last."""

    @classmethod
    def at_tail(
        cls,
        side: RestedSide,
        price_centi: int,
        visible_centi: int | None,
        depth: Depth = "full",
        *,
        order_id: str = "",
        market_id: str = "",
        key: RunnerKey = (0, 0),
        own_centi: int = 0,
        frozen: bool = False,
    ) -> Self:
        """Behind all that is visible at a price, where it is in view. Who keeps positions apart
        by other means names neither order, market nor runner."""
        return cls(
            order_id=order_id,
            market_id=market_id,
            key=key,
            side=side,
            price_centi=price_centi,
            own_centi=own_centi,
            ahead_centi=float(visible_centi or 0),
            visible_centi=visible_centi or 0,
            depth=depth,
            seen=visible_centi is not None,
            frozen=frozen,
        )


@dataclass(frozen=True, slots=True)
class Sight:
    """What the book shows, after a message, where a position stands."""

    is_open: bool
    depth: Depth
    visible_centi: int | None
    """None: the price is not in view."""
    upset: bool
    """An image or the turn in-play: the sizes before and after do not compare."""


def advance(position: Position, sight: Sight, matched_centi: int, settings: SignalSettings) -> None:
    """The numbered steps of one message; `matched_centi` is v at the position's price and side."""
    position.ahead_centi = max(0.0, position.ahead_centi - matched_centi)
    position.visible_centi = max(0, position.visible_centi - matched_centi)
    if not sight.is_open:
        position.frozen = True
        return
    new = sight.visible_centi
    if new is None:
        return
    comparable = not (sight.upset or position.frozen or position.depth != sight.depth)
    cancelled = position.visible_centi - new
    if not position.seen:
        position.ahead_centi = float(new)
    elif not comparable or cancelled <= 0:
        position.ahead_centi = min(position.ahead_centi, float(new))
    else:
        position.ahead_centi = _after_cancel(position, cancelled, new, settings)
    position.seen, position.frozen = True, False
    position.visible_centi, position.depth = new, sight.depth


def _after_cancel(position: Position, cancelled: int, new: int, settings: SignalSettings) -> float:
    """f ← clamp(f - (c - min(p·c, b)), 0, new)."""
    ahead = position.ahead_centi
    behind = max(0.0, position.visible_centi - ahead)
    from_behind = min(share_behind(ahead, behind, settings) * cancelled, behind)
    return min(max(ahead - (cancelled - from_behind), 0.0), float(new))


def share_behind(ahead_centi: float, behind_centi: float, settings: SignalSettings) -> float:
    """p: the share of a cancelled size that is taken to come from behind us; in [0, 1]."""
    if behind_centi <= 0:
        return 0.0
    if settings.queue_model == "risk_averse":
        return 1.0
    if settings.queue_model == "prob_power":
        behind = math.pow(behind_centi, settings.queue_power_n)
        return behind / (behind + math.pow(ahead_centi, settings.queue_power_n))
    behind = math.log1p(behind_centi / 100)
    return behind / (behind + math.log1p(ahead_centi / 100))
