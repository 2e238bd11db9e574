"""The state document of a session, made on the engine's thread: reads everything, changes nothing
that decides."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

from trader import __version__
from trader.config.schema import Config
from trader.execution.interfaces.executor import Executor
from trader.execution.interfaces.intents import Action
from trader.execution.ledger import MarketResult, to_money
from trader.monitoring.latency import LatencyHistogram
from trader.monitoring.metrics import Metrics
from trader.session import Session
from trader.status.board import Focus
from trader.status.document import (
    ConfigState,
    CountsState,
    ExecutionState,
    HotloopState,
    MarketRow,
    Mode,
    MoneyState,
    ShadowState,
    State,
    StreamState,
    Times,
    VenueState,
    View,
)
from trader.status.market_view import view_of
from trader.status.names import Names
from trader.strategy.context import MarketView

MARKETS_MAX: Final = 200


@runtime_checkable
class Beating(Protocol):
    """An executor that is another process."""

    @property
    def heartbeat_age_s(self) -> float | None: ...


class StreamLike(Protocol):
    """The market stream, as far as it is told of."""

    @property
    def is_up(self) -> bool: ...

    @property
    def is_delayed(self) -> bool: ...


def nobody_knows() -> bool | None:
    """Of a venue that nobody logs in to."""
    return None


@dataclass(slots=True)
class Surroundings:
    """What a session does not know of itself. Without a `stream` it is up while lines come."""

    config: Config
    mode: Mode
    venue: str
    metrics: Metrics
    names: Names
    metrics_url: str | None = None
    stream: StreamLike | None = None
    logged_in: Callable[[], bool | None] = nobody_knows
    started_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)


class Teller:
    """Makes snapshots of sessions; the `look` of a `StatusBoard`."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        metrics = around.metrics
        self._latencies = (metrics.apply_delta, metrics.decision, metrics.intent_ack)
        self._times = [_times(latency) for latency in self._latencies]
        self._looks = 0

    def __call__(
        self, session: Session, foci: Collection[Focus], line_age_s: float | None
    ) -> tuple[State, Mapping[Focus, View]]:
        """The document, and what each reader looks at closely."""
        around, engine = self._around, session.engine
        # A histogram has thousands of buckets to add up: each snapshot looks at one of them.
        turn = self._looks % len(self._latencies)
        self._looks += 1
        self._times[turn] = _times(self._latencies[turn])
        results = session.results.now()
        now_ms = time.time_ns() // 1_000_000
        state = State(
            version=__version__,
            profile=around.config.profile,
            mode=around.mode,
            pid=os.getpid(),
            started_ms=around.started_ms,
            now_ms=now_ms,
            engine_ms=engine.now_ms,
            uptime_s=(now_ms - around.started_ms) / 1000,
            hotloop=self._hotloop(session),
            execution=self._execution(session),
            stream=self._stream(session, line_age_s),
            venue=VenueState(name=around.venue, logged_in=around.logged_in()),
            config=config_state(around.metrics),
            money=_money(session, results),
            counts=_counts(session),
            decision=self._times[1],
            metrics=around.metrics_url,
            markets=_markets(session, around.names, results),
        )
        if engine.book_lost:
            return state, {}
        return state, {focus: view_of(session, around.names, focus) for focus in foci}

    def _hotloop(self, session: Session) -> HotloopState:
        engine = session.engine
        return HotloopState(
            backend=session.settings.config.hotloop.backend,
            lines=engine.counts.lines,
            seam_errors=engine.counts.seam_errors,
            lost=engine.book_lost,
            apply_delta=self._times[0],
            shadow=shadow_state(session),
        )

    def _execution(self, session: Session) -> ExecutionState:
        executor, metrics = session.executor, self._around.metrics
        execution = session.settings.config.execution
        reason = executor.health_reason
        # A sidecar that was killed past its trader says so itself.
        killed = session.engine.killed or (reason if "KILLED" in reason else "")
        return ExecutionState(
            backend=executor.name,
            healthy=not reason,
            reason=reason,
            dry_run=execution.dry_run,
            open_orders=len(session.router.open_orders()),
            in_flight=session.router.in_flight,
            killed=bool(killed),
            killed_reason=killed,
            journal=(execution.journal.dir or None) if self._around.mode == "live" else None,
            heartbeat_age_s=heartbeat_age_s(executor),
            reconnects=metrics.transport_reconnects_total,
            restarts=metrics.executor_restarts_total,
            switches=metrics.executor_switches_total,
            intent_ack=self._times[2],
        )

    def _stream(self, session: Session, line_age_s: float | None) -> StreamState:
        stream, markets = self._around.stream, session.engine.markets
        return StreamState(
            up=stream.is_up if stream is not None else line_age_s is not None,
            last_line_age_s=line_age_s,
            markets=len(markets.views()),
            stale_markets=sum(view.stale for view in markets.views()),
            delayed=stream.is_delayed if stream is not None else False,
            resubscribes=session.recovery.counts.resubscribes,
        )


def heartbeat_age_s(executor: Executor) -> float | None:
    """Since the sidecar was last heard; None where orders are in this process's hands."""
    at_work = getattr(executor, "active", executor)
    return at_work.heartbeat_age_s if isinstance(at_work, Beating) else None


def shadow_state(session: Session) -> ShadowState | None:
    """Of the Hotloop that is fed beside the one in use; None where there is none."""
    shadow = session.shadow
    if shadow is None:
        return None
    return ShadowState(
        backend=shadow.backend,
        comparisons=shadow.comparisons,
        differences=shadow.differences,
    )


def config_state(metrics: Metrics) -> ConfigState:
    """How often the trader was asked to take another configuration, and what came of it."""
    return ConfigState(
        reloads=metrics.reloads_total["taken"],
        refused=metrics.reloads_total["refused"],
        last_error=metrics.reload_error,
    )


def _times(latency: LatencyHistogram) -> Times:
    count, p50_ns, p99_ns = latency.glance()
    return Times(count=count, p50_us=p50_ns / 1000, p99_us=p99_ns / 1000)


def _money(session: Session, results: Sequence[MarketResult]) -> MoneyState:
    gross_e4 = sum(result.gross_e4 for result in results)
    commission_e4 = sum(result.commission_e4 for result in results)
    counts = session.desk.counts
    return MoneyState(
        gross=to_money(gross_e4),
        commission=to_money(commission_e4),
        net=to_money(gross_e4 - commission_e4 - counts.charges_e4),
        charges=to_money(counts.charges_e4),
        exposure=to_money(session.exposure.total_e4()),
        matched_stake=counts.filled_stake_centi / 100,
    )


def _counts(session: Session) -> CountsState:
    counts = session.desk.counts
    by_action: Counter[str] = Counter()
    for (_, action), count in counts.intents.items():
        by_action[action] += count
    return CountsState(
        intents=by_action.total(),
        places=by_action[Action.PLACE.value],
        replaces=by_action[Action.REPLACE.value],
        cancels=by_action[Action.CANCEL.value],
        reports=counts.reports.total(),
        fills=counts.fills,
        rejects=counts.rejects.total(),
        refused=counts.refused.total(),
        cannibalised=counts.cannibalised.total(),
    )


def _markets(
    session: Session, names: Names, results: Sequence[MarketResult]
) -> tuple[MarketRow, ...]:
    orders = Counter(order.market_id for order in session.router.open_orders())
    nets = {result.market_id: result.net_e4 for result in results}
    views = session.engine.markets.views()
    ours = [view for view in views if orders[view.market_id] or view.market_id in nets]
    chosen = {view.market_id: view for view in (*ours, *views)}
    return tuple(
        _market_row(view, names, orders[view.market_id], nets.get(view.market_id))
        for view in list(chosen.values())[:MARKETS_MAX]
    )


def _market_row(view: MarketView, names: Names, orders: int, net_e4: int | None) -> MarketRow:
    return MarketRow(
        market_id=view.market_id,
        name=names.market(view.market_id),
        status=view.status,
        in_play=view.in_play,
        stale=view.stale,
        off_ms=view.off_ms,
        runners=sum(status == "ACTIVE" for status in view.runners.values()),
        orders=orders,
        net=None if net_e4 is None else to_money(net_e4),
    )
