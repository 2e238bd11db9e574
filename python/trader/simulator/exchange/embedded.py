"""An exchange on a thread of its own, for a demo or a test in the same process."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Self, TypeVar

from trader.clock import Clock
from trader.simulator.exchange.faults import FaultPlan
from trader.simulator.exchange.server import HOST, ExchangeServer, Ports
from trader.simulator.exchange.stream import StreamLimits
from trader.simulator.exchange.venue import Venue

T = TypeVar("T")


class EmbeddedExchange:
    """Runs from `__enter__` to `__exit__`. Whatever touches the venue goes through `call`, which
    runs it on the exchange's thread."""

    def __init__(
        self,
        venue: Venue,
        clock: Clock,
        *,
        plan: FaultPlan | None = None,
        limits: StreamLimits | None = None,
        tls: ssl.SSLContext | None = None,
        api_port: int = 0,
    ) -> None:
        self.venue = venue
        self.clock = clock
        self.control_token = secrets.token_hex(16)
        self._plan = plan
        self._limits = limits
        self._tls = tls
        self._wanted = Ports(api=api_port)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: ExchangeServer | None = None
        self._started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="exchange", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.result()
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._server is not None and self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result()
        self._thread.join()

    @property
    def server(self) -> ExchangeServer:
        """The server; of another thread than its own only numbers may be read."""
        assert self._server is not None, "it runs"
        return self._server

    @property
    def ports(self) -> Ports:
        return self.server.ports

    @property
    def api_url(self) -> str:
        """Of API and identity service."""
        return f"{'https' if self._tls else 'http'}://{HOST}:{self.ports.api}"

    def call(self, what: Callable[[ExchangeServer], T]) -> T:
        """Runs `what` on the exchange's thread; its result, or what it raised."""
        result: Future[T] = Future()

        def run() -> None:
            try:
                result.set_result(what(self.server))
            except BaseException as error:
                result.set_exception(error)

        assert self._loop is not None, "it runs"
        self._loop.call_soon_threadsafe(run)
        return result.result()

    # --- in lockstep -----------------------------------------------------------------------------

    def step(self, to_ms: int) -> None:
        """It becomes `to_ms` at the venue, and what happens until then is sent."""
        self.call(lambda server: server.step(to_ms))

    def step_on(self) -> bool:
        """Time goes on to the next thing that happens; False when the feed has ended and its
        markets are settled, or nothing happens any more."""

        def step(server: ExchangeServer) -> bool:
            due_ms = server.venue.next_due_ms()
            if due_ms is None or server.is_finished:
                return False
            server.step(due_ms)
            return True

        return self.call(step)

    def parked_requests(self) -> int:
        """Requests that were taken and are only answered when time goes on."""
        return self.call(lambda server: server.api.parked)

    def lines_sent(self, connection_id: str) -> int:
        """Lines that were sent on a stream connection; 0 for one that is closed."""

        def count(server: ExchangeServer) -> int:
            session = server.hub.sessions.get(connection_id)
            return session.lines_sent if session is not None else 0

        return self.call(count)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if not self._started.done():
                self._started.set_exception(error)
            else:
                raise

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = ExchangeServer(
            self.venue,
            self.clock,
            control_token=self.control_token,
            plan=self._plan,
            limits=self._limits,
            tls=self._tls,
        )
        await self._server.start(self._wanted)
        self._started.set_result(None)
        await self._server.run()
