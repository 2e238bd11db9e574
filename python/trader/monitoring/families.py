"""Figures as Prometheus families: what stands on the trader's page under which name.

Called at each scrape, on a thread of the page. Nothing is locked: each figure is one number that
one thread writes, and a `Counter` is copied before it is walked through, which the interpreter does
in one step. So a page may have a count from before a line beside one from after it, but no figure
that never was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from trader.monitoring.latency import LatencyHistogram
from trader.monitoring.seam_counts import SEAM_COUNTS

if TYPE_CHECKING:
    from trader.monitoring.metrics import Metrics

# Upper bounds in microseconds: work in this process, and the way to an executor and back.
WORK_BOUNDS_US: Final = (
    *(1, 2.5, 5, 10, 25, 50, 100, 250, 500),
    *(1_000, 2_500, 5_000, 10_000, 100_000),
)
ACK_BOUNDS_US: Final = (
    *(25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000),
    *(100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000),
)

_COUNTERS: Final = (
    ("hotloop_messages", "Stream lines taken.", "messages_total"),
    ("hotloop_seam_errors", "Lines that Hotloop refused.", "seam_errors_total"),
    ("hotloop_reseeds", "Markets imaged from the second book.", "reseeds_total"),
    (
        "hotloop_resubscribes",
        "Subscriptions asked for because changes were lost.",
        "resubscribes_total",
    ),
    (
        "hotloop_untracked_orders",
        "Resting orders that the seam keeps no queue position of.",
        "untracked_orders_total",
    ),
    (
        "hotloop_shadow_comparisons",
        "Answers of the Hotloop in use that were compared with its shadow's.",
        "shadow_comparisons_total",
    ),
    (
        "hotloop_shadow_losses",
        "Times the shadow failed half-way and was dropped.",
        "shadow_losses_total",
    ),
    ("hotloop_kills", "Times risk has ended all trading.", "kills_total"),
    (
        "hotloop_stream_reconnects",
        "Connections to the market stream made after one was lost.",
        "stream_reconnects_total",
    ),
    (
        "hotloop_transport_reconnects",
        "Connections to the executor made after one was lost.",
        "transport_reconnects_total",
    ),
    (
        "hotloop_executor_heartbeats",
        "Heartbeats heard from the executor.",
        "executor_heartbeats_total",
    ),
    (
        "hotloop_executor_heartbeats_missed",
        "Times no heartbeat was heard for heartbeat_timeout_s.",
        "executor_heartbeats_missed_total",
    ),
    (
        "hotloop_duplicate_reports",
        "Reports dropped because their seq was seen before.",
        "duplicate_reports_total",
    ),
    (
        "hotloop_executor_switches",
        "Times new orders were sent to the other executor from then on.",
        "executor_switches_total",
    ),
    (
        "hotloop_executor_restarts",
        "Times an executor that had died was started again.",
        "executor_restarts_total",
    ),
)
"""Name without `_total`, what it counts, the attribute."""

_BY_ONE_LABEL: Final = (
    ("hotloop_reports", "Reports heard.", "status", "reports_total"),
    ("hotloop_fills", "Reports with something matched.", "edge", "fills_total"),
    ("hotloop_rejects", "Intents refused.", "code", "rejects_total"),
    (
        "hotloop_cannibalisation",
        "Times one edge was in another one's way.",
        "kind",
        "cannibalisation_total",
    ),
    (
        "hotloop_shadow_differences",
        "Answers of the shadow that were other than those of the Hotloop in use.",
        "method",
        "shadow_differences_total",
    ),
    ("hotloop_reloads", "Times the configuration was read anew.", "outcome", "reloads_total"),
    ("hotloop_seam_events", "Diagnostics of the seam.", "event", "seam_events_total"),
    (
        "hotloop_seam_refusals",
        "Refused lines and snapshots by what was wrong in them.",
        "field",
        "seam_refusals_total",
    ),
)

_GAUGES: Final = (
    (
        "hotloop_transport_send_queue_depth",
        "Messages sent or waiting that the executor has not confirmed.",
        "transport_send_queue_depth",
    ),
    ("hotloop_executor_up", "1 while the executor is healthy.", "executor_up"),
    ("hotloop_stream_up", "1 while the market stream's subscription stands.", "stream_up"),
    (
        "hotloop_last_line_timestamp_seconds",
        "When the last line of the market stream came, unix time; 0: none yet.",
        "last_line_timestamp",
    ),
    (
        "hotloop_stream_lag_seconds",
        "From the publish time of the last change message to its arrival.",
        "stream_lag",
    ),
    ("hotloop_subscribed_markets", "Markets the stream is asked for.", "subscribed_markets"),
    ("hotloop_markets", "Markets held in the seam.", "markets"),
    (
        "hotloop_stale_markets",
        "Markets not quoted until an image of them comes, as changes were lost.",
        "stale_markets",
    ),
    (
        "hotloop_event_queue_depth",
        "Lines, news of the venue and reports that wait for the engine.",
        "event_queue_depth",
    ),
    ("hotloop_open_orders", "Resting orders.", "open_orders"),
    (
        "hotloop_exposure",
        "What may be lost with all that is matched or rests, account currency.",
        "exposure",
    ),
    ("hotloop_pnl", "Profit and loss after commission, account currency.", "pnl"),
    (
        "hotloop_gross_profit",
        "Profit and loss before commission, account currency.",
        "gross_profit",
    ),
    ("hotloop_commission", "Commission of what was won, account currency.", "commission"),
    ("hotloop_dry_run", "1 where no money is at stake: a dry run, a replay, a demo.", "dry_run"),
)

_HISTOGRAMS: Final = (
    (
        "hotloop_apply_delta_seconds",
        "Time of one Hotloop.apply_delta, parsing included.",
        "apply_delta",
        WORK_BOUNDS_US,
    ),
    (
        "hotloop_decision_seconds",
        "Time from a stream line to the intents it led to.",
        "decision",
        WORK_BOUNDS_US,
    ),
    (
        "hotloop_pfill_ttf_seconds",
        "Time of one Hotloop.pfill_ttf, asked of each order sent.",
        "pfill_ttf",
        WORK_BOUNDS_US,
    ),
    (
        "hotloop_intent_ack_seconds",
        "Wall time from an intent's sending to its first report.",
        "intent_ack",
        ACK_BOUNDS_US,
    ),
)


def families(metrics: Metrics) -> Iterator[Metric]:
    """The trader's own figures as they are now."""
    for name, text, attribute in _COUNTERS:
        yield CounterMetricFamily(name, text, value=getattr(metrics, attribute))
    for count, (name, text) in SEAM_COUNTS.items():
        yield CounterMetricFamily(name, text, value=metrics.seam_counts[count])
    yield by_label(
        "hotloop_intents",
        "Intents sent to the executor.",
        ("edge", "action"),
        metrics.intents_total.copy().items(),
    )
    for name, text, label, attribute in _BY_ONE_LABEL:
        yield by_one_label(name, text, label, getattr(metrics, attribute))
    for name, text, attribute in _GAUGES:
        yield GaugeMetricFamily(name, text, value=float(getattr(metrics, attribute)))
    yield info(
        "hotloop_build_info",
        "1; what runs: the trader's version, the seam's backend, who executes.",
        metrics.build,
    )
    for name, text, attribute, bounds_us in _HISTOGRAMS:
        yield histogram(name, text, getattr(metrics, attribute), bounds_us)


Labelled: TypeAlias = Iterable[tuple[tuple[str, ...], float]]


def by_label(name: str, text: str, labels: Sequence[str], items: Labelled) -> Metric:
    """A counter by labels: of their values the count."""
    family = CounterMetricFamily(name, text, labels=labels)
    for values, count in items:
        family.add_metric(values, count)
    return family


def by_one_label(name: str, text: str, label: str, counts: Counter[str]) -> Metric:
    """A counter by one label."""
    return by_label(name, text, (label,), [((key,), n) for key, n in counts.copy().items()])


def info(name: str, text: str, labels: dict[str, str]) -> Metric:
    """A gauge that is 1 and tells by its labels what runs."""
    family = GaugeMetricFamily(name, text, labels=list(labels))
    family.add_metric(list(labels.values()), 1)
    return family


def histogram(
    name: str, text: str, latency: LatencyHistogram, bounds_us: Sequence[float]
) -> Metric:
    """Durations as a histogram in seconds; `bounds_us`: upper bounds, ascending."""
    counts = latency.cumulative([int(bound * 1_000) for bound in bounds_us])
    names = [repr(bound / 1e6) for bound in bounds_us] + ["+Inf"]
    family = HistogramMetricFamily(name, text)
    family.add_metric((), list(zip(names, counts, strict=True)), latency.sum_ns / 1e9)
    return family


def values(counts: Counter[Any]) -> int:
    """The sum of a `Counter` that another thread may be writing."""
    return sum(list(counts.values()))
