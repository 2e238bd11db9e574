"""What the status page can do to a session, on the engine's thread."""

from __future__ import annotations

import logging
from typing import Final

from trader.execution.interfaces.executor import ExecutionError
from trader.session import Session
from trader.status.document import Answer

KILL_REASON: Final = "by hand, status page"

_log: Final = logging.getLogger("trader.status")


def carry_out(session: Session, action: str) -> Answer:
    """`kill` or `cancel-all`, by the engine's own; what came of it. Raises what the engine does
    when its executor is lost for good, which ends the run."""
    before = len(session.router.open_orders())
    if action == "kill":
        return _kill(session, before)
    try:
        session.engine.cancel_all(KILL_REASON.replace("by hand", "cancelled by hand"))
    except ExecutionError as error:
        return _answer(session, action, False, f"not done, there is no executor: {error}")
    _log.warning("cancel-all by hand, status page: %d orders", before)
    told = f"{_orders(before)} told to end; edges go on quoting"
    return _answer(session, action, True, told)


def _kill(session: Session, before: int) -> Answer:
    former = session.engine.killed
    heard = session.engine.kill(KILL_REASON)
    if not heard:
        return _answer(
            session,
            "kill",
            False,
            "nothing new leaves; no executor has heard of it yet, it is told again until one has",
        )
    if former is not None:
        return _answer(session, "kill", True, f"was killed before: {former}")
    return _answer(session, "kill", True, f"{_orders(before)} told to end; nothing new leaves")


def _answer(session: Session, action: str, done: bool, message: str) -> Answer:
    return Answer(
        action=action,
        done=done,
        message=message,
        open_orders=len(session.router.open_orders()),
        killed=session.engine.killed is not None,
    )


def _orders(count: int) -> str:
    return "1 order" if count == 1 else f"{count} orders"
