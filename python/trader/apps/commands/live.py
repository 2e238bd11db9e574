"""`trader live --profile P`: the venue's stream through the engine, orders by either executor."""

from __future__ import annotations

import argparse
import logging
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from trader.apps.arguments import user_path
from trader.apps.commands.common import (
    configured,
    live_folder,
    page_put,
    served_metrics,
    set_up_log,
    traded_with,
)
from trader.apps.commands.executors import make_executor
from trader.apps.commands.live_executor import (
    begin_again,
    document,
    live_executor,
)
from trader.apps.commands.live_venue import Venue, left_over, log_in, market_stream
from trader.apps.commands.start_check import check_versions
from trader.apps.interrupt import HangUp, Interrupt
from trader.betfair.dial import StreamError
from trader.betfair.stream import StreamClient
from trader.clock import WallClock
from trader.collector import out_of_the_way
from trader.config.schema import Config
from trader.execution.blotter import Blotter
from trader.execution.executor_py.venue_client import VenueError
from trader.execution.interfaces.executor import ExecutionError, Executor
from trader.execution.interfaces.ids import IdSource
from trader.execution.ipc import Bus
from trader.execution.orders.book import Book
from trader.execution.switching import SwitchingExecutor
from trader.live.adopt import (
    adopt,
    markets_of,
    without_paid,
)
from trader.live.chores import Chores, ChoreTimes
from trader.live.folder import LiveFolder
from trader.live.listings import ListedMarket, Listings
from trader.live.recorder import Recorder
from trader.live.reload import Reload
from trader.live.subscription import SUBSCRIBED_MAX, MarketSet
from trader.live.trader import DelayedKeyError, LiveTrader
from trader.monitoring.metrics import Metrics
from trader.monitoring.sd_notify import Notifier, NotifyError
from trader.recovery import SeamLost
from trader.session import Session, StartError, open_session
from trader.simulator.output import LAST_START, OutputError
from trader.simulator.report import live_lines
from trader.simulator.summary import RunSummary
from trader.status.board import StatusBoard
from trader.status.names import Names
from trader.status.service import served_status, status_board
from trader.status.snapshot import Surroundings
from trader.strategy.selector import catalogue_filter
from trader.strategy.watched_edge import EdgeFailedError

STATUS_EVERY_S: Final = 10.0
_ENDS: Final = (
    ExecutionError,
    SeamLost,
    StreamError,
    DelayedKeyError,
    EdgeFailedError,
    sqlite3.Error,
)
_log: Final = logging.getLogger("trader.live")


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Exit code 0 when every market that was named is over, 130 when interrupted; failures are
    raised (see `apps.trader`)."""
    config = traded_with(arguments)
    set_up_log(config.monitoring.log)
    check_versions(config)
    shown = live_folder(arguments.out, config.profile)
    record = user_path(arguments.record) if arguments.record else None
    with (
        HangUp() as hang_up,  # first: whoever finds the folder's lock may ask
        LiveFolder(user_path(shown), shown) as folder,
        served_metrics(config, dry_run=config.execution.dry_run) as metrics,
    ):
        desk = _Desk(config, interrupt, hang_up, lambda: configured(arguments))
        try:
            blotter_file = folder.blotter(dry_run=config.execution.dry_run)
            with Blotter(blotter_file, durable=True) as blotter:
                return desk.trade(folder, blotter, metrics, record)
        except sqlite3.Error as error:
            raise OutputError(f"--out {shown}: the blotter cannot be written: {error}") from None
        except KeyboardInterrupt:
            print(
                "trader: interrupted twice: orders may still rest (trader orders, cancel-all)",
                file=sys.stderr,
            )
            return 130


def _answer(folder: LiveFolder, answer: Mapping[str, Any]) -> None:
    """What came of a reload, for whoever asked; that it cannot be written ends nothing."""
    try:
        folder.reloaded(answer)
    except OutputError as error:
        _log.error("what came of the reload cannot be told: %s", error)


class _Desk:
    """One run of the command."""

    def __init__(
        self,
        config: Config,
        interrupt: Interrupt,
        hang_up: HangUp,
        read: Callable[[], Config],
    ) -> None:
        self._config = config
        self._interrupt = interrupt
        self._hang_up = hang_up
        self._read = read
        self._reload: Reload | None = None
        self._dry_run = config.execution.dry_run
        self._next_status_s = 0.0
        self._started_s = time.monotonic()
        try:
            self._notifier = Notifier.from_environment()
        except NotifyError as error:
            raise StartError(str(error)) from None
        self._names = Names()

    def trade(
        self, folder: LiveFolder, blotter: Blotter, metrics: Metrics, record: Path | None
    ) -> int:
        config = self._config
        sections = {} if self._dry_run else document(config)
        venue = log_in(config.betfair)
        listings = Listings(venue.client, config.betfair.strategy_ref)
        book = None if self._dry_run else left_over(config, sections, self._interrupt.requested)
        paid = without_paid(book, blotter) if book is not None else []
        markets = self._first_markets(listings, book, metrics)
        if markets is None:
            return 130
        stream = market_stream(venue, markets, config.live.heartbeat_ms)
        heard_seq = 0 if book is None else blotter.last_seq()
        if book is not None and heard_seq > book.last_seq:
            heard_seq = 0  # the blotter is about another journal
        recorder = None
        if record is not None:
            recorder = Recorder(record, time.time_ns() // 1_000_000, config.live.record_max_bytes)
            print(f"recording: {recorder.path}", flush=True)
        around = self._surroundings(metrics, stream, venue)
        board = status_board(around)
        session = self._open(folder, blotter, metrics, stream, heard_seq, board)
        self._reload = self._reloader(folder, metrics, session)
        self._markets = markets
        chores = self._chores(venue, listings)
        trader = LiveTrader(
            session,
            stream,
            markets,
            chores,
            recorder=recorder,
            dry_run=self._dry_run,
            stop=self._interrupt.requested,
            watch=lambda session: self._watch(session, board),
            notifier=self._notifier,
            listed=self._named,
        )
        failure: Exception | None = None
        try:
            if book is not None:
                adopt(session, book, blotter, heard_seq, paid)
            chores.start()
            self._say(markets)
            with served_status(board, around, folder.path), out_of_the_way():
                trader.run()
        except _ENDS as error:
            failure = error
        finally:
            if isinstance(failure, sqlite3.Error):
                blotter.abandon()
            self._close_down(session, failure)
            chores.stop()
            stream.close()
            if recorder is not None:
                recorder.close()
        return self._end(folder, blotter, metrics, session, failure)

    # --- the beginning --------------------------------------------------------------------------

    def _find(self, listings: Listings) -> Sequence[ListedMarket]:
        now_ms = time.time_ns() // 1_000_000
        wanted = catalogue_filter(self._config.selector, now_ms)
        return listings.markets(wanted, min(self._config.selector.max_markets, SUBSCRIBED_MAX))

    def _first_markets(
        self, listings: Listings, book: Book | None, metrics: Metrics
    ) -> MarketSet | None:
        """What to begin with: what is listed, and what a run before this one is in. Waits for the
        first market (to the venue a subscription to none is one to all); None when interrupted.
        """
        held = () if book is None else markets_of(book)
        told = False
        while not self._interrupt.requested():
            try:
                listed = self._find(listings)
            except VenueError as error:
                raise StartError(f"the venue's catalogue: {error}") from None
            self._named(listed)
            if listed or held:
                metrics.dry_run = self._dry_run
                return MarketSet(self._config.selector.market_ids, listed, held)
            if not told:
                waiting = "the venue lists no market that `selector` takes; waiting for one"
                print(waiting, flush=True)
                self._notifier.ready(waiting)
                told = True
                metrics.dry_run = True  # nothing is held: nobody need be woken meanwhile
            self._wait(self._config.live.catalogue_s)
        return None

    def _wait(self, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s and not self._interrupt.requested():
            self._notifier.beat()
            time.sleep(0.1)

    def _open(
        self,
        folder: LiveFolder,
        blotter: Blotter,
        metrics: Metrics,
        stream: StreamClient,
        heard_seq: int,
        board: StatusBoard,
    ) -> Session:
        def live(config: Config, bus: Bus, metrics: Metrics, run_dir: Path) -> Executor:
            return live_executor(config, bus, metrics, run_dir, heard_seq=heard_seq)

        return open_session(
            self._config,
            source=f"live {self._config.profile}".strip(),
            blotter=blotter,
            metrics=metrics,
            make_executor=make_executor if self._dry_run else live,
            run_dir=folder.run_dir,
            observer=board,
            resubscribe=lambda _markets: stream.resubscribe(),
            clock=WallClock(),
            ids=IdSource(),
        )

    def _reloader(self, folder: LiveFolder, metrics: Metrics, session: Session) -> Reload:
        def begin(config: Config, anew: bool) -> None:
            executor = session.executor
            assert isinstance(executor, SwitchingExecutor), "a dry run begins none again"
            begin_again(executor, config, session.bus, metrics, folder.run_dir, anew=anew)

        return Reload(
            session,
            metrics,
            asked=self._hang_up.taken,
            read=self._read,
            begin_executor=begin,
            answer=partial(_answer, folder),
            told=self._tell_of_reload,
        )

    def _surroundings(self, metrics: Metrics, stream: StreamClient, venue: Venue) -> Surroundings:
        return Surroundings(
            config=self._config,
            mode="dry_run" if self._dry_run else "live",
            venue=venue.betfair["stream"]["host"],
            metrics=metrics,
            names=self._names,
            metrics_url=metrics.url,
            stream=stream,
            logged_in=lambda: venue.client.is_logged_in,
        )

    def _named(self, markets: Sequence[ListedMarket]) -> None:
        for market in markets:
            self._names.named(market.market_id, market.name, market.runners)

    def _chores(self, venue: Venue, listings: Listings) -> Chores:
        live = self._config.live
        times = ChoreTimes(
            live.catalogue_s, live.settled_s, float(self._config.betfair.keep_alive_s)
        )
        return Chores(venue.client, listings, times, self._find)

    # --- meanwhile ------------------------------------------------------------------------------

    def _say(self, markets: MarketSet) -> None:
        where = self._config.execution.live_scope.shown or "every market that is selected"
        live = f"LIVE: orders go to the venue in {where}"
        how = "dry run: nothing is sent" if self._dry_run else live
        shadow = self._config.hotloop.shadow_backend
        beside = f" ({shadow} in its shadow)" if shadow else ""
        backends = f"hotloop {self._config.hotloop.backend}{beside}, execution"
        print(
            f"{how}; {backends} {self._config.execution.backend}; "
            f"{len(markets.subscribed)} markets; Ctrl-C cancels what rests and ends",
            flush=True,
        )

    def _tell_of_reload(self, is_reloading: bool) -> None:
        """The service manager knows when it begins, and that it has ended."""
        if is_reloading:
            self._notifier.reloading()
        else:
            self._notifier.ready("trading")

    def _look_for_reload(self) -> None:
        """Takes another configuration where that was asked for."""
        config = self._reload.look() if self._reload is not None else None
        if config is not None:
            self._config = config
            self._markets.rename(config.selector.market_ids)
            set_up_log(config.monitoring.log)

    def _watch(self, session: Session, board: StatusBoard) -> None:
        board.turn(session)
        self._status(session)

    def _status(self, session: Session) -> None:
        self._look_for_reload()
        now_s = time.monotonic()
        session.measure()
        if now_s < self._next_status_s:
            return
        self._next_status_s = now_s + STATUS_EVERY_S
        counts = session.desk.counts
        away = session.executor.health_reason
        status = (
            f"{session.engine.counts.lines:,} lines, {sum(counts.intents.values()):,} intents, "
            f"{len(session.router.open_orders())} orders open, {counts.fills} fills"
            + (", the stream is away" if session.engine.markets.feed_lost else "")
            + (f", the executor is away: {away}" if away else "")
        )
        print(f"{time.strftime('%H:%M:%S', time.gmtime())}  {status}", flush=True)
        self._notifier.status(status)

    # --- the end --------------------------------------------------------------------------------

    def _close_down(self, session: Session, failure: Exception | None) -> None:
        """Cancels what rests and ends the executor, whatever has happened.

        Where the blotter has failed nothing more is heard: the executor keeps its reports for the
        next run.
        """
        self._notifier.stopping("cancelling what rests")
        if isinstance(failure, sqlite3.Error):
            session.bus.halt()
            session.executor.stop()
            return
        why = "the trader stops" if failure is None else f"the trader fails: {failure}"
        try:
            session.engine.finish(why[:100])
        except (*_ENDS, OSError) as error:
            if failure is None:
                _log.error("in the end: %s", error)
        finally:
            session.executor.stop()

    def _end(
        self,
        folder: LiveFolder,
        blotter: Blotter,
        metrics: Metrics,
        session: Session,
        failure: Exception | None,
    ) -> int:
        interrupted = self._interrupt.requested()
        ended = "interrupted" if interrupted else "done"
        if failure is not None:
            ended = f"failed: {failure}"
        if not isinstance(failure, sqlite3.Error):
            blotter.end_run(ended)
        summary = RunSummary(self._config, "live", interrupted=interrupted)
        if self._reload is not None:
            summary.extra["reloads"] = dict(self._reload.counts)
        summary.extra[LAST_START] = {"blotter": blotter.path.name, "run": blotter.run}
        summary.add("live", session)
        summary.wall_s = time.monotonic() - self._started_s
        if isinstance(failure, ExecutionError):
            summary.executor_lost = str(failure)
        if isinstance(failure, SeamLost):
            summary.seam_lost = str(failure)
        document = summary.as_json(metrics)
        folder.summary(document)
        has_page = False
        if self._config.report.enabled and not isinstance(failure, sqlite3.Error):
            has_page = page_put(folder.path, folder.shown, folder.put_report)
        for line in live_lines(document, folder.shown, has_page=has_page):
            print(line, flush=True)
        if isinstance(failure, StreamError | DelayedKeyError):
            raise StartError(str(failure))
        if failure is not None:
            raise failure
        return 130 if interrupted else 0
