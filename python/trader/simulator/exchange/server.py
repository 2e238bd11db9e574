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
from trader.simulator.exchange.control import Control, StandstillError
from trader.simulator.exchange.faults import FaultPlan, FaultyApi, StreamFaults
from trader.simulator.exchange.faults.faulty_api import AnswerTo
from trader.simulator.exchange.http import HttpProtocol
from trader.simulator.exchange.stream import StreamHub, StreamLimits
from trader.simulator.exchange.stream_transport import StreamProtocol
from trader.simulator.exchange.venue import Venue

HOST: Final = "127.0.0.1"
CONNECTIONS_MAX: Final = 1_000
CONTROLS_MAX: Final = 50
"""Connections of the control port, which clients of the venue cannot use up."""
TURN_S: Final = 0.02
"""The longest the pump works before sockets are looked at again."""
REST_S: Final = 0.001
"""The shortest pause between two turns: what is due within it goes together."""
STOP_S: Final = 1.0
"""So long clients have to read their last bytes when the server stops."""
ACCEPT_TURNS: Final = 3
"""Turns of the loop until a connection that was just taken has its protocol."""
CERTIFIED: Final = ("/api/certlogin",)
"""Over TLS, only for clients that show a certificate."""

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
        """The latest that anything happened, after its time."""
        self.failure: Exception | None = None
        """What the feed failed with: time stands since then."""
        self.ports = Ports()
        self._control = Control(self, control_token)
        self._tls = tls
        self._http: set[HttpProtocol] = set()
        self._controls: set[HttpProtocol] = set()
        self._streams: set[StreamProtocol] = set()
        self._ready: list[StreamProtocol] = []
        self._listeners: list[asyncio.Server] = []
        self._next_turn: asyncio.TimerHandle | None = None
        self._stopped = asyncio.Event()
        self._is_stopping = False
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
        """Stops listening and ends every connection, those that are not read after a while."""
        self._is_stopping = True
        if self._next_turn is not None:
            self._next_turn.cancel()
        await self._stop_listening()
        for stream in list(self._streams):
            stream.write()
        connections: list[StreamProtocol | HttpProtocol] = [*self._streams, *self._http]
        connections += self._controls
        for connection in connections:
            connection.close()
        if connections:
            ends = [connection.closed for connection in connections]
            await asyncio.wait(ends, timeout=STOP_S)
            for connection in connections:
                connection.abort()
            await asyncio.wait(ends, timeout=STOP_S)
        for listener in self._listeners:
            await listener.wait_closed()
        self._stopped.set()

    async def _stop_listening(self) -> None:
        """No connection is taken any more; those that were just taken get their protocols first,
        as a listener that is closed under them leaves them without."""
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            for listening in listener.sockets:
                loop.remove_reader(listening)
        for _ in range(ACCEPT_TURNS):
            await asyncio.sleep(0)
        for listener in self._listeners:
            listener.close()

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
            "connections": {
                "stream": len(self._streams),
                "api": len(self._http),
                "control": len(self._controls),
            },
            "streams": {
                session.connection_id: session.lines_sent for session in self.hub.sessions.values()
            },
            "refused": dict(self.hub.refused),
            "faults": len(self.plan.log),
            "failure": None if self.failure is None else _words(self.failure),
        }

    # --- time ------------------------------------------------------------------------------------

    def step(self, to_ms: int) -> None:
        """Stepped clock: it becomes `to_ms`. `ValueError` for a time in the past,
        `StandstillError` where the venue cannot go on."""
        assert isinstance(self.clock, SteppedClock), "only a stepped clock is advanced"
        self.clock.advance(to_ms)
        self._advance(to_ms)
        self._write()
        if self.failure is not None:
            raise StandstillError(_words(self.failure)) from self.failure

    def wake(self) -> None:
        """Another clock was given to the server: time goes by it from now on."""
        self._turn()

    def _turn(self) -> None:
        """Brings the venue up to now and sleeps until the next thing is due."""
        if self._next_turn is not None:
            self._next_turn.cancel()
        self._catch_up()
        self._write()
        self._plan_turn()

    def _plan_turn(self) -> None:
        """The next turn is when the next thing is due; on a stepped clock nobody waits for it."""
        if self.failure is not None or self._is_stopping:
            return
        due_ms = self.venue.next_due_ms()
        wait_s = None if due_ms is None else self.clock.seconds_until(due_ms)
        if wait_s is None:
            return
        loop = asyncio.get_running_loop()
        at_s = loop.time() + max(wait_s, REST_S)
        planned = self._next_turn
        if planned is None or planned.cancelled() or planned.when() > at_s:
            if planned is not None:
                planned.cancel()
            self._next_turn = loop.call_at(at_s, self._turn)

    def _catch_up(self) -> None:
        """What is due until now happens, as far as a turn's time goes."""
        now_ms = self.clock.now_ms()
        due_ms = self.venue.next_due_ms()
        late_ms = 0 if due_ms is None else max(0, now_ms - due_ms)
        give_up_s = time.perf_counter() + TURN_S
        while self.failure is None and due_ms is not None and due_ms <= now_ms:
            self._advance(due_ms)
            due_ms = self.venue.next_due_ms()
            if time.perf_counter() > give_up_s:
                break
        else:
            self._advance(now_ms)
        self.lag_ms = max(0, now_ms - self.venue.now_ms)
        self.lag_ms_max = max(self.lag_ms_max, self.lag_ms, late_ms)

    def _advance(self, to_ms: int) -> None:
        """It becomes `to_ms` at the venue; after a failure it is what it was for good."""
        if self.failure is not None:
            return
        try:
            self.venue.advance(to_ms)
        except Exception as error:
            # Bad data in a recording, or a limit: whoever runs the server is told, clients are not
            # cut off.
            self.failure = error
            _log.exception("the venue stands still")

    def _after_input(self) -> None:
        """Something a client said was dealt with: send what followed, with what that made due at
        once, and look at the time anew, as it may have set a timer."""
        self._advance(self.venue.now_ms)
        self._write()
        self._plan_turn()

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
        return HttpProtocol(self._serve_api, self._http, CONNECTIONS_MAX, certified=CERTIFIED)

    def _control_http(self) -> HttpProtocol:
        return HttpProtocol(self._serve_control, self._controls, CONTROLS_MAX, keeps_query=True)

    def _serve_control(self, request: HttpRequest, answer: AnswerTo) -> None:
        self._catch_up()
        self._control.handle(request, answer)
        self._after_input()

    def _serve_api(self, request: HttpRequest, answer: AnswerTo) -> None:
        self._catch_up()
        self.api.handle(request, answer)
        self._after_input()


def _words(error: Exception) -> str:
    """What went wrong, in one line."""
    return f"{type(error).__name__}: {error}"
