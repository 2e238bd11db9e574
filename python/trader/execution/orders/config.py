"""What a machine keeps to. All times in milliseconds, all money in hundredths of the account
currency."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Limits:
    """How many orders, of which size, and how much may be lost with them.

    - `max_open_orders`: open or in doubt at once.
    - `min_size_centi`: a smaller stake is refused, unless price times stake is at least
      `min_payout_centi`.
    - `max_market_exposure_centi`, `max_exposure_centi`: what one market, and all, may cost at most,
      open orders counted as filled.
    - `funds_tolerance_centi`: by how much the venue's exposure may differ from ours before nothing
      more is placed; None: it is not looked at.
    - `max_remembered_intents`: intents that are told apart from new ones.
    """

    max_open_orders: int = 200
    min_size_centi: int = 100
    min_payout_centi: int = 1_000
    max_market_exposure_centi: int = 100_000
    max_exposure_centi: int = 500_000
    funds_tolerance_centi: int | None = 500
    max_remembered_intents: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Pacing:
    """How fast instructions may leave. Cancels are never held back.

    - `per_second`, `market_per_second`: PLACE and REPLACE instructions, to all markets and to one,
      and as many at once.
    - `per_hour`: transactions in a clock hour before the venue charges for them.
    - `batch_window_ms`: orders of a market are gathered for so long and leave together; 0: each
      leaves at once, by itself. Hedges always do.
    - `in_flight`: requests to place or to replace that may wait for their replies at once.
    """

    per_second: int = 100
    market_per_second: int = 40
    per_hour: int = 5_000
    batch_window_ms: int = 0
    in_flight: int = 16


@dataclass(frozen=True, slots=True)
class Windows:
    """How long what is waited for.

    - `resend_ms`: after its first sending a request may be sent again with its reference: less than
      the venue remembers it.
    - `look_up_ms`: an order in doubt is looked for so long, and the market's bet delay more;
      `look_up_every_ms`: between two look-ups.
    - `backoff_ms`: before a request is sent again, doubled each time up to `backoff_max_ms`.
    - `funds_ms`: the venue's exposure may differ from ours for so long.
    - `adopt_ms`: an adopted bet may rest for so long.
    """

    resend_ms: int = 50_000
    look_up_ms: int = 20_000
    look_up_every_ms: int = 1_000
    backoff_ms: int = 200
    backoff_max_ms: int = 5_000
    funds_ms: int = 15_000
    adopt_ms: int = 3_600_000


class UnknownBets(StrEnum):
    """What becomes of bets that rest with our strategy's reference and that no order of ours has:
    cancelled, made orders told of with reports like any other, or told of and left alone."""

    CANCEL = "Cancel"
    ADOPT = "Adopt"
    LEAVE = "Leave"


@dataclass(frozen=True, slots=True)
class Config:
    limits: Limits = field(default_factory=Limits)
    pacing: Pacing = field(default_factory=Pacing)
    windows: Windows = field(default_factory=Windows)
    unknown_bets: UnknownBets = UnknownBets.CANCEL
