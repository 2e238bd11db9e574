"""Hedge-on-fill: evens out what the hedged edges are filled with, whichever executor reports it.

The hedge listens to the reports on the bus. For each runner it adds up what the hedged edges and
its own orders have matched; while winning and losing do not pay the same, it wants an order on the
other side: `offset_ticks` better than the last fill (a LAY below a BACK, a BACK above a LAY), for
`ttl_ms`. When such an order ends unfilled, `on_expiry` says whether it crosses to what the market
offers (`cross`) or leaves the position as it is (`leave`).

It decides what is wanted and asks nobody; the engine carries it out when the market can be traded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from trader.betfair import ladder
from trader.config.rules import Choice, Texts, Whole, rule
from trader.execution.ack_tracker import AckTracker
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Action, QuoteIntent, Side
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ipc import Bus
from trader.execution.ledger import Position

HEDGE: Final = "hedge"
"""The edge that hedges stand under."""
AGAIN_MS: Final = 1_000
"""What was refused is tried again after so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeConfig:
    edges: tuple[str, ...] = rule(Texts("a list of the edges whose fills are hedged"))
    offset_ticks: int = rule(Whole(0, 100))
    ttl_ms: int = rule(Whole(1, 86_400_000))
    on_expiry: str = rule(Choice(("cross", "leave")))


@dataclass(frozen=True, slots=True)
class RunnerKey:
    """One runner of one market, as orders carry it."""

    market_id: str
    selection_id: int
    handicap_centi: int


@dataclass(frozen=True, slots=True)
class EdgeMatch:
    """What was matched of an order of any edge, or of a hedge. Size in hundredths, above 0;
    `value_e4` is the sum of size times price, both in hundredths."""

    key: RunnerKey
    intent_id: str
    edge: str
    side: Side
    size_centi: int
    value_e4: int

    @property
    def price_centi(self) -> int:
        """The average price, in hundredths."""
        return (2 * self.value_e4 + self.size_centi) // (2 * self.size_centi)


@dataclass(frozen=True, slots=True)
class HedgeWish:
    """An order that evens a runner out. Price and size in hundredths; `hedge_of`: the intent that
    was filled last."""

    side: Side
    price_centi: int
    size_centi: int
    hedge_of: str


@dataclass(slots=True)
class _Hedged:
    """One runner: what is to be evened out, and how."""

    position: Position
    last_side: Side
    last_price_centi: int
    last_intent: str
    crosses: bool = False
    given_up: bool = False
    not_before_ms: int = 0


@dataclass(slots=True)
class _Matched:
    """What is matched of one order, as in `EdgeMatch`. `is_whole`: it has been hedged from its
    first match on."""

    key: RunnerKey
    side: Side
    size_centi: int = 0
    value_e4: int = 0
    is_whole: bool = True


class HedgeOnFill:
    """For the engine's thread. Subscribes to the bus when it is made: after the router."""

    def __init__(self, config: HedgeConfig, bus: Bus, tracker: AckTracker) -> None:
        self.due: dict[RunnerKey, None] = {}
        """Runners that something has changed for, oldest first; the engine takes them out."""
        self._config = config
        self._tracker = tracker
        self._edges = frozenset(config.edges)
        self._runners: dict[RunnerKey, _Hedged] = {}
        self._matched: dict[str, _Matched] = {}  # by intent
        self._markets: dict[str, set[str]] = {}  # whose intents those are
        self._bus = bus
        self._hears = False
        self._listen()

    def reconfigure(self, config: HedgeConfig) -> None:
        """Another configuration from now on: fills of an edge that was not hedged before are hedged
        as they come, and what is being hedged is hedged to its end."""
        self._config = config
        self._edges = frozenset(config.edges)
        self._listen()

    def _listen(self) -> None:
        if self._edges and not self._hears:
            self._hears = True
            self._bus.subscribe(self._on_report)

    def wish(
        self,
        key: RunnerKey,
        orders: Sequence[OpenOrder],
        best: tuple[int | None, int | None],
        now_ms: int,
    ) -> HedgeWish | None:
        """What is still to be ordered for a runner beside the hedges that rest (`orders`); None
        when it is even. `best`: the best prices to back and to lay at now, hundredths."""
        hedged = self._runners.get(key)
        if hedged is None or hedged.given_up or now_ms < hedged.not_before_ms:
            return None
        open_e4 = hedged.position.win_e4 - hedged.position.lose_e4
        for order in orders:
            value_e4 = order.remaining_centi * order.price_centi
            open_e4 += value_e4 if order.side is Side.BACK else -value_e4
        if open_e4 == 0:
            return None
        side = Side.LAY if open_e4 > 0 else Side.BACK
        price_centi = self._price(hedged, side, best)
        if price_centi is None:
            hedged.not_before_ms = now_ms + AGAIN_MS
            return None
        size_centi = (2 * abs(open_e4) + price_centi) // (2 * price_centi)
        return HedgeWish(side, price_centi, size_centi, hedged.last_intent)

    def restore(self, match: EdgeMatch) -> None:
        """A match that a run before this one has heard of; of edges not hedged it is ignored."""
        if match.edge == HEDGE or match.edge in self._edges:
            self._filled(match)

    def is_waiting(self, key: RunnerKey, now_ms: int) -> bool:
        """Whether a runner's hedge is to be tried again later, without anything happening."""
        hedged = self._runners.get(key)
        return hedged is not None and now_ms < hedged.not_before_ms

    def forget(self, market_id: str) -> None:
        """A market has closed."""
        self.due = {key: None for key in self.due if key.market_id != market_id}
        self._runners = {k: v for k, v in self._runners.items() if k.market_id != market_id}
        for intent_id in self._markets.pop(market_id, ()):
            del self._matched[intent_id]

    def _price(
        self, hedged: _Hedged, side: Side, best: tuple[int | None, int | None]
    ) -> int | None:
        to_back, to_lay = best
        if hedged.crosses or hedged.last_side is side:
            # The other edge's own fills have turned the position round: nothing to gain by waiting.
            return to_lay if side is Side.LAY else to_back
        step = ladder.prev_price if side is Side.LAY else ladder.next_price
        price = hedged.last_price_centi
        for _ in range(self._config.offset_ticks):
            price = step(price) or price
        return price

    # --- reports ----------------------------------------------------------------------------------

    def _on_report(self, report: ExecutionReport) -> None:
        tracked = self._tracker.get(report.intent_id)
        if tracked is None:
            self._amended_untracked(report)
            return
        intent = tracked.intent
        if intent.action is Action.CANCEL:
            return
        if intent.edge != HEDGE and intent.edge not in self._edges:
            return
        key = RunnerKey(intent.market_id, intent.selection_id, intent.handicap_centi)
        if intent.intent_id not in self._matched and len(tracked.fills) > len(report.fill_events):
            # Matched before its edge was hedged (a reload): what the venue changes of that is not
            # to be evened out either.
            self._known(intent.intent_id, key, intent.side).is_whole = False
        self._count(key, intent, report)
        if report.status in (Status.AMENDED, Status.VOIDED):
            self._amended(key, intent.side, report)
        if intent.edge == HEDGE and report.is_terminal and report.status is not Status.FILLED:
            self._ended(key, report)

    def _count(self, key: RunnerKey, intent: QuoteIntent, report: ExecutionReport) -> None:
        for event in report.fill_events:
            price_centi, size_centi = round(event.price * 100), round(event.size * 100)
            name, edge, side = intent.intent_id, intent.edge, intent.side
            self._filled(EdgeMatch(key, name, edge, side, size_centi, size_centi * price_centi))

    def _filled(self, match: EdgeMatch) -> None:
        side = match.side
        hedged = self._runners.get(match.key)
        if hedged is None:
            hedged = _Hedged(Position(), side, match.price_centi, match.intent_id)
            self._runners[match.key] = hedged
        hedged.position.change(side, match.size_centi, match.value_e4)
        known = self._known(match.intent_id, match.key, side)
        known.size_centi += match.size_centi
        known.value_e4 += match.value_e4
        if match.edge != HEDGE:
            hedged.last_side, hedged.last_price_centi = side, match.price_centi
            hedged.last_intent = match.intent_id
            hedged.crosses = hedged.given_up = False
        self.due[match.key] = None

    def _known(self, intent_id: str, key: RunnerKey, side: Side) -> _Matched:
        known = self._matched.get(intent_id)
        if known is None:
            known = self._matched[intent_id] = _Matched(key, side)
            self._markets.setdefault(key.market_id, set()).add(intent_id)
        return known

    def _amended_untracked(self, report: ExecutionReport) -> None:
        """Of an order that has ended long ago, or in a run before this one."""
        known = self._matched.get(report.intent_id)
        if known is not None and report.status is Status.AMENDED:
            self._amended(known.key, known.side, report)

    def _amended(self, key: RunnerKey, side: Side, report: ExecutionReport) -> None:
        """The venue has taken matches back, or changed their price."""
        hedged = self._runners.get(key)
        if hedged is None:
            return
        size_centi, value_e4 = report.matched
        known = self._known(report.intent_id, key, side)
        if not known.is_whole:
            return
        hedged.position.change(side, size_centi - known.size_centi, value_e4 - known.value_e4)
        known.size_centi, known.value_e4 = size_centi, value_e4
        self.due[key] = None

    def _ended(self, key: RunnerKey, report: ExecutionReport) -> None:
        """A hedge is gone with something unmatched."""
        hedged = self._runners.get(key)
        if hedged is None:
            return
        if report.status is Status.EXPIRED:
            hedged.crosses = self._config.on_expiry == "cross"
            hedged.given_up = not hedged.crosses
        if report.status is Status.REJECTED or report.reject_code == "TTL_PREVENTED":
            hedged.not_before_ms = report.ts_ms + AGAIN_MS
        self.due[key] = None
