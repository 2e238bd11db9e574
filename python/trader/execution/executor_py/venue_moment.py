"""The figures of the executor that trades at a venue, out of its order machine and its journal."""

from __future__ import annotations

from trader.betfair.stream import StreamClient
from trader.execution.executor_py.journal_file import JournalFile
from trader.execution.orders import funds
from trader.execution.orders.machine import Machine
from trader.monitoring.executor_metrics import VenueMoment
from trader.monitoring.latency import LatencyHistogram


def venue_moment(
    machine: Machine,
    journal: JournalFile | None,
    *,
    state: str,
    clock_steps: int,
    queue_depth: int,
) -> VenueMoment:
    """Safe from any thread: it reads single attributes, lengths and copies."""
    counters, book, look = machine.counters, machine.book, machine.funds_look
    return VenueMoment(
        state=state,
        halted=machine.why_halted is not None or not machine.is_ready,
        doubts=counters.doubts,
        not_placed=counters.not_placed,
        strays=counters.strays,
        paced=counters.paced,
        funds_trips=counters.funds_trips,
        funds_difference=look.difference / 10_000 if look is not None else 0.0,
        funds_look_s=look.at_ms / 1000 if look is not None else 0.0,
        clock_steps=clock_steps,
        queue_depth=queue_depth,
        in_flight=len(book.flights),
        transactions=book.transactions(machine.now_ms),
        exposure=funds.exposure(machine) / 10_000,
        journal_bytes=journal.length if journal is not None else 0,
        journal_shortened=journal.shortened if journal is not None else 0,
        journal_last_sync_s=journal.last_sync_s if journal is not None else 0.0,
        journal_sync=journal.sync_times if journal is not None else LatencyHistogram(),
    )


def venue_state(stream: StreamClient, *, is_logged_out: bool, is_stale: bool) -> str:
    """How the venue is reached, in the sidecar's words."""
    if is_logged_out:
        return "logged_out"
    if not stream.counts.lines:
        return "starting"
    if not stream.is_up:
        return "down"
    return "stale" if is_stale else "connected"
