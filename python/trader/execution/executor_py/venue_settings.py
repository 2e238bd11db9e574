"""What an executor at a venue keeps to."""

from __future__ import annotations

from dataclasses import dataclass, field

from trader.execution.executor_py.journal_file import JournalSettings
from trader.execution.orders.config import Config


@dataclass(frozen=True, slots=True)
class LiveScope:
    """Where orders go to the venue; elsewhere they are dry. Empty: everywhere."""

    market_ids: frozenset[str] = frozenset()
    event_types: frozenset[str] = frozenset()

    def has(self, market_id: str, event_type: str | None) -> bool:
        """A market whose event type is not known is not of any."""
        of_market = not self.market_ids or market_id in self.market_ids
        return of_market and (not self.event_types or event_type in self.event_types)


@dataclass(frozen=True, slots=True)
class VenueSettings:
    """How a `VenueExecutor` works: what the machine keeps to, its journal (None: it remembers
    nothing over its end, for paper money), and what becomes of orders that rest when it stops."""

    strategy_ref: str
    orders: Config = field(default_factory=Config)
    journal: JournalSettings | None = None
    scope: LiveScope = LiveScope()
    cancel_on_stop: bool = True
    keep_alive_s: float = 4 * 3_600.0
    funds_s: float = 10.0
    heartbeat_s: int = 0
    """So many seconds without us, and the venue cancels the account's LIMIT bets; 0: never."""
    currency: str | None = None
