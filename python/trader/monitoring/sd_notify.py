"""Tells a service manager how this process does: systemd's notification protocol.

One datagram with lines `KEY=VALUE` to the socket that `NOTIFY_SOCKET` names (a path, or an abstract
name that begins with `@`). Without that variable nothing is sent. Whoever calls `beat` must be the
loop that does the work: a thread of its own would go on telling that all is well while the loop
hangs.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, MutableMapping
from time import monotonic, monotonic_ns
from typing import Final, Self

STATUS_CHARS_MAX: Final = 200
_VARIABLES: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
_BEATS_A_TIMEOUT: Final = 3

_log: Final = logging.getLogger("trader.sd_notify")


class NotifyError(Exception):
    """The service manager's variables cannot be understood."""


class Notifier:
    """For one thread. Never waits, and raises nothing once it is made: a service manager that is
    away must not stop trading. What its socket does not take is sent with the next call.
    """

    def __init__(
        self,
        address: str | None = None,
        watchdog_s: float | None = None,
        now_s: Callable[[], float] = monotonic,
    ) -> None:
        """`address` None: nobody is told. `watchdog_s`: after so long without a `beat` the manager
        takes the process for hung; None: it does not look. Raises `NotifyError`."""
        self._address = None if address is None else _socket_name(address)
        self._socket: socket.socket | None = None
        if self._address is not None:
            kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
            self._socket = socket.socket(socket.AF_UNIX, kind)
        self._watchdog_s = watchdog_s
        self._now_s = now_s
        self._next_beat_s = float("-inf")
        self._is_ready = False
        self._status = ""
        self._unsent: dict[str, str] = {}
        self._failed = ""

    @classmethod
    def from_environment(cls, environ: MutableMapping[str, str] = os.environ) -> Self:
        """As the service manager asks. The variables are taken away: a child must not speak for
        this process. Raises `NotifyError`."""
        address, usec, pid = (environ.pop(name, "") for name in _VARIABLES)
        watchdog_s = None
        if usec and pid in ("", str(os.getpid())):
            if not (usec.isascii() and usec.isdigit() and int(usec) > 0):
                raise NotifyError(
                    f"WATCHDOG_USEC is {usec[:40]!r}; it must be a number of microseconds above 0"
                )
            watchdog_s = int(usec) / 1e6
        return cls(address or None, watchdog_s)

    @property
    def is_ready(self) -> bool:
        """Whether `ready` was called."""
        return self._is_ready

    def ready(self, status: str) -> None:
        """The start is over."""
        self._is_ready = True
        self._tell({"READY": "1"} | self._changed(status))

    def status(self, status: str) -> None:
        """One short line for `systemctl status`; the same one again is not sent."""
        self._tell(self._changed(status))

    def beat(self) -> None:
        """Call it at every turn of the loop: a sign of life leaves at most three times in the time
        that the watchdog allows. Before `ready` it asks for so long more to start."""
        if self._watchdog_s is None or self._now_s() < self._next_beat_s:
            return
        self._next_beat_s = self._now_s() + self._watchdog_s / _BEATS_A_TIMEOUT
        if self._is_ready:
            self._tell({"WATCHDOG": "1"})
        else:
            self._tell({"EXTEND_TIMEOUT_USEC": str(round(self._watchdog_s * 1e6))})

    def stopping(self, status: str) -> None:
        """The end has begun."""
        self._tell({"STOPPING": "1"} | self._changed(status))

    def reloading(self) -> None:
        """The configuration is read anew; `ready` says when that is done."""
        now = str(monotonic_ns() // 1_000)
        self._tell({"RELOADING": "1", "MONOTONIC_USEC": now})

    def close(self) -> None:
        """Nothing is told any more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _changed(self, status: str) -> dict[str, str]:
        line = " ".join(status.split())[:STATUS_CHARS_MAX]
        if line == self._status:
            return {}
        self._status = line
        return {"STATUS": line}

    def _tell(self, said: dict[str, str]) -> None:
        if self._socket is None or self._address is None or not (said or self._unsent):
            return
        if said.get("READY") and "RELOADING" in self._unsent:
            del self._unsent["RELOADING"], self._unsent["MONOTONIC_USEC"]
        self._unsent |= said
        text = "".join(f"{key}={value}\n" for key, value in self._unsent.items())
        try:
            self._socket.sendto(text.encode(errors="replace"), self._address)
        except OSError as error:
            if str(error) != self._failed:
                self._failed = str(error)
                _log.warning("the service manager cannot be told: %s", error)
        else:
            self._unsent.clear()
            self._failed = ""


def _socket_name(address: str) -> str:
    if address.startswith("@") and len(address) > 1:
        return "\0" + address[1:]
    if address.startswith("/"):
        return address
    raise NotifyError(
        f"NOTIFY_SOCKET is {address[:100]!r}; it must be an absolute path, or @ and a name"
    )
