"""A client of the Exchange Stream API: connect, authenticate, subscribe, and stay subscribed.

    client = StreamClient(endpoint, Subscription("marketSubscription", {…}), credentials)
    while (line := client.next_line(0.1)) is not …:

`next_line` gives every line of the subscription as it came: images, updates, heartbeats. What goes
wrong on the way is mended inside it: a lost or silent connection is made anew after a growing
pause and resumes where the last line left it (`initialClk`, `clk`); a place that the venue does not
know any more is given up for a full image; a session that has ended is replaced by a new log-in.
Meanwhile `next_line` says that there is no line, and `is_up` that there is no subscription: nobody
waits for a connection or a log-in. What cannot be mended (a wrong application key) is raised.

TLS is verified, by the system's authorities or those of `ca_file`. Without TLS only addresses of
this machine are taken.
"""

from __future__ import annotations

import logging
import random
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import msgspec

from trader.betfair.dial import CONNECT_TIMEOUT_S, Dial, StreamEndpoint, StreamError

LINE_BYTES_MAX: Final = 64 * 1024 * 1024
SILENT_HEARTBEATS: Final = 2
"""So many heartbeats' time without a line, and the connection counts as lost."""
PAUSE_FIRST_S: Final = 0.25
PAUSE_MAX_S: Final = 30.0
_READ_BYTES: Final = 256 * 1024

RELOGIN_CODES: Final = frozenset({"NO_SESSION", "INVALID_SESSION_INFORMATION"})
FATAL_CODES: Final = frozenset(
    {"NO_APP_KEY", "INVALID_APP_KEY", "NOT_AUTHORIZED", "INVALID_INPUT", "INVALID_REQUEST"}
)
"""Sending the same again would be answered the same."""

DELAYED_CONFLATE_MS: Final = 180_000
"""What the stream of a key for delayed data is conflated to."""

SubscriptionOp: TypeAlias = Literal["marketSubscription", "orderSubscription"]

_log: Final = logging.getLogger("trader.stream")


@dataclass(frozen=True, slots=True)
class StreamCredentials:
    """`token` gives the present session token; `relogin` a new one after that one has ended."""

    app_key: str
    token: Callable[[], str]
    relogin: Callable[[], str]


@dataclass(slots=True)
class Subscription:
    """What is subscribed to: `body` are the fields of the request beside `op` and `id`."""

    op: SubscriptionOp
    body: Mapping[str, Any]
    heartbeat_ms: int = 500
    silent_s: float | None = None
    """Real seconds without a line after which a connection counts as lost; None: two heartbeats,
    as the venue's time is ours. Infinite where the venue's time stands still now and then."""


@dataclass(slots=True)
class StreamCounts:
    """What happened to the connection so far."""

    connects: int = 0
    images: int = 0
    resumed: int = 0
    lines: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    """Why a connection ended → how often."""


class _Head(msgspec.Struct):
    """What the client reads of a line; all else is the reader's."""

    op: str = ""
    id: int | None = None
    ct: str | None = None
    connectionId: str | None = None  # noqa: N815  (the venue's spelling)
    initialClk: str | None = None  # noqa: N815
    clk: str | None = None
    conflateMs: int | None = None  # noqa: N815
    statusCode: str | None = None  # noqa: N815
    errorCode: str | None = None  # noqa: N815
    errorMessage: str | None = None  # noqa: N815


_HEAD: Final = msgspec.json.Decoder(_Head)


class StreamClient:
    """One subscription on one connection at a time; for one thread."""

    def __init__(
        self, endpoint: StreamEndpoint, subscription: Subscription, credentials: StreamCredentials
    ) -> None:
        self.counts = StreamCounts()
        self._endpoint = endpoint
        self._subscription = subscription
        self._credentials = credentials
        self._context = endpoint.tls_context()
        self._socket: socket.socket | None = None
        self._dial: Dial | None = None
        self._needs_login = False
        self._is_delayed = False
        self._subscription_id = 0
        self._buffer = bytearray()
        self._scanned = 0
        self._request_id = 0
        self._initial_clk: str | None = None
        self._clk: str | None = None
        self._connection_id = ""
        self._taken = 0
        self._subscribed = False
        self._heard_s = 0.0
        self._retry_at_s = 0.0
        self._pause_s = PAUSE_FIRST_S

    def next_line(self, timeout_s: float) -> bytes | None:
        """The next line of the subscription, without its line ending; None when none came in time.

        Raises `StreamError` when the venue refuses us for good.
        """
        deadline_s = time.monotonic() + timeout_s
        while True:
            try:
                if self._socket is None and not self._connect(deadline_s):
                    return None
                line = self._read_line(deadline_s)
                if line is None:
                    return None
                if self._take(line):
                    return line
            except (OSError, _LostError) as error:
                self._lost(str(error) or type(error).__name__)

    @property
    def is_up(self) -> bool:
        """Whether the subscription stands: its lines come, or heartbeats that say there are
        none."""
        return self._socket is not None and self._subscribed

    @property
    def is_delayed(self) -> bool:
        """Whether the venue has said that the application key is one for delayed data."""
        return self._is_delayed

    def subscribe(self, body: Mapping[str, Any]) -> None:
        """Something else from now on; the next lines are its image."""
        self._subscription.body = body
        self._initial_clk = self._clk = None
        if self._socket is not None:
            try:
                self._ask()
            except OSError as error:
                self._lost(str(error))

    @property
    def waiting_lines(self) -> int:
        """Whole lines that have come and were not taken; what waits in the kernel is not known."""
        return self._buffer.count(b"\n")

    @property
    def position(self) -> tuple[str, int]:
        """(the venue's id of the present connection, the lines taken on it so far)."""
        return self._connection_id, self._taken

    def resubscribe(self) -> None:
        """Gives the place in the stream up: the next line is one of a full image."""
        self._initial_clk = self._clk = None
        self._lost("asked for an image")
        self._retry_at_s = 0.0

    def close(self) -> None:
        """Ends the connection; `next_line` would open a new one."""
        if self._dial is not None:
            self._dial.drop()
            self._dial = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._subscribed = False
        self._buffer.clear()
        self._scanned = 0

    # --- lines ----------------------------------------------------------------------------------

    def _take(self, line: bytes) -> bool:
        """Looks at a line's head; whether it is one of the subscription."""
        self._taken += 1
        try:
            head = _HEAD.decode(line)
        except msgspec.MsgspecError:
            # Not ours to judge: whoever reads the books refuses it and says what was lost.
            self.counts.lines += 1
            return True
        if head.op == "connection":
            self._connection_id = head.connectionId or ""
        if head.op == "status":
            if head.statusCode == "FAILURE":
                self._refused(head)
            return False
        if head.op not in ("mcm", "ocm"):
            return False
        self.counts.lines += 1
        self._pause_s = PAUSE_FIRST_S
        if head.id is not None and head.id != self._subscription_id:
            return True  # of the subscription before: its place is not ours
        self._subscribed = True
        if head.conflateMs is not None:
            self._is_delayed = head.conflateMs >= DELAYED_CONFLATE_MS
        if head.ct == "SUB_IMAGE":
            self.counts.images += 1
        elif head.ct == "RESUB_DELTA":
            self.counts.resumed += 1
        self._initial_clk = head.initialClk or self._initial_clk
        self._clk = head.clk or self._clk
        return True

    def _refused(self, head: _Head) -> None:
        code = head.errorCode or "UNKNOWN"
        if code in FATAL_CODES:
            raise StreamError(f"the stream refuses us: {code}: {head.errorMessage or ''}")
        if code == "INVALID_CLOCK":
            self._initial_clk = self._clk = None
        elif code in RELOGIN_CODES:
            self._needs_login = True
        raise _LostError(code)

    def _read_line(self, deadline_s: float) -> bytes | None:
        assert self._socket is not None, "connected"
        while True:
            end = self._buffer.find(b"\n", self._scanned)
            if end >= 0:
                line = bytes(self._buffer[:end]).rstrip(b"\r")
                del self._buffer[: end + 1]
                self._scanned = 0
                return line
            self._scanned = len(self._buffer)
            if len(self._buffer) > LINE_BYTES_MAX:
                raise _LostError(f"a line of more than {LINE_BYTES_MAX} bytes")
            now_s = time.monotonic()
            silent_s = self._silent_s()
            wait_s = min(deadline_s, self._heard_s + silent_s) - now_s
            self._socket.settimeout(max(wait_s, 0.001))
            try:
                got = self._socket.recv(_READ_BYTES)
            except TimeoutError:
                if time.monotonic() - self._heard_s >= silent_s:
                    raise _LostError("silent") from None
                if time.monotonic() >= deadline_s:
                    return None
                continue
            if not got:
                raise _LostError("closed by the venue")
            self._heard_s = time.monotonic()
            self._buffer += got

    def _silent_s(self) -> float:
        if not self._subscribed:
            return CONNECT_TIMEOUT_S  # no heartbeat is promised yet
        if self._subscription.silent_s is not None:
            return self._subscription.silent_s
        return self._subscription.heartbeat_ms * SILENT_HEARTBEATS / 1000

    # --- connections ----------------------------------------------------------------------------

    def _connect(self, deadline_s: float) -> bool:
        """Connects and asks for the subscription; False while that is not done, or too early."""
        wait_s = self._retry_at_s - time.monotonic()
        if wait_s > 0:
            time.sleep(max(0.0, min(wait_s, deadline_s - time.monotonic())))
            if time.monotonic() < self._retry_at_s:
                return False
        if self._dial is None:
            before = self._credentials.relogin if self._needs_login else None
            self._dial = Dial(self._endpoint, self._context, before)
        try:
            self._socket = self._dial.result(deadline_s - time.monotonic())
        except Exception as error:
            self._dial = None
            raise _LostError(str(error) or type(error).__name__) from None
        if self._socket is None:
            return False
        self._dial, self._needs_login = None, False
        self._connection_id, self._taken = "", 0
        self._subscribed = False
        self._heard_s = time.monotonic()
        self.counts.connects += 1
        self._send(
            {
                "op": "authentication",
                "appKey": self._credentials.app_key,
                "session": self._credentials.token(),
            }
        )
        self._ask()
        return True

    def _ask(self) -> None:
        request = dict(self._subscription.body)
        request["op"] = self._subscription.op
        request["heartbeatMs"] = self._subscription.heartbeat_ms
        if self._initial_clk is not None and self._clk is not None:
            request["initialClk"], request["clk"] = self._initial_clk, self._clk
        self._send(request)
        self._subscription_id = self._request_id

    def _send(self, request: dict[str, Any]) -> None:
        assert self._socket is not None, "connected"
        self._request_id += 1
        request["id"] = self._request_id
        self._socket.settimeout(CONNECT_TIMEOUT_S)
        self._socket.sendall(msgspec.json.encode(request) + b"\r\n")

    def _lost(self, why: str) -> None:
        self.close()
        self.counts.lost[why] = self.counts.lost.get(why, 0) + 1
        _log.warning("%s lost: %s", self._subscription.op, why)
        # Jittered, so that two clients cut off together do not come back together.
        self._retry_at_s = time.monotonic() + self._pause_s * random.uniform(0.5, 1.0)
        self._pause_s = min(self._pause_s * 2, PAUSE_MAX_S)


class _LostError(Exception):
    """This connection is over; the next one may be good."""
