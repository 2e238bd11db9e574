"""Risk: the last word on every order, and the kill switch.

It does not trust those before it: what the sizer has let through is held against `max_exposure`
once more. What was lost is looked at by the clock:

- a market that has lost `max_market_loss` (settled or at the last prices) gets no order any more
  but such as take inventory back;
- when all markets together have lost `max_loss`, everything is cancelled and nothing new leaves:
  the executor is killed, which it remembers over a restart, until a person resumes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trader.config.rules import Number, Whole, rule
from trader.execution.ledger import MarketResult, to_money
from trader.strategy.exposure import Exposure
from trader.strategy.fee_gate import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskConfig:
    max_exposure: float = rule(Number(0.0, 1e9))
    max_market_loss: float = rule(Number(0.01, 1e9))
    max_loss: float = rule(Number(0.01, 1e9))
    check_every_ms: int = rule(Whole(1, 3_600_000))


class Risk:
    """For the engine's thread."""

    def __init__(self, config: RiskConfig, exposure: Exposure) -> None:
        self.killed: str | None = None
        """Why nothing new leaves; None while it may."""
        self._config = config
        self._exposure = exposure
        self._barred: set[str] = set()
        self._judges_anew = False
        self._checked_ms = 0

    def reconfigure(self, config: RiskConfig) -> None:
        """Another configuration from now on. What was killed stays killed. Which markets have lost
        too much is judged anew where that is another amount, by the next look: until then those
        that were barred stay so."""
        self._judges_anew |= config.max_market_loss != self._config.max_market_loss
        self._config = config
        self._checked_ms = 0

    def check(self, market_id: str, new_loss_e4: int, reduces: bool) -> Refused | None:
        """None when an order may leave. `new_loss_e4`: what it can lose by itself."""
        if self.killed is not None:
            return Refused("killed")
        if reduces:
            return None
        if market_id in self._barred:
            return Refused("market_loss")
        fits = self._exposure.fits(new_loss_e4, round(self._config.max_exposure * 10_000))
        return None if fits else Refused("risk_exposure")

    def is_due(self, now_ms: int) -> bool:
        """Whether to call `look`; cheap."""
        return now_ms - self._checked_ms >= self._config.check_every_ms

    def look(self, now_ms: int, results: Iterable[MarketResult]) -> str | None:
        """Judges what every market has come to; why everything has to end now, said once."""
        self._checked_ms = now_ms
        if self._judges_anew:
            self._judges_anew, self._barred = False, set()
        lost_e4 = 0
        for result in results:
            lost_e4 -= result.net_e4
            if -result.net_e4 >= round(self._config.max_market_loss * 10_000):
                self._barred.add(result.market_id)
        if self.killed is None and lost_e4 >= round(self._config.max_loss * 10_000):
            self.killed = (
                f"lost {to_money(lost_e4):.2f}, which is risk.max_loss {self._config.max_loss:g}"
            )
            return self.killed
        return None
