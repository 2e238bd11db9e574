"""For tests of the status page: a session's page served on loopback, asked over real sockets."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

from trader.config.loading import load
from trader.monitoring.page import PageServer
from trader.session import Session
from trader.status.app import StatusApp
from trader.status.board import StatusBoard
from trader.status.controls import carry_out
from trader.status.names import Names
from trader.status.snapshot import Surroundings, Teller
from trader.testing import QUOTED, Scene

T = TypeVar("T")
TOKEN: Final = "t" * 43
TIMEOUT_S: Final = 20.0
LINES_MAX: Final = 300
"""Of a stream of events: what has not come by then does not come."""


def quoting(folder: Path, *overrides: str) -> Scene:
    """A market in which orders of ours rest."""
    scene = Scene(folder, *overrides)
    scene.define(rc=QUOTED)
    return scene


@dataclass
class Served:
    """A board's page, and requests to it."""

    board: StatusBoard
    names: Names
    port: int

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """(status, content, headers); with the token, unless there are other headers."""
        with closing(self.connection()) as connection:
            sent = {"X-Token": TOKEN} if headers is None else dict(headers)
            connection.request(method, path, headers=sent)
            reply = connection.getresponse()
            return reply.status, reply.read(), dict(reply.getheaders())

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)

    @contextmanager
    def events(self, query: str = "") -> Iterator[Iterator[tuple[str, Any]]]:
        """(name, content) as they come."""
        with closing(self.connection()) as connection:
            connection.request("GET", f"/events?{query}", headers={"X-Token": TOKEN})
            reply = connection.getresponse()
            assert reply.status == http.client.OK, reply.read()
            yield _events(reply)


def _events(reply: http.client.HTTPResponse) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in islice(reply, LINES_MAX):
        word, _, rest = line.decode().rstrip("\n").partition(": ")
        if word == "event":
            name = rest
        elif word == "data":
            yield name, json.loads(rest)


@contextmanager
def served(scene: Scene) -> Iterator[Served]:
    """The page of a scene's session; the loop comes by only `meanwhile`."""
    names = Names()
    board = StatusBoard(Teller(surroundings(scene, names)), carry_out)
    app = StatusApp(board, names, TOKEN)
    server = PageServer("127.0.0.1", 0, app, "status-page")
    app.port = server.server_port
    try:
        yield Served(board, names, server.server_port)
    finally:
        board.close()
        server.close()


def surroundings(scene: Scene, names: Names | None = None) -> Surroundings:
    """Of a demo that trades this scene."""
    return Surroundings(
        config=load(None),
        mode="demo",
        venue="nowhere",
        metrics=scene.metrics,
        names=names if names is not None else Names(),
    )


def meanwhile(board: StatusBoard, session: Session, call: Callable[[], T]) -> T:
    """What a call on another thread gives, while this thread is the engine's loop."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(call)
        while not future.done():
            board.turn(session)
            wait([future], timeout=0.001)
        return future.result()
