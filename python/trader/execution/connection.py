"""One connection to an executor, TCP or Unix socket: HELLO, then messages both ways.

`send` belongs to the engine's thread, `receive` and `close` to the reader's; `abort` may come from
either and makes the other's call end.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Final, Literal

from trader import __version__
from trader.execution.framing import FrameDecoder, FrameError, encode_frame
from trader.execution.interfaces.messages import (
    BUNDLE_VERSION,
    WIRE_VERSION,
    ErrorMessage,
    Hello,
    HelloAck,
    HelloReject,
    Message,
    decode,
)
from trader.execution.interfaces.reports import normalise_report
from trader.execution.interfaces.wire import WireError, WireStruct

_RECEIVE_BYTES: Final = 1 << 18
_CORES: Final = len(os.sched_getaffinity(0))


class ConnectionFailed(Exception):  # noqa: N818  (an event, like ConnectionReset)
    """The connection could not be made or has ended; the message says why, in one line."""


class HelloRejected(ConnectionFailed):
    """The executor refused the session; `code` is BAD_TOKEN, SESSION_TAKEN, …"""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"executor refused the session: {code}: {message}")
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportSettings:
    """Where the executor is and how patient to be. Times in seconds.

    - `host`, `port`: of loopback; or `socket_path`: the executor's socket in the file system.
    - `wire_versions`: what HELLO offers; one the executor chooses without an offer ends it.
    - `clock`: `wire` for virtual time in lockstep (replay), `wall` for live.
    - `send_queue_max`: messages not known to be handled; see `outbox` for what happens beyond.
    - `heartbeat_timeout_s`: without a heartbeat for so long the executor is unhealthy.
    - `connect_timeout_s`: for TCP, HELLO and catching up with reports together.
    - `tick_timeout_s`: for one lockstep tick, reconnecting included.
    - `backoff_base_s`, `backoff_max_s`: the n-th reconnect waits a random time up to
      base times 2^n, at most max.
    - `spin_us`: `receive` looks for bytes so long without sleeping, for lockstep; never on one
      core, where whoever spins keeps the peer from answering.
    """

    host: str = ""
    port: int = 0
    socket_path: str = ""
    token: str = field(repr=False)
    clock: Literal["wall", "wire"]
    client: str = "trader"
    strategy_commit: str = ""
    bundle_version: int = BUNDLE_VERSION
    wire_versions: tuple[int, ...] = (WIRE_VERSION,)
    send_queue_max: int = 10_000
    heartbeat_timeout_s: float = 5.0
    connect_timeout_s: float = 5.0
    send_timeout_s: float = 5.0
    tick_timeout_s: float = 10.0
    backoff_base_s: float = 0.05
    backoff_max_s: float = 2.0
    spin_us: int = 0

    @property
    def address(self) -> str:
        return f"unix:{self.socket_path}" if self.socket_path else f"{self.host}:{self.port}"


class Connection:
    """An open session. `hello_ack` is what the executor said of itself."""

    def __init__(self, settings: TransportSettings, last_report_seq: int) -> None:
        """Connects and says HELLO. Raises `ConnectionFailed` (`HelloRejected`)."""
        deadline = time.monotonic() + settings.connect_timeout_s
        self._decoder = FrameDecoder()
        self._early: list[Message] = []
        self._spin_ns = settings.spin_us * 1_000 if _CORES > 1 else 0
        try:
            self._socket = _connect(settings)
        except OSError as error:
            raise ConnectionFailed(
                f"cannot connect to executor {settings.address}: {_words(error)}"
            ) from None
        try:
            self.send(_hello(settings, last_report_seq))
            self.hello_ack = self._read_hello_ack(settings, deadline)
            self._limit_waits(settings)
        except (OSError, FrameError, WireError) as error:
            self.close()
            raise ConnectionFailed(
                f"no session with executor {settings.address}: {_words(error)}"
            ) from None
        except ConnectionFailed:
            self.close()
            raise

    def send(self, frames: bytes | bytearray) -> None:
        """Sends whole frames. Raises `OSError`, also when the peer takes nothing for too long."""
        self._socket.sendall(frames)

    @property
    def has_data(self) -> bool:
        """Whether `receive` would give something at once."""
        return bool(self._early) or bool(select.select([self._socket], [], [], 0.0)[0])

    def receive(self) -> list[Message]:
        """The next messages; empty when none came for a while.

        Raises `ConnectionFailed` at the end of the stream and for what cannot be read.
        """
        if self._early:
            early, self._early = self._early, []
            return early
        try:
            data = self._look() if self._spin_ns else None
            if data is None:
                data = self._socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return []
        except OSError as error:
            raise ConnectionFailed(f"connection to executor lost: {_words(error)}") from None
        try:
            if not data:
                self._decoder.finish()
                raise ConnectionFailed("executor closed the connection")
            return self._take(data)
        except (FrameError, WireError) as error:
            raise ConnectionFailed(f"executor sent what cannot be read: {error}") from None

    def _look(self) -> bytes | None:
        """Looks for bytes for a while without sleeping: to be woken costs more than an answer
        takes. None where there were none."""
        until_ns = time.perf_counter_ns() + self._spin_ns
        while True:
            try:
                return self._socket.recv(_RECEIVE_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                if time.perf_counter_ns() >= until_ns:
                    return None

    def abort(self) -> None:
        """Ends the connection for both sides of it; safe to call twice."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            # Not connected any more: nothing to end.
            return

    def close(self) -> None:
        """Frees the socket; nothing may be called afterwards."""
        self._socket.close()

    def _take(self, data: bytes) -> list[Message]:
        decoder = self._decoder
        decoder.feed(data)
        messages: list[Message] = []
        while (text := decoder.next_frame()) is not None:
            messages.append(_decode(text))
        return messages

    def _read_hello_ack(self, settings: TransportSettings, deadline: float) -> HelloAck:
        while not self._early:
            self._socket.settimeout(max(deadline - time.monotonic(), 1e-3))
            data = self._socket.recv(_RECEIVE_BYTES)
            if not data:
                raise ConnectionFailed("executor closed the connection before HELLO_ACK")
            self._early = self._take(data)
        answer = self._early.pop(0)
        if isinstance(answer, HelloReject):
            raise HelloRejected(answer.code, answer.message + _versions(answer.code, settings))
        if isinstance(answer, ErrorMessage):
            raise HelloRejected(answer.code, answer.message)
        if not isinstance(answer, HelloAck):
            raise ConnectionFailed(f"executor answered HELLO with {type(answer).__name__}")
        if answer.wire_version not in settings.wire_versions:
            raise HelloRejected(
                "UNSUPPORTED_WIRE",
                f"executor {answer.executor_version} chose wire version {answer.wire_version}"
                + _versions("UNSUPPORTED_WIRE", settings),
            )
        return answer

    def _limit_waits(self, settings: TransportSettings) -> None:
        """Blocking calls with limits of the kernel's: cheaper than Python's timeouts, which poll.

        A send that stands still ends the connection; a receive wakes to look at the heartbeat.
        """
        self._socket.settimeout(None)
        wake_s = min(settings.heartbeat_timeout_s / 4, 0.25)
        for option, seconds in (
            (socket.SO_SNDTIMEO, settings.send_timeout_s),
            (socket.SO_RCVTIMEO, wake_s),
        ):
            whole, rest = divmod(max(int(seconds * 1e6), 1), 1_000_000)
            self._socket.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", whole, rest))


def _connect(settings: TransportSettings) -> socket.socket:
    """Raises `OSError`."""
    if settings.socket_path:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(settings.connect_timeout_s)
        try:
            made.connect(settings.socket_path)
        except OSError:
            made.close()
            raise
        return made
    made = socket.create_connection((settings.host, settings.port), settings.connect_timeout_s)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def frame_of(message: WireStruct) -> bytes:
    """A message as it goes over the wire."""
    return encode_frame(message.to_wire())


def _decode(text: str) -> Message:
    """A message; foreign spellings of report enums are put right before they are given up on."""
    try:
        return decode(text)
    except WireError as error:
        normal = normalise_report(text) if error.code == "UNKNOWN_ENUM" else None
        if normal is None:
            raise
        return decode(normal)


def _hello(settings: TransportSettings, last_report_seq: int) -> bytes:
    return frame_of(
        Hello(
            wire_versions=settings.wire_versions,
            client=settings.client,
            token=settings.token,
            strategy_commit=settings.strategy_commit,
            bundle_version=settings.bundle_version,
            capabilities={},
            last_report_seq=last_report_seq,
            takeover=False,
        )
    )


def _versions(code: str, settings: TransportSettings) -> str:
    """What a person has to know of this side where the versions are why it is refused."""
    if code not in ("UNSUPPORTED_WIRE", "UNSUPPORTED_BUNDLE"):
        return ""
    wire = " and ".join(str(version) for version in settings.wire_versions)
    return (
        f"; trader {__version__} speaks wire {wire} with a configuration of version "
        f"{settings.bundle_version}: install both from one release (docs/upgrade.md)"
    )


def _words(error: Exception) -> str:
    """The reason without numbers and class names."""
    if isinstance(error, TimeoutError):
        return "timed out"
    return (getattr(error, "strerror", None) or str(error)).lower()
