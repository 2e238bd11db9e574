"""The figures of an executor in this process, under the names that the sidecar's page has: one
dashboard and one file of alerts serve both.

An executor is asked for its `ExecutorMoment` at each scrape, on a thread of the page, while the
engine's thread goes on. That needs no lock, for three kinds of reading are all there is: one
attribute that one thread writes; the length of a collection; a copy of one (`list(values)`,
`Counter.copy()`), which the interpreter makes in one step. Nothing is walked through that may grow
meanwhile. A page may so have a figure of before an order beside one of after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from trader import __version__
from trader.monitoring.families import by_one_label, info
from trader.monitoring.latency import LatencyHistogram

PREFIX: Final = "hotloop_executor_"
VENUE_STATES: Final = ("starting", "connected", "stale", "down", "logged_out")
ACK_BOUNDS_US: Final = (
    *(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000),
    *(10_000, 20_000, 50_000, 100_000, 500_000, 1_000_000),
)
"""The sidecar's."""
SYNC_BOUNDS_US: Final = ACK_BOUNDS_US[3:]


@dataclass(frozen=True, slots=True)
class VenueMoment:
    """What only an executor with orders at a venue can tell. Money is in the account's currency."""

    state: str
    """One of `VENUE_STATES`."""
    halted: bool
    doubts: int
    not_placed: int
    strays: int
    paced: int
    funds_trips: int
    funds_difference: float
    funds_look_s: float
    """Unix time; 0: never."""
    clock_steps: int
    queue_depth: int
    in_flight: int
    transactions: int
    exposure: float
    journal_bytes: int
    journal_shortened: int
    journal_last_sync_s: float
    journal_sync: LatencyHistogram


@dataclass(frozen=True, slots=True)
class ExecutorMoment:
    """The figures of now; counters are counts since the executor was made."""

    intents: Counter[str]
    """By action, as every one is there from the start with all values its label may have."""
    reports: Counter[str]
    """By status."""
    rejects: Counter[str]
    """By class."""
    requests: Counter[str]
    """By kind."""
    intent_ack: LatencyHistogram
    duplicates: int = 0
    ttl_prevented: int = 0
    open_orders: int = 0
    unacked_reports: int = 0
    unknown_bets: int = 0
    order_stream_lost: int = 0
    venue: VenueMoment | None = None


@runtime_checkable
class Measured(Protocol):
    """An executor that can be asked."""

    def moment(self) -> ExecutorMoment | None:
        """Its figures; None while another process does the work, which has a page of its own. Safe
        from any thread."""


def executor_families(moment: ExecutorMoment) -> Iterator[Metric]:
    """A moment as Prometheus families."""
    for name, text, label, counts in (
        ("intents", "Intents received, repeats included.", "action", moment.intents),
        ("reports", "Reports made.", "status", moment.reports),
        ("rejects", "Intents refused.", "class", moment.rejects),
        ("venue_requests", "Requests to the venue.", "kind", moment.requests),
    ):
        yield by_one_label(PREFIX + name, text, label, counts)
    for name, text, value in (
        ("duplicates", "Intents seen before and dropped.", moment.duplicates),
        ("ttl_prevented", "Intents past their deadline and not placed.", moment.ttl_prevented),
        (
            "unknown_bets",
            "Bets with our strategy's reference that no order of ours has.",
            moment.unknown_bets,
        ),
        (
            "order_stream_lost",
            "Times the venue's order stream was lost.",
            moment.order_stream_lost,
        ),
    ):
        yield CounterMetricFamily(PREFIX + name, text, value=value)
    yield GaugeMetricFamily(PREFIX + "open_orders", "Orders that stand.", value=moment.open_orders)
    yield GaugeMetricFamily(
        PREFIX + "unacked_reports",
        "Reports kept until they are acknowledged.",
        value=moment.unacked_reports,
    )
    yield _histogram(
        "intent_ack_seconds",
        "From an intent's arrival to its first report made.",
        moment.intent_ack,
        ACK_BOUNDS_US,
    )
    yield info(
        PREFIX + "build_info", "1; what runs.", {"version": __version__, "backend": "python"}
    )
    if moment.venue is not None:
        yield from _venue_families(moment.venue)


def _venue_families(venue: VenueMoment) -> Iterator[Metric]:
    for name, text, count in (
        ("orders_in_doubt", "Orders that came to be in doubt.", venue.doubts),
        (
            "orders_not_placed",
            "Orders in doubt that turned out not to be there.",
            venue.not_placed,
        ),
        ("stray_bets", "Bets of orders that had ended, ended again.", venue.strays),
        (
            "pacing_trips",
            "Times requests were held back because instructions were used up.",
            venue.paced,
        ),
        (
            "funds_trips",
            "Times the account's exposure was not ours for too long.",
            venue.funds_trips,
        ),
        ("clock_steps", "Times the wall clock was set.", venue.clock_steps),
        ("journal_syncs", "Times the journal was made durable.", venue.journal_sync.count),
        (
            "journal_shortened",
            "Times the journal was shortened to what is known.",
            venue.journal_shortened,
        ),
    ):
        yield CounterMetricFamily(PREFIX + name, text, value=count)
    for name, text, value in (
        ("halted", "1 while nothing is placed.", float(venue.halted)),
        ("queue_depth", "Intents taken and not answered.", venue.queue_depth),
        ("requests_in_flight", "Requests to the venue that have not ended.", venue.in_flight),
        ("hour_transactions", "Transactions of this clock hour.", venue.transactions),
        ("journal_bytes", "Bytes of the journal.", venue.journal_bytes),
        (
            "exposure_account_currency",
            "What may be lost with all that is matched or rests.",
            venue.exposure,
        ),
        (
            "journal_last_sync_seconds",
            "How long the journal's last sync took.",
            venue.journal_last_sync_s,
        ),
        (
            "funds_difference",
            "The account's exposure minus ours at the last look, account currency.",
            venue.funds_difference,
        ),
        (
            "funds_last_look_timestamp_seconds",
            "When the account's funds were compared last, unix time.",
            venue.funds_look_s,
        ),
    ):
        yield GaugeMetricFamily(PREFIX + name, text, value=value)
    states = GaugeMetricFamily(
        PREFIX + "venue_state", "1 for how the venue is reached.", labels=["state"]
    )
    for word in VENUE_STATES:
        states.add_metric([word], int(word == venue.state))
    yield states
    yield _histogram(
        "journal_sync_seconds",
        "Time of one sync of the journal.",
        venue.journal_sync,
        SYNC_BOUNDS_US,
    )


def _histogram(name: str, text: str, latency: LatencyHistogram, bounds_us: Sequence[int]) -> Metric:
    """As the sidecar writes it, its bounds letter by letter: series of both add up."""
    counts = latency.cumulative([bound * 1_000 for bound in bounds_us])
    names = [f"{bound / 1e6:.6f}".rstrip("0") for bound in bounds_us]
    names = [name + "0" if name.endswith(".") else name for name in names] + ["+Inf"]
    family = HistogramMetricFamily(PREFIX + name, text)
    family.add_metric((), list(zip(names, counts, strict=True)), latency.sum_ns / 1e9)
    return family
