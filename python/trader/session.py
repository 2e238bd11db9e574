"""One input's engine, assembled from the configuration: seam, executor, order desk, engine.

Every input of a replay gets a session of its own (its own books, orders and ledger), so that what
comes out for a file does not depend on the files before it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Final, Protocol

from trader import __version__
from trader.betfair.book_builder import BookBuilder
from trader.betfair.normalize import normalized
from trader.calibration.orders_sent import OrdersSent
from trader.clock import Clock
from trader.config.schema import Config
from trader.desk_counts import DeskCounts
from trader.engine import Apply, Engine
from trader.execution.blotter import Blotter
from trader.execution.hedge import HedgeOnFill
from trader.execution.interfaces.executor import Executor
from trader.execution.interfaces.ids import IdSource
from trader.execution.ipc import Bus
from trader.execution.ledger import Ledger, to_money
from trader.execution.router import Router
from trader.hedging import Hedging
from trader.market_results import MarketResults, ResultObserver
from trader.monitoring.executor_metrics import Measured
from trader.monitoring.metrics import Metrics
from trader.monitoring.seam_events import SeamEvents
from trader.order_desk import OrderDesk, OrderObserver
from trader.queue_tracker import QueueTracker
from trader.reconfigure import Parts, Reconfiguration, edge_of, priorities_of, sizer_of
from trader.recovery import Recovery, Resubscribe
from trader.report.recorder import Recorder
from trader.second_book import SecondBook
from trader.simulator.dry_run_matching import DryRunMatcher
from trader.standing_orders import StandingOrders
from trader.strategy.arbiter import Arbiter, Cannibalisation
from trader.strategy.exposure import Exposure
from trader.strategy.fee_gate import FeeGate
from trader.strategy.gates import Gates
from trader.strategy.hotloop.api import Hotloop
from trader.strategy.hotloop.config import read_config
from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.interface import HotloopApi
from trader.strategy.hotloop.shadow import ShadowHotloop
from trader.strategy.markets import Markets
from trader.strategy.risk import Risk
from trader.strategy.selector import Selector

MEASURE_S: Final = 1.0

MakeExecutor = Callable[[Config, Bus, Metrics, Path], Executor]


class Observer(OrderObserver, ResultObserver, Protocol):
    """What a live view hears."""


class StartError(Exception):
    """Something the run needs could not be started; one line, exit code 3."""


@dataclass(slots=True)
class Session:
    """The parts of one input's run that its caller looks at."""

    book: HotloopApi
    bus: Bus
    executor: Executor
    router: Router
    desk: OrderDesk
    ledger: Ledger
    engine: Engine
    results: MarketResults
    hedge: HedgeOnFill
    exposure: Exposure
    recovery: Recovery
    events: SeamEvents
    metrics: Metrics
    shadow: ShadowHotloop | None
    settings: Reconfiguration
    _stats: Mapping[str, int] = field(init=False)
    _next_measure_s: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._stats = self.book.stats()

    def stats(self) -> Mapping[str, int]:
        """The seam's counts; once it is lost, those it had when it was last asked."""
        if not self.engine.book_lost:
            self._stats = self.book.stats()
        return self._stats

    def measure(self, *, now: bool = False) -> None:
        """Brings the figures up to date that are not worth a call per line: once a second, however
        often it is called, and `now`. For the engine's thread."""
        now_s = monotonic()
        if now_s < self._next_measure_s and not now:
            return
        self._next_measure_s = now_s + MEASURE_S
        self.events.counts(self.stats())
        if not self.engine.book_lost:
            self.metrics.markets = len(self.book.markets())
        self.metrics.exposure = to_money(self.exposure.total_e4())
        hotloop = self.settings.config.hotloop.backend
        self.metrics.build.update(hotloop=hotloop, execution=self.executor.name)
        self.metrics.executor_up = self.executor.healthy


def open_session(
    config: Config,
    *,
    source: str,
    blotter: Blotter,
    metrics: Metrics,
    make_executor: MakeExecutor,
    run_dir: Path,
    observer: Observer | None = None,
    resubscribe: Resubscribe | None = None,
    clock: Clock | None = None,
    ids: IdSource | None = None,
) -> Session:
    """Builds and starts a session. Raises `StartError`, `EdgeFailedError` or `ExecutorStartError`;
    the caller stops the executor of a session it was given. A recording has nobody to
    `resubscribe` with, and its lines are its clock; its intents have the same ids each time."""
    opened = open_book(config)
    shadow = open_shadow(config, opened, metrics)
    book: HotloopApi = opened if shadow is None else shadow
    events = SeamEvents(metrics)
    book.set_emit(events)
    second = open_second_book(config)
    recovery = Recovery(book, metrics, second=second, resubscribe=resubscribe)
    bus = Bus()
    executor = make_executor(config, bus, metrics, run_dir)
    executor.start()
    with ExitStack() as undo:  # what was started ends where the rest cannot be made
        undo.callback(executor.stop)
        metrics.executor_up = executor.healthy
        metrics.executor = executor if isinstance(executor, Measured) else None
        # A recording or a generated race costs nobody anything, whoever executes.
        metrics.dry_run = config.execution.dry_run or clock is None
        metrics.build.update(hotloop=config.hotloop.backend, execution=executor.name)
        router = Router(executor, bus, metrics)
        ledger = Ledger(config.fee_gate.discount, config.fee_gate.assumed_mbr_percent)
        markets = Markets(book)
        orders = StandingOrders(router)
        exposure = Exposure(ledger, markets.get, orders.at_risk)
        risk = Risk(config.risk, exposure)
        counts = DeskCounts()
        tracker = QueueTracker(book, metrics)
        seam = read_config(config.hotloop.seam_config())
        is_full_depth = seam.book_source not in ("best", "display")
        sent = OrdersSent(book, markets, seam.signals, counts.sent, is_full_depth=is_full_depth)
        matcher = None  # the venue matches
        if config.execution.dry_run:
            matcher = DryRunMatcher(book, seam.signals, is_full_depth=is_full_depth)
        gates = Gates(
            FeeGate(config.fee_gate, book.get_mbr),
            sizer_of(config, book, ledger, exposure),
            risk,
            exposure,
            ledger,
        )
        arbiter = _arbiter(config, blotter, metrics, counts)
        desk = OrderDesk(
            router=router,
            counts=counts,
            bus=bus,
            book=book,
            orders=orders,
            gates=gates,
            arbiter=arbiter,
            ledger=ledger,
            dry_run=config.execution.dry_run,
            matcher=matcher,
            tracker=tracker,
            sent=sent,
            blotter=blotter,
            metrics=metrics,
            ids=ids if ids is not None else IdSource(config.simulator.ids_seed),
            max_open_orders=config.execution.limits.max_open_orders,
            observer=observer,
        )
        hedge = HedgeOnFill(
            config.hedge, bus, router.tracker
        )  # after the desk: it knows our orders
        results = MarketResults(
            book=book,
            markets=markets,
            ledger=ledger,
            blotter=blotter,
            metrics=metrics,
            observer=observer,
        )
        selector = Selector(config.selector)
        hedging = Hedging(hedge, desk, markets, book, config.hedge.ttl_ms)
        engine = Engine(
            book=book,
            markets=markets,
            apply=feed(book, config.simulator.feed),
            router=router,
            desk=desk,
            edges=[edge_of(config, name) for name, e in config.edges.items() if e.enabled],
            ledger=ledger,
            results=results,
            blotter=blotter,
            metrics=metrics,
            max_logged_seam_errors=config.simulator.max_logged_seam_errors,
            recovery=recovery,
            selector=selector,
            risk=risk,
            hedging=hedging,
            clock=clock,
            second=second,
            sent=sent,
            recorder=Recorder(
                config.report,
                book=book,
                markets=markets,
                ledger=ledger,
                results=results,
                resting=orders.by_runner,
                ahead=tracker.ahead,
                blotter=blotter,
                every_lines=config.report.every_lines if clock is None else 1,
            )
            if config.report.enabled
            else None,
            afterwards=shadow.look if shadow is not None else None,
        )
        blotter.begin_run(
            source=source,
            hotloop=config.hotloop.backend,
            execution=executor.name,
            feed=config.simulator.feed,
            profile=config.profile,
            version=__version__,
            config=dataclasses.asdict(config),
        )
        undo.pop_all()
        return Session(
            book=book,
            bus=bus,
            executor=executor,
            router=router,
            desk=desk,
            ledger=ledger,
            engine=engine,
            results=results,
            hedge=hedge,
            exposure=exposure,
            recovery=recovery,
            events=events,
            metrics=metrics,
            shadow=shadow,
            settings=Reconfiguration(
                config,
                Parts(
                    book=book,
                    shadow=shadow,
                    second=second,
                    engine=engine,
                    desk=desk,
                    selector=selector,
                    arbiter=arbiter,
                    gates=gates,
                    exposure=exposure,
                    ledger=ledger,
                    hedge=hedge,
                    hedging=hedging,
                    sent=sent,
                    matcher=matcher,
                ),
            ),
        )


def _arbiter(config: Config, blotter: Blotter, metrics: Metrics, counts: DeskCounts) -> Arbiter:
    def cannibalised(event: Cannibalisation) -> None:
        blotter.cannibalisation(event)
        metrics.cannibalisation_total[event.kind] += 1
        counts.cannibalised[event.kind] += 1

    return Arbiter(config.arbiter, priorities_of(config), cannibalised)


def open_book(config: Config) -> Hotloop:
    """The seam with the backend the configuration asks for; never the other one instead."""
    block: dict[str, Any] = config.hotloop.seam_config()
    with seam_starts():
        return Hotloop(block, rust=config.hotloop.backend == "rust")


def open_shadow(config: Config, used: Hotloop, metrics: Metrics) -> ShadowHotloop | None:
    """The one in use with the other one in its shadow, where that is asked for."""
    if config.hotloop.shadow_backend is None:
        return None
    block: dict[str, Any] = config.hotloop.seam_config()
    with seam_starts():
        shadow = Hotloop(block, rust=config.hotloop.shadow_backend == "rust")
    hotloop = config.hotloop
    return ShadowHotloop(
        used, shadow, every=hotloop.shadow_every, load=hotloop.shadow_load, totals=metrics
    )


@contextmanager
def seam_starts() -> Iterator[None]:
    """Where a seam is made: what stops it is raised as `StartError`."""
    try:
        yield
    except ImportError as error:
        raise StartError(f"{error} (or: --hotloop python)") from None
    except HotloopError as error:
        raise StartError(f"the hotloop block is refused: {error}") from None


def open_second_book(config: Config) -> SecondBook | None:
    """The Python books beside the Rust ones, where `book_builder.feed` asks for them. The Python
    Hotloop has a BookBuilder of its own, which is fed through the seam: a second one would only
    be refused the same lines."""
    if config.hotloop.backend == "python" or config.book_builder.feed == "off":
        return None
    settings = read_config(config.hotloop.seam_config())
    return SecondBook(
        BookBuilder(
            signal_settings=settings.signals if config.book_builder.signals else None,
            book_source=settings.book_source,
            markets_max=settings.max_markets,
            closed_retention_ms=settings.closed_retention_ms,
            segment_bytes_max=settings.max_segment_bytes,
        )
    )


def feed(book: HotloopApi, kind: str) -> Apply:
    """How a line goes into the seam: as it is (`raw`), or decoded here first (`normalized`)."""
    if kind == "raw":
        return book.apply_delta

    return lambda raw, ts_ms: book.apply_delta(normalized(raw), ts_ms)
