"""One stream connection: authentication, subscriptions, and the queue of lines to its client.

Every failure but SUBSCRIPTION_LIMIT_EXCEEDED closes the connection, as the venue's do. The faults
that tests ask for (`cut`, `hold` …) act on the queue alone: what is decided stays as it is.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from trader.clock import Timer
from trader.simulator.exchange.accounts import Session
from trader.simulator.exchange.market import ExchangeMarket
from trader.simulator.exchange.stream.market_subscription import MarketSubscription
from trader.simulator.exchange.stream.order_subscription import OrderSubscription
from trader.simulator.exchange.stream.outgoing import Outgoing
from trader.simulator.exchange.stream.positions import Row, Spot
from trader.simulator.exchange.stream.requests import StreamRequest, read_request
from trader.simulator.exchange.stream.subscription import RefusedError

if TYPE_CHECKING:
    from trader.simulator.exchange.stream.hub import StreamHub
    from trader.simulator.exchange.venue import Changes

SHOWN_MAX: Final = 200


class StreamSession:
    """See the module. The transport takes `take_outgoing` and gives `receive`."""

    def __init__(self, hub: StreamHub, connection_id: str) -> None:
        self.hub = hub
        self.connection_id = connection_id
        self.account: Session | None = None
        self.is_delayed = False
        self.on_outgoing: Callable[[], None] | None = None
        self.outgoing = Outgoing(hub, self)
        self.markets: MarketSubscription | None = None
        self.orders: OrderSubscription | None = None
        self._second = 0
        self._in_second = 0
        self._idle: Timer | None = None
        self.outgoing.send({"op": "connection", "connectionId": connection_id})
        self._await_subscription()

    @property
    def account_id(self) -> str | None:
        """Whose connection it is, once it is authenticated."""
        return self.account.account.account_id if self.account is not None else None

    @property
    def is_closed(self) -> bool:
        """The transport is to close when it has written what is outgoing."""
        return self.outgoing.is_closed

    @property
    def lines_sent(self) -> int:
        """Lines the client was sent so far."""
        return self.outgoing.lines_sent

    def take_outgoing(self) -> list[bytes]:
        """The lines to be written, in order; they are the transport's now."""
        return self.outgoing.take()

    # --- from the client ------------------------------------------------------------------------

    def receive(self, line: bytes) -> None:
        """One line of the client, without its ending."""
        if self.is_closed:
            return
        if len(line) > self.hub.limits.line_bytes_max:
            self.refuse(None, "INVALID_INPUT", "the line is too long")
            return
        try:
            request = read_request(line)
        except msgspec.MsgspecError as error:
            self.refuse(None, "INVALID_INPUT", f"the message cannot be read: {error}")
            return
        try:
            self._serve(request)
        except RefusedError as error:
            self.refuse(request.id, error.code, error.message, close=error.closes)

    def _serve(self, request: StreamRequest) -> None:
        if request.op == "authentication":
            self._authenticate(request)
        elif request.op == "heartbeat":
            self._need_account()
            self._succeed(request.id)
        elif request.op in ("marketSubscription", "orderSubscription"):
            self._need_account()
            self._count_subscription()
            if request.op == "marketSubscription":
                self._subscribe_to_markets(request)
            else:
                self._subscribe_to_orders(request)
        else:
            raise RefusedError("INVALID_INPUT", f"unknown op {request.op[:SHOWN_MAX]!r}")

    def _authenticate(self, request: StreamRequest) -> None:
        if self.account is not None:
            raise RefusedError("INVALID_REQUEST", "Connection is already authenticated")
        if not request.appKey:
            raise RefusedError("NO_APP_KEY", "No application key")
        if not request.session:
            raise RefusedError("NO_SESSION", "No session")
        found = self.hub.venue.session(request.session)
        if found is None:
            raise RefusedError("INVALID_SESSION_INFORMATION", "The session is not open")
        keys = found.account.app_keys
        given = request.appKey.encode()
        matches = [hmac.compare_digest(given, key.encode()) for key in keys]
        if not any(matches):
            raise RefusedError("INVALID_APP_KEY", "The application key is not the account's")
        connections = self.hub.connections_of(found.account.account_id)
        left = self.hub.limits.connections_max - connections - 1
        if left < 0:
            raise RefusedError("MAX_CONNECTION_LIMIT_EXCEEDED", "Too many connections")
        self.account = found
        self.is_delayed = not matches[0]
        self._succeed(request.id, connectionsAvailable=left)

    def _need_account(self) -> Session:
        """Raises where the connection is not authenticated."""
        if self.account is None:
            raise RefusedError("NO_SESSION", "The connection is not authenticated")
        return self.account

    def _count_subscription(self) -> None:
        second = self.hub.venue.now_ms // 1000
        self._in_second = self._in_second + 1 if second == self._second else 1
        self._second = second
        if self._in_second > self.hub.limits.subscriptions_a_second_max:
            raise RefusedError("TOO_MANY_REQUESTS", "Too many subscriptions")

    def _subscribe_to_markets(self, request: StreamRequest) -> None:
        subscription = MarketSubscription(self, request)
        if self.markets is not None:
            self.markets.end()
        self.markets = subscription
        self._succeed(request.id)
        subscription.begin()

    def _subscribe_to_orders(self, request: StreamRequest) -> None:
        account = self._need_account().account
        subscription = OrderSubscription(self, request, account)
        if self.orders is not None:
            self.orders.end()
        self.orders = subscription
        self._succeed(request.id)
        subscription.begin()

    # --- to the client --------------------------------------------------------------------------

    def markets_changed(self, changes: Changes) -> None:
        """The venue's markets changed."""
        if self.markets is not None:
            self.markets.changed(changes)

    def orders_changed(
        self,
        changes: Changes,
        rows: Mapping[str, dict[Spot, set[Row]]],
        closed: Sequence[ExchangeMarket],
    ) -> None:
        """The venue's bets changed, or markets closed."""
        if self.orders is not None:
            self.orders.changed(changes, rows, closed)

    def _succeed(self, request_id: int | None, **more: Any) -> None:
        status: dict[str, Any] = {"op": "status"}
        if request_id is not None:
            status["id"] = request_id
        status |= {"statusCode": "SUCCESS", "connectionClosed": False}
        self.outgoing.send(status | more)

    def refuse(
        self, request_id: int | None, code: str, message: str, *, close: bool = True
    ) -> None:
        """A failure, after which the connection is closed."""
        self.hub.refused[code] += 1
        status: dict[str, Any] = {"op": "status"}
        if request_id is not None:
            status["id"] = request_id
        status |= {
            "statusCode": "FAILURE",
            "errorCode": code,
            "errorMessage": message,
            "connectionClosed": close,
            "connectionId": self.connection_id,
        }
        self.outgoing.send(status)
        if close:
            self.close()

    # --- the end --------------------------------------------------------------------------------

    def _await_subscription(self) -> None:
        idle_ms = self.hub.limits.idle_ms

        def ring() -> None:
            if self.markets is None and self.orders is None and not self.is_closed:
                message = f"Connection is not subscribed and is idle: {idle_ms} ms"
                self.refuse(None, "TIMEOUT", message)

        self._idle = self.hub.venue.timers.after(idle_ms, ring)

    def close(self) -> None:
        """Nothing more is sent but what is outgoing already."""
        if self._idle is not None:
            self._idle.cancel()
        for subscription in (self.markets, self.orders):
            if subscription is not None:
                subscription.end()
        self.markets = self.orders = None
        self.hub.forget(self)
        self.outgoing.close()

    def disconnected(self) -> None:
        """The transport is gone."""
        self.close()
        self.outgoing.drop()

    # --- faults ---------------------------------------------------------------------------------

    def cut(self) -> None:
        """Closed without a word, whatever was outgoing."""
        self.close()
        self.outgoing.drop()

    def unreliable(self, for_ms: int) -> None:
        """What is sent for so long says status 503."""
        self.outgoing.unreliable(for_ms)

    def hold(self, for_ms: int) -> None:
        """Nothing is sent for so long; then all of it, in order."""
        self.outgoing.hold(for_ms)

    def duplicate_next(self, op: str) -> None:
        """The next message of `op` (mcm or ocm) is sent twice."""
        self.outgoing.duplicate_next(op)

    def swap_next(self, op: str) -> None:
        """The next two messages of `op` change places."""
        self.outgoing.swap_next(op)

    def malform_next(self) -> None:
        """The next line is broken JSON."""
        self.outgoing.malform_next()
