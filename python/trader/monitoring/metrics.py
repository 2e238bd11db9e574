"""The trader's Prometheus metrics. Names are final and use base units.

Every figure is a plain attribute that its owner changes (`metrics.messages_total += 1`); Prometheus
objects are made at scrape only. Each attribute has one writing thread: those of the transport's
connection belong to its reader thread, all others to the engine's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from trader import __version__
from trader.monitoring.executor_metrics import Measured, executor_families
from trader.monitoring.families import families
from trader.monitoring.latency import LatencyHistogram
from trader.monitoring.page import PageServer
from trader.monitoring.seam_counts import SEAM_COUNTS

Total: TypeAlias = int | Counter[Any] | LatencyHistogram
"""What can be added up over several processes."""

_OF_THE_MOMENT: Final = frozenset(
    {
        *("stale_markets", "subscribed_markets", "markets", "open_orders", "dry_run"),
        *("transport_send_queue_depth", "event_queue_depth", "executor_up", "stream_up"),
    }
)
"""Attributes that are no totals."""


class MetricsServeError(Exception):
    """The metrics page cannot be served; the message names the address and the reason."""


class Metrics(Collector):
    """All figures of one trader process.

    Counters by label are `Counter`s keyed by the label's value, or by a tuple of values.
    """

    reload_error = ""
    """Why the last reload was refused; on no page of metrics."""

    def __init__(self) -> None:
        self.messages_total = 0
        self.seam_errors_total = 0
        self.seam_events_total: Counter[str] = Counter()  # event
        self.seam_refusals_total: Counter[str] = Counter()  # field, without indexes
        self.seam_counts: Counter[str] = Counter(dict.fromkeys(SEAM_COUNTS, 0))
        self.reseeds_total = 0
        self.resubscribes_total = 0
        self.stale_markets = 0
        self.markets = 0
        self.stream_up = False
        self.stream_reconnects_total = 0
        self.last_line_timestamp = 0.0  # unix time in seconds; 0: no line came yet
        self.stream_lag = 0.0  # seconds
        self.subscribed_markets = 0
        self.event_queue_depth = 0
        self.untracked_orders_total = 0
        self.shadow_comparisons_total = 0
        self.shadow_differences_total: Counter[str] = Counter()  # method
        self.shadow_losses_total = 0
        self.reloads_total = Counter(taken=0, refused=0)  # outcome
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
        self.exposure = 0.0  # account currency, as what follows
        self.pnl = 0.0
        self.gross_profit = 0.0
        self.commission = 0.0
        self.dry_run = True
        self.build = {"version": __version__, "hotloop": "", "execution": ""}
        self.executor: Measured | None = None
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(self)
        ProcessCollector(registry=self.registry)
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
        yield from families(self)
        moment = self.executor.moment() if self.executor is not None else None
        if moment is not None:
            yield from executor_families(moment)
