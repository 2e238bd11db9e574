"""Ages and exponential decay on publish time (docs/signals.md, "Units")."""

from __future__ import annotations

import math


def age_ms(now_ms: int, at_ms: int) -> int:
    """max(now - t, 0): what is asked before the last change is answered as of that change."""
    return max(now_ms - at_ms, 0)


def kept(elapsed_ms: int, tau_s: float) -> float:
    """e^(-Δ / (1000 τ)): the part that is left after Δ ms with a time constant of τ seconds."""
    return math.exp(-elapsed_ms / (1000.0 * tau_s))


class Decaying:
    """A sum whose parts fade with their age; its time never goes back."""

    __slots__ = ("at_ms", "value")

    def __init__(self) -> None:
        self.value = 0.0
        self.at_ms: int | None = None
        """When something was added last; None before."""

    def add(self, amount: float, at_ms: int, tau_s: float) -> None:
        """value ← value · e^(-Δ/τ) + amount."""
        self.value = self.read(at_ms, tau_s) + amount
        self.at_ms = at_ms if self.at_ms is None else max(self.at_ms, at_ms)

    def read(self, now_ms: int, tau_s: float) -> float:
        """value · e^(-Δ/τ), with nothing added since."""
        if self.at_ms is None:
            return 0.0
        return self.value * kept(age_ms(now_ms, self.at_ms), tau_s)
