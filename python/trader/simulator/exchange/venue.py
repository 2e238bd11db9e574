"""The venue: markets that are played back, accounts, bets; a state that is advanced to a time.

    venue.advance(to_ms)          the public markets go on, timers ring, each at its own time
    venue.enter(bet) …            what the API does, now
    venue.flush()                 whoever listens is told what changed since the last flush

Invariants:

1. No I/O, no clock, one thread. The same feed, seed and calls at the same times give the same
   states, changes and ids, whatever the steps of `advance` were.
2. Every change of a bet or of what a market shows is in exactly one `Changes`, in the order of
   their `seq`.
3. Nothing grows without a limit: markets, bets and sessions have one, and an error of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final, Protocol

from trader.betfair.messages import RunnerKey
from trader.betfair.normalize import read_message
from trader.betfair.signals.settings import SignalSettings
from trader.clock import Timers
from trader.simulator.catalogue import CatalogueMarket
from trader.simulator.exchange import lifecycle
from trader.simulator.exchange.accounts import Account, AccountConfig, Session, Sessions
from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.exposure import Exposures
from trader.simulator.exchange.market import ExchangeMarket, MarketChanges
from trader.simulator.exchange.settlement import Settlements
from trader.simulator.feeds import Feed, FeedEvent
from trader.simulator.matching import Match

FIRST_BET_ID: Final = 300_000_000_001


class LimitError(Exception):
    """The venue holds as much as it may; the message names the limit."""


@dataclass(frozen=True, slots=True)
class VenueConfig:
    """What can be configured of the venue; the defaults are Betfair's where it has one."""

    seed: int = 1
    accounts: tuple[AccountConfig, ...] = (AccountConfig(),)
    signals: SignalSettings = field(default_factory=SignalSettings)
    """Queue model and volume rules of the matching."""
    session_ms: int = 12 * 3_600_000
    best_execution: bool = True
    """Off: placeOrders may succeed in part."""
    settle_after_ms: int = 2_000
    """From a market's end to the settlement of its bets."""
    bets_max: int = 1_000_000
    markets_max: int = 10_000


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened between two flushes."""

    seq: int
    at_ms: int
    markets: Mapping[str, MarketChanges]
    bets: Mapping[str, list[Bet]]
    """Account id → the bets that changed, in the order of their first change."""


class Listener(Protocol):
    """Hears of what changed."""

    def changed(self, changes: Changes) -> None: ...


class Venue:
    """See the module. `feed` is played from its first event; it is now `start_ms`, by default the
    time of that event."""

    def __init__(self, config: VenueConfig, feed: Feed, start_ms: int | None = None) -> None:
        self.config = config
        self.rng = Random(config.seed)
        self.timers = Timers(feed.first_pt_ms if start_ms is None else start_ms)
        self.sessions = Sessions(self.rng, config.session_ms)
        self.markets: dict[str, ExchangeMarket] = {}
        self.catalogue: dict[str, CatalogueMarket] = {m.market_id: m for m in feed.catalogue()}
        self.bets: dict[str, Bet] = {}
        self.accounts = {
            account.username: Account(f"{1_000_001 + index}", account, account.deposit_e4)
            for index, account in enumerate(config.accounts)
        }
        self.settlements = Settlements()
        self.exposures = Exposures(self.markets)
        self.seq = 0
        """The number of the last flush that told of anything."""
        self.feed_ended = False
        self.events = 0
        """Events of the feed so far."""
        self._by_id = {account.account_id: account for account in self.accounts.values()}
        self._listeners: list[Listener] = []
        self._changed_markets: dict[str, ExchangeMarket] = {}
        self._changed_bets: dict[str, dict[str, Bet]] = {}
        self._feed = feed
        self._events: Iterator[FeedEvent] = feed.events()
        self._await_event()

    @property
    def now_ms(self) -> int:
        return self.timers.now_ms

    # --- time -----------------------------------------------------------------------------------

    def advance(self, to_ms: int) -> None:
        """It becomes `to_ms`, and everything until then happens at its time."""
        self.timers.advance(to_ms)

    def next_due_ms(self) -> int | None:
        """When something happens next by itself; None: nothing does."""
        return self.timers.next_due_ms()

    def _await_event(self) -> None:
        event = next(self._events, None)
        if event is None:
            self.feed_ended = True
            return

        def happen() -> None:
            self._take(event)
            self._await_event()

        self.timers.at(event.pt_ms, happen)

    def _take(self, event: FeedEvent) -> None:
        """One message of the public markets."""
        self.events += 1
        message = read_message({"op": "mcm", "pt": event.pt_ms, "mc": event.changes})
        assert message is not None, "it is a market change message"
        for entry, change in zip(event.changes, message.changes, strict=True):
            market = self._market(change.market_id)
            before = market.apply(entry, change, self.now_ms)
            if change.definition is not None:
                if change.market_id not in self.catalogue:
                    self.catalogue = {m.market_id: m for m in self._feed.catalogue()}
                lifecycle.on_definition(self, market, before)
            self.matched(market, market.match())
            self.touch(market)
        self.flush()

    def _market(self, market_id: str) -> ExchangeMarket:
        market = self.markets.get(market_id)
        if market is None:
            if len(self.markets) >= self.config.markets_max:
                raise LimitError(f"the venue holds {len(self.markets)} markets, its limit")
            market = ExchangeMarket(market_id, self.config.signals)
            self.markets[market_id] = market
        return market

    # --- accounts -------------------------------------------------------------------------------

    def account(self, account_id: str) -> Account:
        """The account of this id; `KeyError` for one that does not exist."""
        return self._by_id[account_id]

    def session(self, token: str) -> Session | None:
        """The open session of a token."""
        return self.sessions.get(token, self.now_ms)

    # --- bets -----------------------------------------------------------------------------------

    def new_bet_id(self) -> str:
        """The next bet id: they rise by one."""
        return str(FIRST_BET_ID + len(self.bets))

    def record(self, bet: Bet) -> None:
        """Takes a new bet into the books; it is not in the market yet. Raises `LimitError`."""
        if len(self.bets) >= self.config.bets_max:
            raise LimitError(f"the venue holds {len(self.bets)} bets, its limit")
        self.bets[bet.bet_id] = bet
        self._by_id[bet.account_id].record(bet)
        market = self._market(bet.market_id)
        market.bets[bet.bet_id] = market.live[bet.bet_id] = bet
        self.changed(bet)

    def enter(self, bet: Bet) -> None:
        """A recorded LIMIT bet meets the market: it takes what is there, and what remains rests,
        or ends where it is FILL_OR_KILL."""
        market = self.markets[bet.market_id]
        display = market.runner(bet.runner)
        if bet.status == "PENDING":
            bet.status = "EXECUTABLE"
        matching = display.matching
        order = (bet.bet_id, bet.side, bet.price_centi, bet.remaining_centi, display.public)
        if bet.time_in_force == "FILL_OR_KILL":
            matches = matching.fill_or_kill(*order, bet.min_fill_centi)
        else:
            matches = matching.place(*order)
        self.matched(market, [(bet.runner, match) for match in matches])
        if bet.time_in_force == "FILL_OR_KILL" and bet.remaining_centi > 0:
            bet.expire(self.now_ms)
        market.note_resting(bet)
        self.changed(bet)

    def cancel(self, bet: Bet, size_centi: int | None = None) -> int:
        """Cancels `size_centi` (None: all) of what remains of a bet; how much that came to. The
        rest keeps its place in the queue."""
        gone = bet.remaining_centi if size_centi is None else min(size_centi, bet.remaining_centi)
        if gone <= 0:
            return 0
        self._leave_queue(bet, gone)
        bet.cancel(gone, self.now_ms)
        self.changed(bet)
        return gone

    def lapse(self, bet: Bet, reason: str | None) -> None:
        """What remains of a bet lapses; `reason` is a code of `lsrc`."""
        if bet.remaining_centi > 0:
            self._leave_queue(bet, None)
            bet.lapse(reason, self.now_ms)
            self.changed(bet)

    def leave(self, bet: Bet) -> None:
        """A bet stops to rest in the market, with its remainder (MARKET_ON_CLOSE at the off)."""
        self._leave_queue(bet, None)
        self.changed(bet)

    def rest(self, bet: Bet) -> None:
        """What remains of a LIMIT bet that left the market enters it again, at its price."""
        market = self.markets[bet.market_id]
        display = market.runner(bet.runner)
        order = (bet.bet_id, bet.side, bet.price_centi, bet.remaining_centi, display.public)
        display.matching.rest(*order)
        market.note_resting(bet)
        self.changed(bet)

    def _leave_queue(self, bet: Bet, size_centi: int | None) -> None:
        market = self.markets[bet.market_id]
        if market.runner(bet.runner).matching.reduce(bet.bet_id, size_centi):
            market.note_resting(bet)
            self.touch(market)

    def matched(self, market: ExchangeMarket, matches: list[tuple[RunnerKey, Match]]) -> None:
        """Takes matches into their bets and into what the market shows."""
        for key, match in matches:
            bet = self.bets[match.order_id]
            bet.match(match.price_centi, match.size_centi, self.now_ms, len(market.removals))
            market.note(key, market.runner(key).take_match(bet.side, match))
            self.changed(bet)

    # --- who is told ----------------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        """`listener` is told of every change from now on."""
        self._listeners.append(listener)

    def ignore(self, listener: Listener) -> None:
        """`listener` is told no more."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def touch(self, market: ExchangeMarket) -> None:
        """What a market shows may have changed."""
        self._changed_markets[market.market_id] = market

    def changed(self, bet: Bet) -> None:
        """A bet changed."""
        self.exposures.changed(bet)
        if not bet.is_executable:
            self.markets[bet.market_id].live.pop(bet.bet_id, None)
        self._changed_bets.setdefault(bet.account_id, {})[bet.bet_id] = bet
        self.touch(self.markets[bet.market_id])

    def flush(self) -> None:
        """Tells the listeners what changed since the last time, if anything did."""
        touched, self._changed_markets = self._changed_markets, {}
        bets, self._changed_bets = self._changed_bets, {}
        if not (touched or bets):
            return
        self.seq += 1
        markets = {
            market_id: shown
            for market_id, market in touched.items()
            if (shown := market.take_changes(self.seq))
        }
        for of_account in bets.values():
            for bet in of_account.values():
                bet.changed_seq = self.seq
        changes = Changes(
            self.seq,
            self.now_ms,
            markets,
            {account_id: list(changed.values()) for account_id, changed in bets.items()},
        )
        for listener in list(self._listeners):
            listener.changed(changes)
