"""Another configuration for a session that runs: first everything that may be refused, then what
cannot fail, so that either all of it is taken or nothing.

1. `plan` makes what has to be made (edges) and says what stands in the way; nothing has changed.
2. `try_on` gives both Hotloops their block, which they take whole or refuse, and edges their
   parameters; `take_off` undoes that.
3. `take` exchanges parts and parameters of the engine's, on the engine's thread.

The executor is none of this module's matter: its owner changes it between 2 and 3.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from trader.calibration.orders_sent import OrdersSent
from trader.config.schema import Config
from trader.engine import Engine
from trader.execution.hedge import HEDGE, HedgeOnFill
from trader.execution.ledger import Ledger
from trader.hedging import Hedging
from trader.order_desk import OrderDesk
from trader.second_book import SecondBook
from trader.simulator.dry_run_matching import DryRunMatcher
from trader.strategy.arbiter import HEDGE_PRIORITY, Arbiter
from trader.strategy.edges.base import Edge
from trader.strategy.edges.registry import EDGES
from trader.strategy.exposure import Exposure
from trader.strategy.gates import Gates
from trader.strategy.hotloop.config import read_config
from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.interface import HotloopApi
from trader.strategy.hotloop.shadow import ShadowHotloop
from trader.strategy.selector import Selector
from trader.strategy.sizer import Sizer
from trader.strategy.watched_edge import EdgeFailedError, watched

EDGE_ENDED = "edge_disabled"
"""Why orders of an edge that is enabled no more are cancelled."""
SCOPE_LEFT = "scope_changed"
"""Why orders of markets that are live no more are cancelled."""

_log: Final = logging.getLogger("trader.reload")


class ReloadRefusedError(Exception):
    """A configuration that this session cannot take as it runs; `key` stands in the way."""

    def __init__(self, key: str, why: str) -> None:
        self.key = key
        super().__init__(f"{key}: {why}")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session is made of, as far as it can be configured anew."""

    book: HotloopApi
    shadow: ShadowHotloop | None
    second: SecondBook | None
    engine: Engine
    desk: OrderDesk
    selector: Selector
    arbiter: Arbiter
    gates: Gates
    exposure: Exposure
    ledger: Ledger
    hedge: HedgeOnFill
    hedging: Hedging
    sent: OrdersSent
    matcher: DryRunMatcher | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What `take` will do."""

    config: Config
    edges: tuple[Edge[Any], ...]
    """All that are enabled, in the order of the configuration."""
    kept: frozenset[str]
    """Names of those that go on with what they know."""


class Reconfiguration:
    """For one session, on its thread."""

    def __init__(self, config: Config, parts: Parts) -> None:
        self.config = config
        """As it is."""
        self._parts = parts

    def plan(self, config: Config) -> Plan:
        """Raises `ReloadRefusedError`, `EdgeFailedError`; nothing has changed in any case."""
        self._check_hotloop(config)
        running = {edge.name: edge for edge in self._parts.engine.edges}
        edges = []
        kept = set()
        for name, section in config.edges.items():
            if not section.enabled:
                continue
            if name in running:
                edges.append(running[name])
                kept.add(name)
            else:
                edges.append(edge_of(config, name))
        return Plan(config, tuple(edges), frozenset(kept))

    def _check_hotloop(self, config: Config) -> None:
        was, wanted = self.config.hotloop, config.hotloop
        shadow = self._parts.shadow
        if was.backend != wanted.backend:
            key = "hotloop.rust" if was.rust != wanted.rust else "hotloop.enabled"
            if shadow is None:
                raise ReloadRefusedError(
                    key,
                    "cannot change while it runs without a shadow, which has the books and signals"
                    " already: restart (with hotloop.shadow: true the next time needs none)",
                )
            if not shadow.backend:
                raise ReloadRefusedError(key, f"the shadow is lost ({shadow.lost}): restart")
        if was.shadow_backend is None and wanted.shadow_backend is not None:
            raise ReloadRefusedError(
                "hotloop.shadow" if not was.shadow else "hotloop.enabled",
                "one that joins later has nothing of the past that signals are made of: restart",
            )

    def try_on(self, plan: Plan) -> None:
        """Gives the seam its block and the edges their parameters, which may refuse them. Raises
        `ReloadRefusedError`, `EdgeFailedError`; nothing has changed then."""
        self._use_seam(plan.config)
        given: list[Edge[Any]] = []
        try:
            self._check_hotloop(plan.config)  # the shadow may have been lost by that block
            for edge in self._with_others(plan):
                given.append(edge)
                edge.reconfigure(plan.config.edges[edge.name])
        except (EdgeFailedError, ReloadRefusedError):
            self._take_back(given)
            raise

    def take_off(self, plan: Plan) -> None:
        """Undoes `try_on`."""
        self._take_back(self._with_others(plan))

    def _with_others(self, plan: Plan) -> list[Edge[Any]]:
        """The edges that go on with other parameters."""
        was, wanted = self.config.edges, plan.config.edges
        return [e for e in plan.edges if e.name in plan.kept and was[e.name] != wanted[e.name]]

    def _take_back(self, edges: Sequence[Edge[Any]]) -> None:
        self._use_seam(self.config)
        for edge in edges:
            try:
                edge.reconfigure(self.config.edges[edge.name])
            except EdgeFailedError as error:
                # Nobody knows by which parameters it would trade.
                _log.error("it trades no more, until a reload begins it new: %s", error)
                self._use_edges([one for one in self._parts.engine.edges if one is not edge])

    def _use_seam(self, config: Config) -> None:
        try:
            self._parts.book.update_config(config.hotloop.seam_config())
        except HotloopError as error:
            key = f"hotloop.{error.field}" if error.field else "hotloop"
            raise ReloadRefusedError(key, error.message) from None

    def take(self, plan: Plan) -> None:
        """Everything else, which cannot fail."""
        config, was, parts = plan.config, self.config, self._parts
        self.config = config
        self._take_hotloop(was, config)
        parts.selector.reconfigure(config.selector)
        parts.arbiter.reconfigure(config.arbiter, priorities_of(config))
        parts.gates.fee_gate.reconfigure(config.fee_gate)
        parts.gates.risk.reconfigure(config.risk)
        parts.ledger.reconfigure(config.fee_gate.discount, config.fee_gate.assumed_mbr_percent)
        parts.gates.resize(sizer_of(config, parts.book, parts.ledger, parts.exposure))
        parts.hedge.reconfigure(config.hedge)
        parts.hedging.reconfigure(config.hedge.ttl_ms)
        parts.desk.reconfigure(config.execution.limits.max_open_orders)
        self._use_edges(plan.edges)
        self._leave_scope(was, config)

    def _take_hotloop(self, was: Config, config: Config) -> None:
        parts, shadow = self._parts, self._parts.shadow
        if shadow is not None:
            if config.hotloop.backend != shadow.used:
                shadow.promote()
            if config.hotloop.shadow_backend is None and shadow.backend:
                shadow.drop("the configuration asks for none")
            shadow.set_pace(config.hotloop.shadow_every, config.hotloop.shadow_load)
        if was.hotloop.seam_config() == config.hotloop.seam_config():
            return
        seam = read_config(config.hotloop.seam_config())
        parts.sent.reconfigure(seam.signals)
        if parts.matcher is not None:
            parts.matcher.reconfigure(seam.signals)
        if parts.second is not None:
            parts.second.reconfigure(seam)

    def _use_edges(self, edges: Sequence[Edge[Any]]) -> None:
        """These trade, and no others: orders of those that did are taken away."""
        parts = self._parts
        ended = {edge.name for edge in parts.engine.edges} - {edge.name for edge in edges}
        parts.engine.edges = list(edges)
        if ended:
            orders = parts.desk.orders.ids(lambda _, edge: edge in ended)
            parts.engine.withdrawals.add(orders, EDGE_ENDED)

    def _leave_scope(self, was: Config, config: Config) -> None:
        """In a market that is live no more, orders at the venue go but for the hedges, which take
        risk away."""
        before, after = was.execution.live_scope, config.execution.live_scope
        if before == after or config.execution.dry_run:
            return
        markets = self._parts.engine.markets

        def has_left(market_id: str, edge: str) -> bool:
            view = markets.get(market_id)
            event_type = view.event_type_id if view is not None else None
            is_live = after.has(market_id, event_type)
            return edge != HEDGE and before.has(market_id, event_type) and not is_live

        self._parts.engine.withdrawals.add(self._parts.desk.orders.ids(has_left), SCOPE_LEFT)


def edge_of(config: Config, name: str) -> Edge[Any]:
    """A new edge of the configuration. Raises `EdgeFailedError` for one that cannot be made."""
    own = config.own_edges.get(name)
    section = config.edges[name]
    return EDGES[name](section) if own is None else watched(own.edge_class, section, own.file)


def priorities_of(config: Config) -> dict[str, int]:
    """Who wins where two edges want the same place."""
    return {name: edge.priority for name, edge in config.edges.items()} | {HEDGE: HEDGE_PRIORITY}


def sizer_of(config: Config, book: HotloopApi, ledger: Ledger, exposure: Exposure) -> Sizer:
    """Who sizes orders by this configuration."""
    limits = config.execution.limits.dry_run()
    sizer = Sizer(config.sizer, limits, ledger, config.fee_gate.discount, exposure)
    sizer.set_mbr_resolver(book.get_mbr)
    return sizer
