"""The other end of `sd_notify`: a service manager that only listens."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 60.0


class Manager:
    """A datagram socket at `name`: a path, or an abstract name that begins with `@`."""

    def __init__(self, name: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self.name = name

    def heard(self) -> list[str]:
        """Every datagram that is there."""
        said = []
        while True:
            try:
                said.append(self._socket.recv(4_096).decode())
            except BlockingIOError:
                return said

    def wait_for(self, wanted: Callable[[str], bool], what: str) -> list[str]:
        """What is heard up to the first datagram that is wanted, and that one."""
        said: list[str] = []
        while not (said and wanted(said[-1])):
            readable, _, _ = select.select([self._socket], [], [], PATIENCE_S)
            assert readable, f"{what} was not heard after {said}"
            said.append(self._socket.recv(4_096).decode())
        return said

    def is_quiet(self, for_s: float) -> bool:
        """Whether nothing comes in so long, after what is there already."""
        self.heard()
        return not select.select([self._socket], [], [], for_s)[0]

    def close(self) -> None:
        self._socket.close()
