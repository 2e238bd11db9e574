"""What went through the order desk, for the summary of a run and its report."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from trader.calibration.orders_sent import SentScores


def seconds_power(ms: float) -> int:
    """The histogram's class of a time: up to 2^this seconds, all up to one second in 0."""
    return max(0, math.ceil(math.log2(max(ms, 1.0) / 1000)))


@dataclass(slots=True)
class DeskCounts:
    """What went through the desk."""

    intents: Counter[tuple[str, str]] = field(default_factory=Counter)  # (edge, action)
    refused: Counter[str] = field(default_factory=Counter)  # by the gates, by reason
    cancels: Counter[str] = field(default_factory=Counter)  # by the reason to cancel
    cannibalised: Counter[str] = field(default_factory=Counter)  # by kind
    p_fill: Counter[int] = field(default_factory=Counter)  # of orders sent, by tenth
    ttf_s: Counter[int] = field(default_factory=Counter)  # of orders sent, up to 2^key seconds
    sent: SentScores = field(default_factory=SentScores)  # what p_fill was worth
    reports: Counter[str] = field(default_factory=Counter)  # by status
    rejects: Counter[str] = field(default_factory=Counter)  # by code
    charges_e4: int = 0  # for transactions beyond the free ones
    fills: int = 0
    filled_stake_centi: int = 0
