"""The status page of one run: board, server and the note in the run's folder, opened together."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from trader.config.schema import StatusConfig
from trader.monitoring.metrics import MetricsServeError
from trader.monitoring.page import PageServer
from trader.status.app import StatusApp
from trader.status.board import StatusBoard
from trader.status.controls import carry_out
from trader.status.note import Note, NoteError, new_token, take_away, write_note
from trader.status.snapshot import Surroundings, Teller


def status_board(around: Surroundings) -> StatusBoard:
    """A board for a session in these surroundings; one that keeps nothing where there is to be no
    page."""
    return StatusBoard(Teller(around), carry_out, around.config.monitoring.status.enabled)


@contextmanager
def served_status(
    board: StatusBoard,
    around: Surroundings,
    folder: Path,
    on_closed: Callable[[], None] | None = None,
) -> Iterator[None]:
    """Serves a board's page, where the configuration asks for it, and prints the link to it.
    `on_closed` is called when nobody reads that any more; without it that is raised.

    Raises `MetricsServeError` when it cannot listen, or cannot say in `folder` where it does.
    """
    wanted = around.config.monitoring.status
    if not wanted.enabled:
        yield
        return
    token = new_token()
    server, note = _open(board, around, wanted, token)
    try:
        try:
            write_note(folder, note)
        except NoteError as error:
            raise MetricsServeError(f"no status page: {error}") from None
        try:
            print(f"status: {_told(note)}", flush=True)
        except BrokenPipeError:
            if on_closed is None:
                raise
            on_closed()
        try:
            yield
        finally:
            board.close()
            take_away(folder, note)
    finally:
        server.close()


def _told(note: Note) -> str:
    """The link for who sits there. A log, which is what a service's output is, gets no token."""
    out: TextIO | None = sys.stdout  # None where whoever started this has closed it
    if out is not None and out.isatty():
        return note.link
    return f"{note.url} (`trader status` prints the link)"


def _open(
    board: StatusBoard, around: Surroundings, wanted: StatusConfig, token: str
) -> tuple[PageServer, Note]:
    app = StatusApp(board, around.names, token)
    try:
        server = PageServer(wanted.host, wanted.port, app, "status-page")
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MetricsServeError(
            f"cannot serve the status page on {wanted.host}:{wanted.port}: {reason.lower()}"
            " (monitoring.status.port: 0 takes a free one)"
        ) from error
    app.port = server.server_port
    host = f"[{wanted.host}]" if ":" in wanted.host else wanted.host
    note = Note(
        url=f"http://{host}:{server.server_port}/",
        token=token,
        pid=os.getpid(),
        profile=around.config.profile,
        started=around.started_ms,
    )
    return server, note
