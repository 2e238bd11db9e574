"""The trader's Prometheus metrics. Names are final and use base units.

Every figure is a plain attribute that its owner changes (`metrics.messages_total += 1`); Prometheus
objects are made at scrape only. Each attribute has one writing thread: those of the transport's
connection belong to its reader thread, all others to the engine's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from trader.monitoring.latency import LatencyHistogram
from trader.monitoring.page import PageServer

# Upper bounds in microseconds: work in this process, and the way to an executor and back.
_WORK_BOUNDS_US: Final = (
    1,
    2.5,
    5,
    10,
    25,
    50,
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    100_000,
)
_ACK_BOUNDS_US: Final = (
    *(25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000),
    *(100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000),
)


SEAM_COUNTS: Final = {
    "runner_changes": ("hotloop_runner_changes", "Runner changes applied."),
    "market_changes": ("hotloop_market_changes", "Market changes applied."),
    "images": ("hotloop_images", "Images of markets applied."),
    "heartbeats": ("hotloop_stream_heartbeats", "Heartbeats of the stream."),
    "ignored": ("hotloop_lines_ignored", "Lines with nothing to apply."),
    "definitions_ignored": (
        "hotloop_definitions_ignored",
        "Market definitions older than the one held.",
    ),
    "emit_errors": ("hotloop_emit_errors", "Diagnostics of the seam that could not be taken."),
}
"""Of the seam's `stats()`: the name each count has on the page, and its meaning. Those left out are
counted by the engine (`messages`, `errors`)."""


Total: TypeAlias = int | Counter[Any] | LatencyHistogram
"""What can be added up over several processes."""

_OF_THE_MOMENT: Final = frozenset(
    {"stale_markets", "transport_send_queue_depth", "executor_up", "open_orders"}
)
"""Attributes that are no totals."""


class MetricsServeError(Exception):
    """The metrics page cannot be served; the message names the address and the reason."""


class Metrics(Collector):
    """All figures of one trader process.

    Counters by label are `Counter`s keyed by the label's value, or by a tuple of values.
    """

    def __init__(self) -> None:
        self.messages_total = 0
        self.seam_errors_total = 0
        self.seam_events_total: Counter[str] = Counter()  # event
        self.seam_refusals_total: Counter[str] = Counter()  # field, without indexes
        self.seam_counts: Counter[str] = Counter(dict.fromkeys(SEAM_COUNTS, 0))
        self.reseeds_total = 0
        self.resubscribes_total = 0
        self.stale_markets = 0
        self.untracked_orders_total = 0
        self.apply_delta = LatencyHistogram()
        self.decision = LatencyHistogram()
        self.pfill_ttf = LatencyHistogram()
        self.intents_total: Counter[tuple[str, str]] = Counter()  # (edge, action)
        self.reports_total: Counter[str] = Counter()  # status
        self.fills_total: Counter[str] = Counter()  # edge
        self.rejects_total: Counter[str] = Counter()  # code
        self.intent_ack = LatencyHistogram()
        self.transport_reconnects_total = 0
        self.transport_send_queue_depth = 0
        self.executor_up = False
        self.executor_heartbeats_total = 0
        self.executor_heartbeats_missed_total = 0
        self.duplicate_reports_total = 0
        self.executor_switches_total = 0
        self.executor_restarts_total = 0
        self.kills_total = 0
        self.cannibalisation_total: Counter[str] = Counter()  # kind
        self.open_orders = 0
        self.pnl = 0.0  # account currency
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(self)
        self._server: PageServer | None = None

    def totals(self) -> dict[str, Total]:
        """What adds up over several processes, by attribute: counts and durations, not what only
        tells of a moment. For `add`, there or in another process."""
        return {
            name: value
            for name, value in vars(self).items()
            if name not in _OF_THE_MOMENT and isinstance(value, int | Counter | LatencyHistogram)
        }

    def add(self, totals: Mapping[str, Total]) -> None:
        """Adds another's `totals`. Raises `ValueError` for one that is not kept here."""
        mine = self.totals()
        for name, value in totals.items():
            own = mine.get(name)
            if type(value) is not type(own):
                raise ValueError(f"no total of that kind is kept under {name!r}")
            if isinstance(value, LatencyHistogram) and isinstance(own, LatencyHistogram):
                own.merge(value)
            elif isinstance(value, Counter) and isinstance(own, Counter):
                own.update(value)
            elif isinstance(value, int) and isinstance(own, int):
                setattr(self, name, own + value)

    def serve(self, host: str, port: int) -> int:
        """Serves `/metrics` on a thread of its own; returns the port (`port` 0: a free one).

        Raises `MetricsServeError` when it cannot listen there, and when it already serves.
        """
        if self._server is not None:
            raise MetricsServeError(
                f"metrics are already served on port {self._server.server_port}"
            )
        try:
            self._server = PageServer(host, port, make_wsgi_app(self.registry), "metrics-page")
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise MetricsServeError(
                f"cannot serve metrics on {host}:{port}: {reason.lower()}"
            ) from error
        return self._server.server_port

    @property
    def url(self) -> str | None:
        """Where it is served; None when it is not."""
        if self._server is None:
            return None
        host = str(self._server.server_address[0])
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{self._server.server_port}/metrics"

    def close(self) -> None:
        """Stops serving; safe to call when not serving."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def collect(self) -> Iterator[Metric]:
        """The current state as Prometheus families (called by the registry)."""
        yield from self._counters()
        yield from self._gauges()
        yield _histogram(
            "hotloop_apply_delta_seconds",
            "Time of one Hotloop.apply_delta, parsing included.",
            self.apply_delta,
            _WORK_BOUNDS_US,
        )
        yield _histogram(
            "hotloop_decision_seconds",
            "Time from a stream line to the intents it led to.",
            self.decision,
            _WORK_BOUNDS_US,
        )
        yield _histogram(
            "hotloop_intent_ack_seconds",
            "Wall time from an intent's sending to its first report.",
            self.intent_ack,
            _ACK_BOUNDS_US,
        )

    def _counters(self) -> Iterator[Metric]:
        plain = (
            ("hotloop_messages", "Stream lines taken.", self.messages_total),
            *((name, text, self.seam_counts[count]) for count, (name, text) in SEAM_COUNTS.items()),
            ("hotloop_seam_errors", "Lines that Hotloop refused.", self.seam_errors_total),
            ("hotloop_reseeds", "Markets imaged from the second book.", self.reseeds_total),
            (
                "hotloop_resubscribes",
                "Subscriptions asked for because changes were lost.",
                self.resubscribes_total,
            ),
            (
                "hotloop_untracked_orders",
                "Resting orders that the seam keeps no queue position of.",
                self.untracked_orders_total,
            ),
            ("hotloop_kills", "Times risk has ended all trading.", self.kills_total),
            (
                "hotloop_transport_reconnects",
                "Connections to the executor made after one was lost.",
                self.transport_reconnects_total,
            ),
            (
                "hotloop_executor_heartbeats",
                "Heartbeats heard from the executor.",
                self.executor_heartbeats_total,
            ),
            (
                "hotloop_executor_heartbeats_missed",
                "Times no heartbeat was heard for heartbeat_timeout_s.",
                self.executor_heartbeats_missed_total,
            ),
            (
                "hotloop_duplicate_reports",
                "Reports dropped because their seq was seen before.",
                self.duplicate_reports_total,
            ),
            (
                "hotloop_executor_switches",
                "Times new orders were sent to the other executor from then on.",
                self.executor_switches_total,
            ),
            (
                "hotloop_executor_restarts",
                "Times an executor that had died was started again.",
                self.executor_restarts_total,
            ),
        )
        for name, text, value in plain:
            yield CounterMetricFamily(name, text, value=value)
        yield _labelled(
            "hotloop_intents",
            "Intents sent to the executor.",
            ("edge", "action"),
            self.intents_total.copy().items(),
        )
        by_one = (
            ("hotloop_reports", "Reports heard.", "status", self.reports_total),
            ("hotloop_fills", "Reports with something matched.", "edge", self.fills_total),
            ("hotloop_rejects", "Intents refused.", "code", self.rejects_total),
            (
                "hotloop_cannibalisation",
                "Times one edge was in another one's way.",
                "kind",
                self.cannibalisation_total,
            ),
            ("hotloop_seam_events", "Diagnostics of the seam.", "event", self.seam_events_total),
            (
                "hotloop_seam_refusals",
                "Refused lines and snapshots by what was wrong in them.",
                "field",
                self.seam_refusals_total,
            ),
        )
        for name, text, label, counts in by_one:
            items = [((key,), n) for key, n in counts.copy().items()]
            yield _labelled(name, text, (label,), items)

    def _gauges(self) -> Iterator[Metric]:
        for name, text, value in (
            (
                "hotloop_transport_send_queue_depth",
                "Messages sent or waiting that the executor has not confirmed.",
                self.transport_send_queue_depth,
            ),
            ("hotloop_executor_up", "1 while the executor is healthy.", int(self.executor_up)),
            (
                "hotloop_stale_markets",
                "Markets not quoted until an image of them comes, as changes were lost.",
                self.stale_markets,
            ),
            ("hotloop_open_orders", "Resting orders.", self.open_orders),
            ("hotloop_pnl", "Profit and loss after commission, account currency.", self.pnl),
        ):
            yield GaugeMetricFamily(name, text, value=value)


_Labelled: TypeAlias = Iterable[tuple[tuple[str, ...], int]]


def _labelled(name: str, text: str, labels: Sequence[str], items: _Labelled) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, count in items:
        family.add_metric(values, count)
    return family


def _histogram(
    name: str, text: str, latency: LatencyHistogram, bounds_us: Sequence[float]
) -> Metric:
    counts = latency.cumulative([int(bound * 1_000) for bound in bounds_us])
    names = [repr(bound / 1e6) for bound in bounds_us] + ["+Inf"]
    family = HistogramMetricFamily(name, text)
    family.add_metric((), list(zip(names, counts, strict=True)), latency.sum_ns / 1e9)
    return family
