"""The exchange on sockets: stream, API and control port on loopback, and the pump of its time.

With a wall or scaled clock the venue is brought up to the clock's time whenever something is due,
and before each line and request; with a stepped clock only `step` moves it. What a client caused
is sent in the turn in which it happened.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from dataclasses import dataclass
from typing import Any, Final

from trader.clock import Clock, SteppedClock
from trader.simulator.exchange.api import Api, HttpRequest
from trader.simulator.exchange.control import Control
from trader.simulator.exchange.faults import FaultPlan, FaultyApi, StreamFaults
from trader.simulator.exchange.faults.faulty_api import AnswerTo
from trader.simulator.exchange.http import HttpProtocol
from trader.simulator.exchange.stream import StreamHub, StreamLimits
from trader.simulator.exchange.stream_transport import StreamProtocol
from trader.simulator.exchange.venue import Venue

HOST: Final = "127.0.0.1"
CONNECTIONS_MAX: Final = 1_000
TURN_S: Final = 0.02
"""The longest the pump works before sockets are looked at again."""
REST_S: Final = 0.001
"""The shortest pause between two turns: what is due within it goes together."""


_log: Final = logging.getLogger("trader.exchange")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where to listen; 0: any free port."""

    stream: int = 0
    api: int = 0
    control: int = 0


class ExchangeServer:
    """One venue on its sockets. Everything runs on the loop that `start` was called on."""

    def __init__(
        self,
        venue: Venue,
        clock: Clock,
        *,
        control_token: str,
        plan: FaultPlan | None = None,
        limits: StreamLimits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.venue = venue
        self.clock = clock
        self.hub = StreamHub(venue, limits)
        self.plan = plan if plan is not None else FaultPlan(venue.config.seed, venue.now_ms)
        self.api = FaultyApi(Api(venue), self.plan)
        self.lag_ms = 0
        """How far the venue is behind the clock."""
        self.lag_ms_max = 0
        self.failure: Exception | None = None
        """What the feed failed with: time stands since then."""
        self.ports = Ports()
        self._control = Control(self, control_token)
        self._tls = tls
        self._http: set[HttpProtocol] = set()
        self._streams: set[StreamProtocol] = set()
        self._ready: list[StreamProtocol] = []
        self._listeners: list[asyncio.Server] = []
        self._next_turn: asyncio.TimerHandle | None = None
        self._stopped = asyncio.Event()
        self.hub.on_message = StreamFaults(self.plan)

    async def start(self, ports: Ports) -> None:
        """Listens, and lets time go. Raises `OSError` for a port that is taken."""
        loop = asyncio.get_running_loop()
        try:
            stream = await loop.create_server(self._stream, HOST, ports.stream, ssl=self._tls)
            self._listeners.append(stream)
            api = await loop.create_server(self._api_http, HOST, ports.api, ssl=self._tls)
            self._listeners.append(api)
            control = await loop.create_server(self._control_http, HOST, ports.control)
            self._listeners.append(control)
        except OSError:
            await self.stop()
            raise
        numbers = [listener.sockets[0].getsockname()[1] for listener in self._listeners]
        self.ports = Ports(*numbers)
        self._turn()

    async def run(self) -> None:
        """Returns when `stop` was called."""
        await self._stopped.wait()

    async def stop(self) -> None:
        """Stops listening and ends every connection."""
        if self._next_turn is not None:
            self._next_turn.cancel()
        for listener in self._listeners:
            listener.close()
        for stream in list(self._streams):
            stream.write()
            stream.close()
        for connection in list(self._http):
            connection.close()
        for listener in self._listeners:
            await listener.wait_closed()
        self._stopped.set()

    @property
    def is_finished(self) -> bool:
        """Whether the feed has ended and every market with bets is settled that can be."""
        venue = self.venue
        return venue.feed_ended and all(
            market.is_settled or not market.is_settling for market in venue.markets.values()
        )

    def status(self) -> dict[str, Any]:
        """What the control port tells of itself."""
        venue = self.venue
        return {
            "now_ms": venue.now_ms,
            "clock": type(self.clock).__name__,
            "lag_ms": self.lag_ms,
            "lag_ms_max": self.lag_ms_max,
            "next_due_ms": venue.next_due_ms(),
            "feed_ended": venue.feed_ended,
            "finished": self.is_finished,
            "events": venue.events,
            "markets": len(venue.markets),
            "bets": len(venue.bets),
            "requests": self.api.api.served,
            "parked": self.api.parked,
            "streams": {
                session.connection_id: session.lines_sent for session in self.hub.sessions.values()
            },
            "refused": dict(self.hub.refused),
            "faults": len(self.plan.log),
        }

    # --- time ------------------------------------------------------------------------------------

    def step(self, to_ms: int) -> None:
        """Stepped clock: it becomes `to_ms`. `ValueError` for a time in the past."""
        assert isinstance(self.clock, SteppedClock), "only a stepped clock is advanced"
        self.clock.advance(to_ms)
        self.venue.advance(to_ms)
        self._write()

    def wake(self) -> None:
        """Another clock was given to the server: time goes by it from now on."""
        self._turn()

    def _turn(self) -> None:
        """Brings the venue up to now and sleeps until the next thing is due."""
        if self._next_turn is not None:
            self._next_turn.cancel()
        if self.failure is not None:
            return
        self._catch_up()
        self._write()
        due_ms = self.venue.next_due_ms()
        wait_s = None if due_ms is None else self.clock.seconds_until(due_ms)
        if wait_s is not None:
            loop = asyncio.get_running_loop()
            self._next_turn = loop.call_later(max(wait_s, REST_S), self._turn)

    def _catch_up(self) -> None:
        """What is due until now happens, as far as a turn's time goes."""
        now_ms = self.clock.now_ms()
        give_up_s = time.perf_counter() + TURN_S
        try:
            while (due_ms := self.venue.next_due_ms()) is not None and due_ms <= now_ms:
                self.venue.advance(due_ms)
                if time.perf_counter() > give_up_s:
                    break
            else:
                self.venue.advance(now_ms)
        except Exception as error:
            # Bad data in a recording, or a limit: whoever runs the server is told, clients are not
            # cut off.
            self.failure = error
            _log.exception("the venue stands still")
        self.lag_ms = now_ms - self.venue.now_ms
        self.lag_ms_max = max(self.lag_ms_max, self.lag_ms)

    def _after_input(self) -> None:
        """Something a client said was dealt with: send what followed, and look at the time anew, as
        it may have set a timer."""
        self._write()
        if not isinstance(self.clock, SteppedClock):
            due_ms = self.venue.next_due_ms()
            wait_s = None if due_ms is None else self.clock.seconds_until(due_ms)
            loop = asyncio.get_running_loop()
            planned = self._next_turn
            if wait_s is not None and (
                planned is None or planned.cancelled() or planned.when() > loop.time() + wait_s
            ):
                if planned is not None:
                    planned.cancel()
                self._next_turn = loop.call_later(max(wait_s, REST_S), self._turn)

    def _write(self) -> None:
        ready, self._ready = self._ready, []
        for stream in ready:
            stream.write()

    # --- connections -----------------------------------------------------------------------------

    def _stream(self) -> StreamProtocol:
        return StreamProtocol(
            self.hub, self._streams, self._catch_up, self._after_input, self._is_ready
        )

    def _is_ready(self, stream: StreamProtocol) -> None:
        """There is something to send on a stream."""
        self._ready.append(stream)

    def _api_http(self) -> HttpProtocol:
        return HttpProtocol(self._serve_api, self._http, CONNECTIONS_MAX)

    def _control_http(self) -> HttpProtocol:
        return HttpProtocol(self._serve_control, self._http, CONNECTIONS_MAX)

    def _serve_control(self, request: HttpRequest, answer: AnswerTo) -> None:
        self._catch_up()
        self._control.handle(request, answer)
        self._after_input()

    def _serve_api(self, request: HttpRequest, answer: AnswerTo) -> None:
        self._catch_up()
        self.api.handle(request, answer)
        self._after_input()
