"""The loop of live trading: lines from the stream, time in between, and what the venue lists.

Everything that decides is the engine's. The loop sees to it that it hears: a stream that is away
makes every market stale at once, and trusted again with its first line; the clock goes on also when
no line comes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from time import monotonic, time_ns
from typing import Final

from trader.betfair.stream import StreamClient
from trader.live.chores import Catalogue, Chores
from trader.live.listings import ListedMarket, PaidOut
from trader.live.measures import Measures
from trader.live.recorder import Recorder
from trader.live.subscription import MarketSet
from trader.monitoring.sd_notify import Notifier
from trader.session import Session

TURN_S: Final = 0.002
"""The longest wait for a line before reports are heard."""
HOUSEKEEPING_S: Final = 0.25
IMAGE_S: Final = 5.0
"""An image of many markets comes in several messages, in so long at most."""
CLOSED_S: Final = 3_600.0
"""A market that is over is held so long: the venue may still void and re-price."""

_log: Final = logging.getLogger("trader.live")


class DelayedKeyError(Exception):
    """The application key is one for delayed data, and orders were to be placed by it."""


class LiveTrader:
    """One session at a venue. For one thread."""

    def __init__(
        self,
        session: Session,
        stream: StreamClient,
        markets: MarketSet,
        chores: Chores,
        *,
        recorder: Recorder | None,
        dry_run: bool,
        stop: Callable[[], bool],
        watch: Callable[[Session], None],
        listed: Callable[[Sequence[ListedMarket]], None],
        notifier: Notifier | None = None,
    ) -> None:
        """In a dry run delayed data are only said, and nobody pays; `stop` is asked every turn,
        `watch` called a few times a second, `listed` with each catalogue; `notifier` tells a
        service manager of each turn."""
        self._session = session
        self._engine = session.engine
        self._stream = stream
        self._markets = markets
        self._chores = chores
        self._recorder = recorder
        self._dry_run = dry_run
        self._stop = stop
        self._watch = watch
        self._measures = Measures(session, stream, markets, chores)
        self._notifier = notifier if notifier is not None else Notifier()
        self._listed = listed
        self._next_housekeeping_s = 0.0
        self._closed_s: dict[str, float] = {}
        self._images = 0
        self._image: tuple[int, float] | None = None
        self._told_delayed = False
        self._was_up = False

    def run(self) -> None:
        """Until `stop`, or until every market that was wanted by its id is over. Raises what the
        engine, the stream and the blotter do; orders are still there then."""
        while not self._stop():
            self.turn()
            if self._markets.are_over(self._engine.markets, self._unpaid()):
                _log.info("every selected market is over")
                return

    def turn(self) -> None:
        """One line at most, and what is due."""
        line = self._stream.next_line(TURN_S)
        if line is not None:
            arrived_ns = time_ns()
            if self._recorder is not None:
                self._recorder.line(line)
            self._engine.on_line(line)
            self._measures.line(line, arrived_ns)
            if self._stream.counts.images != self._images:
                self._images = self._stream.counts.images
                # An image may come in several messages: what counts is the first.
                first_pt_ms = self._session.book.last_pt_ms() or 0
                self._image = self._image or (first_pt_ms, monotonic() + IMAGE_S)
        self._look_at_stream(has_line=line is not None)
        self._engine.on_time()
        if monotonic() >= self._next_housekeeping_s:
            self._next_housekeeping_s = monotonic() + HOUSEKEEPING_S
            self._housekeeping()
        # Last, and nowhere else: a turn that hangs must not look like life.
        if self._images and not self._notifier.is_ready:
            self._notifier.ready("trading: the first image is in")
        self._notifier.beat()

    def _look_at_stream(self, *, has_line: bool) -> None:
        is_up = self._stream.is_up
        if is_up and has_line:
            self._engine.feed_back()
        elif not is_up:
            self._engine.feed_lost()
        if is_up != self._was_up:
            self._was_up = is_up
            _log.info("the market stream is %s", "up" if is_up else "away: nothing is quoted")
        if self._stream.is_delayed and not self._told_delayed:
            self._told_delayed = True
            told = "the application key is for delayed data: the stream is conflated to 180 s"
            if not self._dry_run:
                raise DelayedKeyError(f"{told}, and the venue takes no orders with it")
            _log.warning("%s; this dry run trades on prices of the past", told)

    def _unpaid(self) -> list[str]:
        return [] if self._dry_run else self._session.results.unpaid()

    def _look_for_images(self) -> None:
        """Some time after an image has begun, it is whole."""
        if self._image is not None and monotonic() >= self._image[1]:
            from_pt_ms, self._image = self._image[0], None
            self._engine.imaged(from_pt_ms)

    def _forget_closed(self) -> None:
        """Markets that closed long ago, and have paid where we were in them, take no room."""
        unpaid = self._unpaid()
        for view in self._engine.markets.views():
            if view.status != "CLOSED" or view.market_id in unpaid:
                continue
            closed_s = self._closed_s.setdefault(view.market_id, monotonic())
            if monotonic() - closed_s >= CLOSED_S:
                del self._closed_s[view.market_id]
                self._engine.forget(view.market_id)

    def _housekeeping(self) -> None:
        self._measures.look()  # first: what waits is counted
        while self._chores.news:
            news = self._chores.news.popleft()
            if isinstance(news, Catalogue):
                self._markets.listed(news.markets)
                self._listed(news.markets)
            elif isinstance(news, PaidOut):
                self._engine.paid_out(news.market_id, news.gross_e4, news.commission_e4)
        self._look_for_images()
        self._forget_closed()
        body = self._markets.changed(self._engine.markets, self._session.desk)
        if body is not None:
            self._stream.subscribe(body)
        self._chores.await_payment(self._unpaid())
        self._watch(self._session)
