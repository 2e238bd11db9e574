"""What all parts of the machine share: what is known, what is to be done, and when it has to be
told the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trader.betfair import ladder
from trader.execution.interfaces.messages import Ladder, MarketState, MarketStatus, RunnerStatus
from trader.execution.orders.book import Book
from trader.execution.orders.config import Config
from trader.execution.orders.facts import Bet
from trader.execution.orders.pacing import Pace
from trader.execution.orders.record import Record
from trader.execution.orders.request import Effect, Journal

MAX_MARKETS: Final = 20_000


@dataclass(slots=True)
class Counters:
    """What no report tells of: intents seen before, orders whose time was over before they were
    sent, orders in doubt, those of them that were not there, bets of orders that had ended, bets
    that no order of ours has, times that the venue's exposure was not ours for long, and times that
    requests were held back because instructions of the second or of the hour were used up."""

    duplicates: int = 0
    ttl_prevented: int = 0
    doubts: int = 0
    not_placed: int = 0
    strays: int = 0
    unknown: int = 0
    funds_trips: int = 0
    paced: int = 0


@dataclass(frozen=True, slots=True)
class FundsLook:
    """A look at the account's funds that was compared with what we know. `difference`: the
    account's exposure minus ours, hundredths of hundredths: 0 where it may be that, above 0 what it
    is more than all our orders may cost, below 0 what it is less than what is matched of them
    does."""

    at_ms: int
    difference: int


@dataclass(frozen=True, slots=True)
class Look:
    """A look-up on its way."""

    names: list[str]
    at_ms: int


class Markets:
    """What the trader has said about markets; that heard of first is forgotten when there are too
    many, unless it is needed."""

    def __init__(self) -> None:
        self._known: dict[str, MarketState] = {}

    def get(self, market_id: str) -> MarketState | None:
        return self._known.get(market_id)

    def set(self, market: MarketState, needed: set[str]) -> None:
        self._known[market.market_id] = market
        for _ in range(len(self._known) - MAX_MARKETS):
            market_id = next(iter(self._known))
            known = self._known.pop(market_id)
            if market_id in needed:
                self._known[market_id] = known

    def bet_delay_ms(self, market_id: str) -> int:
        known = self.get(market_id)
        return 0 if known is None else known.bet_delay * 1_000

    def is_open(self, market_id: str) -> bool:
        """Whether it takes orders; one never heard of is taken to."""
        known = self.get(market_id)
        return known is None or known.status is MarketStatus.OPEN

    def is_out(self, market_id: str, runner: tuple[int, int]) -> bool:
        """Whether the runner is listed and does not take part."""
        known = self.get(market_id)
        return known is not None and any(
            (one.selection_id, one.handicap_centi) == runner
            and one.status is not RunnerStatus.ACTIVE
            for one in known.runners
        )

    def allows(self, market_id: str, price_centi: int) -> bool:
        """Whether an order may have this price. A MARKET does not carry its lines: a line market
        allows any."""
        known = self.get(market_id)
        kind = Ladder.CLASSIC if known is None else known.ladder
        if kind is Ladder.LINE_RANGE:
            return True
        prices = ladder.CLASSIC if kind is Ladder.CLASSIC else ladder.FINEST
        return prices.is_on_ladder(price_centi)


class Core:
    """The state of a machine; its parts are functions over it.

    - `looks`: look-ups on their way; `look_after`: when each order may be looked up again.
    - `unclaimed`: bets that nobody has named yet.
    - `strays`: bets to be ended though no open order has them, and when to try (again).
    - `gathered`: when the orders of a market that are gathered leave.
    - `unknown`: bets of strangers that were told.
    - `halted`: why nothing more is placed though nobody has thrown the switch.
    - `wake_ms`: when it has to be told the time again, if nothing else happens.
    """

    def __init__(self, config: Config, now_ms: int) -> None:
        self.config = config
        self.now_ms = now_ms
        self.book = Book(config.limits.max_remembered_intents)
        self.markets = Markets()
        self.pace = Pace(now_ms)
        self.looks: dict[int, Look] = {}
        self.next_look = 1
        self.look_after: dict[str, int] = {}
        self.unclaimed: list[Bet] = []
        self.strays: dict[str, tuple[Bet, int]] = {}
        self.gathered: dict[tuple[str, str], int] = {}
        self.unknown: set[str] = set()
        self.is_ready = False
        self.needs_login = False
        self.is_paused = False
        self.halted: str | None = None
        self.funds_differ_since_ms: int | None = None
        self.funds_look: FundsLook | None = None
        self.effects: list[Effect] = []
        self.counters = Counters()
        self.wake_ms: int | None = None

    @property
    def why_halted(self) -> str | None:
        """Why nothing more is placed: the code that intents are refused with."""
        if self.book.killed:
            return "KILLED"
        return "REPORTS_UNACKED" if self.is_paused else self.halted

    def note(self, record: Record) -> None:
        """Decides something: the journal has it before anything that follows from it."""
        self.book.apply(record)
        self.effects.append(Journal(record))

    def wake_at(self, at_ms: int) -> None:
        """Asks to be told the time no later than this."""
        self.wake_ms = at_ms if self.wake_ms is None else min(self.wake_ms, at_ms)

    def doubt_ms(self, market_id: str) -> int:
        """How long an order of the market is looked for."""
        return self.config.windows.look_up_ms + self.markets.bet_delay_ms(market_id)

    def backoff_ms(self, attempts: int) -> int:
        windows = self.config.windows
        doubled = windows.backoff_ms << min(max(attempts - 1, 0), 16)
        return min(doubled, windows.backoff_max_ms)

    def cancel_backoff_ms(self, attempts: int) -> int:
        return 0 if attempts == 0 else self.backoff_ms(attempts)
