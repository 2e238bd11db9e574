"""QuoteIntent v=1: what the trader wants done with one order.

Prices and sizes are integers in hundredths (`*_centi`): odds 2.5 is 250, £7.20 is 720. Times are
milliseconds since the epoch on the engine's clock.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal, Self

import msgspec

from trader.execution.interfaces.ids import is_intent_id
from trader.execution.interfaces.wire import (
    PRICE_CENTI_MAX,
    SAFE_MAX,
    SIZE_CENTI_MAX,
    Count,
    Int,
    IntentId,
    Millis,
    OneType,
    PriceCenti,
    SizeCenti,
)


class Action(StrEnum):
    """What the intent does. REPLACE is price only; the new order belongs to the replace intent."""

    PLACE = "PLACE"
    REPLACE = "REPLACE"
    CANCEL = "CANCEL"


class Side(StrEnum):
    """The side of our bet: a BACK order rests in `atl`, a LAY order in `atb`."""

    BACK = "BACK"
    LAY = "LAY"

    @property
    def opposite(self) -> Side:
        return Side.LAY if self is Side.BACK else Side.BACK


class Persistence(StrEnum):
    """What happens to the unmatched part when the market goes in-play."""

    LAPSE = "LAPSE"
    PERSIST = "PERSIST"
    MARKET_ON_CLOSE = "MARKET_ON_CLOSE"


class TimeInForce(StrEnum):
    FILL_OR_KILL = "FILL_OR_KILL"


_IDENTITIES: Final = ("intent_id", "target_intent_id", "hedge_of")
_RANGES: Final = (
    ("ts_ms", 0, SAFE_MAX),
    ("selection_id", 0, SAFE_MAX),
    ("handicap_centi", -SAFE_MAX, SAFE_MAX),
    ("price_centi", 0, PRICE_CENTI_MAX),
    ("size_centi", 0, SIZE_CENTI_MAX),
    ("ttl_ms", 0, SAFE_MAX),
    ("min_fill_size_centi", 0, SIZE_CENTI_MAX),
    ("market_version", 0, SAFE_MAX),
)


class QuoteIntent(OneType, frozen=True, kw_only=True, tag_field="type", tag="INTENT"):
    """One wish, identified for ever by `intent_id`.

    - `intent_id`: 1 to 32 characters of `[A-Za-z0-9-]`; sent to the venue as `customerOrderRef`.
    - `ttl_ms`: the deadline is `ts_ms + ttl_ms`; more than 0, ignored by CANCEL.
    - `size_centi`: 0 for REPLACE (price only) and for CANCEL of the whole order.
    - `target_intent_id`: the order a REPLACE or CANCEL is about.
    - `min_fill_size_centi`: only with FILL_OR_KILL.
    - `hedge_of`: the intent whose fill this one hedges.

    Build one with `QuoteIntent.place`, and those about it with `.replace` and `.cancel`. Raises
    `ValueError` when built with a bad identity or a number out of its range: what is built here is
    never refused by the executor as a message.
    """

    v: Literal[1]
    intent_id: str
    ts_ms: Millis
    edge: str
    market_id: str
    selection_id: Count
    handicap_centi: Int
    action: Action
    side: Side
    price_centi: PriceCenti
    size_centi: SizeCenti
    ttl_ms: Count
    persistence: Persistence
    time_in_force: TimeInForce | None
    min_fill_size_centi: SizeCenti | None
    target_intent_id: IntentId | None
    market_version: Count | None
    hedge_of: IntentId | None
    strategy_ref: str
    dry_run: bool

    def __post_init__(self) -> None:
        for name in _IDENTITIES:
            identity = getattr(self, name)
            if identity is not None and not is_intent_id(identity):
                raise ValueError(f"{name} {identity[:64]!r} is not 1-32 of [A-Za-z0-9-]")
        for name, low, high in _RANGES:
            number = getattr(self, name)
            if number is not None and not low <= number <= high:
                raise ValueError(f"{name} {number} is outside {low} … {high}")
        if self.ttl_ms == 0 and self.action is not Action.CANCEL:
            raise ValueError(f"ttl_ms 0 of a {self.action} is not more than 0")

    @property
    def deadline_ms(self) -> int:
        """When the wish ends, on the engine's clock (a CANCEL has no deadline: do not ask)."""
        return self.ts_ms + self.ttl_ms

    @classmethod
    def place(
        cls,
        *,
        intent_id: str,
        ts_ms: int,
        edge: str,
        market_id: str,
        selection_id: int,
        side: Side,
        price_centi: int,
        size_centi: int,
        ttl_ms: int,
        dry_run: bool,
        handicap_centi: int = 0,
        persistence: Persistence = Persistence.LAPSE,
        time_in_force: TimeInForce | None = None,
        min_fill_size_centi: int | None = None,
        market_version: int | None = None,
        hedge_of: str | None = None,
        strategy_ref: str = "",
    ) -> Self:
        """A new order at `price_centi` for `size_centi`."""
        return cls(
            v=1,
            intent_id=intent_id,
            ts_ms=ts_ms,
            edge=edge,
            market_id=market_id,
            selection_id=selection_id,
            handicap_centi=handicap_centi,
            action=Action.PLACE,
            side=side,
            price_centi=price_centi,
            size_centi=size_centi,
            ttl_ms=ttl_ms,
            persistence=persistence,
            time_in_force=time_in_force,
            min_fill_size_centi=min_fill_size_centi,
            target_intent_id=None,
            market_version=market_version,
            hedge_of=hedge_of,
            strategy_ref=strategy_ref,
            dry_run=dry_run,
        )

    def replace(
        self,
        *,
        intent_id: str,
        ts_ms: int,
        price_centi: int,
        ttl_ms: int,
        market_version: int | None = None,
    ) -> Self:
        """A REPLACE of this order (its newest intent) to another price, with its own deadline."""
        return msgspec.structs.replace(
            self,
            intent_id=intent_id,
            ts_ms=ts_ms,
            action=Action.REPLACE,
            price_centi=price_centi,
            size_centi=0,
            ttl_ms=ttl_ms,
            time_in_force=None,
            min_fill_size_centi=None,
            target_intent_id=self.intent_id,
            market_version=market_version,
        )

    def cancel(self, *, intent_id: str, ts_ms: int) -> Self:
        """A CANCEL of the whole of this order (its newest intent)."""
        return msgspec.structs.replace(
            self,
            intent_id=intent_id,
            ts_ms=ts_ms,
            action=Action.CANCEL,
            size_centi=0,
            ttl_ms=0,
            time_in_force=None,
            min_fill_size_centi=None,
            target_intent_id=self.intent_id,
            market_version=None,
        )
