"""The arbiter: every place in the market belongs to one edge.

A quote slot is one side of one runner. The edge whose orders rest there (or are on their way)
owns it. Another edge's wish for it is weighed: the higher `priority` wins; between equals the
wish must be worth `takeover_margin` more than the owner's, in expected profit a unit of stake
(`gross_edge` times the probability of a fill, where the edge tells it). Who wins has the owner's
orders taken away and the slot kept for `reserve_ms`; its order is placed when it asks again, so
that never two edges queue for one fill. Who loses is refused.

An order that closes what its edge holds ranks above all others, where it is asked for and where it
stands: it takes risk away. So does a hedge. Such orders wait for no place that is kept, and those
of several edges may stand side by side: they are not after one fill, each takes its own risk away.

An order that would meet another edge's on the other side is refused too: nobody earns by trading
with himself. Where the one that stands ranks lower, or both take risk away, it makes way and its
place is kept, so that the order is placed when it is asked for again. Each such event is
cannibalisation, and is logged once for the two edges and the order that is in the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from trader.config.rules import Number, Whole, rule
from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.strategy.context import Runner
from trader.strategy.edges.base import Cancel, Place, Proposal, Replace

Slot: TypeAlias = tuple[Runner, Side]
EventKind: TypeAlias = Literal["refused", "taken_over", "self_match", "overtaken"]

HEDGE_PRIORITY: Final = 1_001
"""Above every edge's: what takes risk away comes first. That of orders that close, too."""


class _Kept(NamedTuple):
    """A place that is kept for an edge until a time. `from_closing`: the edge whose order that took
    risk away made way for it; no other such order waits."""

    edge: str
    until_ms: int
    from_closing: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArbiterConfig:
    takeover_margin: float = rule(Number(0.0, 100.0))
    reserve_ms: int = rule(Whole(0, 600_000))


@dataclass(frozen=True, slots=True)
class Cannibalisation:
    """One edge in another one's way. `kind`:

    - `refused`: the owner kept its slot; `taken_over`: it lost it to `edge`;
    - `self_match`: the order of `edge` would have met the other's;
    - `overtaken`: an order of `edge` was filled while one of `other` queued for the same.

    Values are expected profit a unit of stake.
    """

    ts_ms: int
    runner: Runner
    side: Side
    kind: EventKind
    edge: str
    other: str
    value: float
    other_value: float


OnEvent: TypeAlias = Callable[[Cannibalisation], object]


class Arbiter:
    """For the engine's thread. `priorities`: by edge; who is not in it has 0."""

    def __init__(
        self, config: ArbiterConfig, priorities: Mapping[str, int], on_event: OnEvent
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._config = config
        self._priorities = priorities
        self._on_event = on_event
        # What each owner's last wish was worth, and its rank.
        self._values: dict[tuple[Slot, str], tuple[float, int]] = {}
        self._reserved: dict[Slot, _Kept] = {}
        self._logged: set[tuple[str, Slot, str, str]] = set()  # kind, slot, edge, the order met

    def reconfigure(self, config: ArbiterConfig, priorities: Mapping[str, int]) -> None:
        """Another configuration from now on; places that are kept stay kept."""
        self._config = config
        self._priorities = priorities

    def judge(
        self,
        edge: str,
        runner: Runner,
        wishes: Sequence[Proposal],
        orders: Sequence[OpenOrder],
        now_ms: int,
    ) -> list[tuple[str, Proposal]]:
        """What of an edge's wishes for a runner is carried out, with who has to do it: an owner
        that loses its slot has to cancel. `orders` are all edges' on that runner, those on their
        way included."""
        allowed: list[tuple[str, Proposal]] = []
        for wish in wishes:
            if isinstance(wish, Cancel):
                allowed.append((edge, wish))
                continue
            side = wish.side if isinstance(wish, Place) else wish.order.side
            slot = (runner, side)
            if self._meets(edge, slot, wish, orders, now_ms, allowed):
                continue
            if isinstance(wish, Place) and not self._may_place(
                edge, slot, wish, orders, now_ms, allowed
            ):
                continue
            self._values[slot, edge] = (worth(wish), self._rank(edge, wish))
            allowed.append((edge, wish))
        return allowed

    def can_have(
        self,
        edge: str,
        runner: Runner,
        wish: Place,
        orders: Sequence[OpenOrder],
        now_ms: int,
    ) -> bool:
        """Whether `judge` would let the edge have the place, now or once others' orders there are
        gone. Nothing is changed, logged or counted."""
        slot, rank, value = (runner, wish.side), self._rank(edge, wish), worth(wish)
        for order in orders:
            if order.edge == edge or not _would_match(wish, wish.side, order):
                continue
            met_rank, _ = self._rank_and_value((runner, order.side), order.edge)
            if not _makes_way(met_rank, rank):
                return False
        others = self._in_the_way(edge, slot, rank, orders)
        if others:
            owned = (self._rank_and_value(slot, order.edge) for order in others)
            return all(self._beats(rank, value, *owner) for owner in owned)
        return self._is_free_for(edge, slot, rank, now_ms)

    def filled(
        self, edge: str, runner: Runner, side: Side, queued: Sequence[OpenOrder], now_ms: int
    ) -> None:
        """An order of `edge` was filled; `queued` are all orders on that runner."""
        for order in queued:
            if order.side is side and order.edge != edge:
                key = ((runner, side), edge, order.intent_id)
                self._event(key, now_ms, "overtaken", order.edge, 0.0, 0.0)

    def forget(self, market_id: str) -> None:
        """A market has closed."""
        self._values = {k: v for k, v in self._values.items() if k[0][0].market_id != market_id}
        self._reserved = {s: r for s, r in self._reserved.items() if s[0].market_id != market_id}
        self._logged = {k for k in self._logged if k[1][0].market_id != market_id}

    def _may_place(
        self,
        edge: str,
        slot: Slot,
        wish: Place,
        orders: Sequence[OpenOrder],
        now_ms: int,
        allowed: list[tuple[str, Proposal]],
    ) -> bool:
        """Whether the slot is the edge's; if it is to become so, the owners' orders go first."""
        rank, value = self._rank(edge, wish), worth(wish)
        others = self._in_the_way(edge, slot, rank, orders)
        if not others:
            is_free = self._is_free_for(edge, slot, rank, now_ms)
            kept = self._reserved.get(slot)
            if kept is not None and (kept.edge == edge or now_ms >= kept.until_ms):
                del self._reserved[slot]
            return is_free
        owner = max(others, key=lambda order: self._rank_and_value(slot, order.edge))
        owner_rank, owner_value = self._rank_and_value(slot, owner.edge)
        key = (slot, edge, owner.intent_id)
        if not self._beats(rank, value, owner_rank, owner_value):
            self._event(key, now_ms, "refused", owner.edge, value, owner_value)
            return False
        self._reserved[slot] = _Kept(edge, now_ms + self._config.reserve_ms)
        allowed.extend(
            (order.edge, Cancel(order, "taken_over")) for order in others if order.pending is None
        )
        self._event(key, now_ms, "taken_over", owner.edge, value, owner_value)
        return False

    def _in_the_way(
        self, edge: str, slot: Slot, rank: int, orders: Sequence[OpenOrder]
    ) -> list[OpenOrder]:
        """Other edges' orders in a slot; those that take risk away may stand side by side."""
        others = [o for o in orders if o.side is slot[1] and o.edge != edge]
        if rank != HEDGE_PRIORITY:
            return others
        return [o for o in others if self._rank_and_value(slot, o.edge)[0] != HEDGE_PRIORITY]

    def _is_free_for(self, edge: str, slot: Slot, rank: int, now_ms: int) -> bool:
        kept = self._reserved.get(slot)
        if kept is None or kept.edge == edge or now_ms >= kept.until_ms:
            return True
        return rank == HEDGE_PRIORITY and edge != kept.from_closing

    def _rank_and_value(self, slot: Slot, owner: str) -> tuple[int, float]:
        """The rank of an owner's order, and what it is worth."""
        value, rank = self._values.get((slot, owner), (0.0, self._priority(owner)))
        return rank, value

    def _beats(self, rank: int, value: float, owner_rank: int, owner_value: float) -> bool:
        if rank != owner_rank:
            return rank > owner_rank
        return value > owner_value * (1.0 + self._config.takeover_margin)

    def _priority(self, edge: str) -> int:
        return self._priorities.get(edge, 0)

    def _rank(self, edge: str, wish: Place | Replace) -> int:
        return HEDGE_PRIORITY if wish.closes else self._priority(edge)

    def _meets(
        self,
        edge: str,
        slot: Slot,
        wish: Place | Replace,
        orders: Sequence[OpenOrder],
        now_ms: int,
        allowed: list[tuple[str, Proposal]],
    ) -> bool:
        """Whether the order would be matched with one of another edge on the other side. Whoever
        ranks lower makes way: the other's order, or the one that was to be moved there."""
        met = [o for o in orders if o.edge != edge and _would_match(wish, slot[1], o)]
        rank = self._rank(edge, wish)
        is_stopped = False
        for order in met:
            key = (slot, edge, order.intent_id)
            self._event(key, now_ms, "self_match", order.edge, worth(wish), 0.0)
            met_slot = (slot[0], order.side)
            met_rank, _ = self._rank_and_value(met_slot, order.edge)
            if not _makes_way(met_rank, rank):
                is_stopped = True
                continue
            # Kept, or whoever made way would be back, and met again, before this one asks again.
            closing = order.edge if met_rank == HEDGE_PRIORITY else None
            until_ms = now_ms + self._config.reserve_ms
            self._reserved[met_slot] = _Kept(edge, until_ms, closing)
            if order.pending is None:
                allowed.append((order.edge, Cancel(order, "self_match")))
        if is_stopped and isinstance(wish, Replace):
            allowed.append((edge, Cancel(wish.order, "self_match")))
        return bool(met)

    def _event(
        self,
        key: tuple[Slot, str, str],
        now_ms: int,
        kind: EventKind,
        other: str,
        value: float,
        other_value: float,
    ) -> None:
        self.counts[kind] += 1
        if (kind, *key) in self._logged:
            return
        self._logged.add((kind, *key))
        (runner, side), edge, _ = key
        self._on_event(Cannibalisation(now_ms, runner, side, kind, edge, other, value, other_value))


def _would_match(wish: Place | Replace, side: Side, order: OpenOrder) -> bool:
    if order.side is side:
        return False
    if side is Side.BACK:
        return wish.price_centi <= order.price_centi
    return wish.price_centi >= order.price_centi


def _makes_way(met_rank: int, rank: int) -> bool:
    """Whether an order that stands goes for one that would meet it: also where both take risk away,
    as else neither could."""
    return met_rank < rank or met_rank == rank == HEDGE_PRIORITY


def worth(wish: Place | Replace) -> float:
    """The expected profit a unit of stake, before commission."""
    return wish.gross_edge * (1.0 if wish.p_fill is None else wish.p_fill)
