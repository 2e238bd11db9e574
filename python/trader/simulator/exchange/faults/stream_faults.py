"""Faults of the streams: each message that is about to be sent may meet one."""

from __future__ import annotations

from trader.simulator.exchange.faults.plan import FaultPlan, FaultRule
from trader.simulator.exchange.stream.session import StreamSession


class StreamFaults:
    """Give it to the hub as `on_message`."""

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan

    def __call__(self, session: StreamSession, op: str) -> None:
        """A message of `op` (mcm or ocm) is about to be sent on a session."""
        rule = self._plan.choose(op, session.hub.venue.now_ms)
        if rule is not None:
            happen(session, op, rule)


def happen(session: StreamSession, op: str, rule: FaultRule) -> None:
    """Does a fault to a session."""
    if rule.fault == "cut":
        session.cut()
    elif rule.fault == "status_503":
        session.unreliable(rule.ms)
    elif rule.fault == "duplicate":
        session.duplicate_next(op)
    elif rule.fault == "reorder":
        session.swap_next(op)
    elif rule.fault == "hold":
        session.hold(rule.ms)
    else:
        session.malform_next()
