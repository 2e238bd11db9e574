"""Market data and the seam: what comes in, how old it is, what was wrong with it."""

from __future__ import annotations

from typing import Final

from tools.dashboards.model import Board, Panel, Query, Row
from tools.dashboards.queries import DESK, most, percentiles, rate

_STREAM: Final = (
    Panel(
        title="Market stream",
        description="Whether the subscription stands, over time.",
        kind="state-timeline",
        queries=(Query(most("hotloop_stream_up")),),
        unit="none",
        words={"0": "down", "1": "up"},
        limit=1.0,
        is_bad="below",
        alerts=("StreamDown",),
    ),
    Panel(
        title="Age of the last line",
        description="Heartbeats are lines, too.",
        queries=(
            Query(f"time() - max by (desk) (hotloop_last_line_timestamp_seconds{{{DESK}}} > 0)"),
        ),
        unit="s",
        alerts=("DataStale",),
        limit="data_age_seconds",
    ),
    Panel(
        title="Lag",
        description="Arrival minus publish time of the last message with changes. Below nought "
        "our clock is behind the venue's.",
        queries=(Query(most("hotloop_stream_lag_seconds")),),
        unit="s",
        alerts=("StreamLagging", "ClockSteps"),
        limit="stream_lag_seconds",
    ),
    Panel(
        title="Reconnects and resubscriptions",
        description="Connections made after the first, and subscriptions asked for because "
        "changes were lost, a second.",
        queries=(
            Query(rate("hotloop_stream_reconnects_total"), "{{desk}} reconnects"),
            Query(rate("hotloop_resubscribes_total"), "{{desk}} resubscriptions"),
        ),
        unit="ops",
        alerts=("StreamReconnecting",),
    ),
    Panel(
        title="Markets",
        description="Asked for, and held in the seam.",
        queries=(
            Query(most("hotloop_subscribed_markets"), "{{desk}} subscribed"),
            Query(most("hotloop_markets"), "{{desk}} held"),
        ),
    ),
    Panel(
        title="Stale markets",
        description="Markets that have lost changes, and are not quoted until an image comes.",
        queries=(Query(most("hotloop_stale_markets")),),
        alerts=("MarketsStale",),
        limit=1.0,
    ),
    Panel(
        title="Waiting for the engine",
        description="Lines read and not taken, news, reports not delivered.",
        queries=(Query(most("hotloop_event_queue_depth")),),
        alerts=("EventQueueGrowing",),
        limit="event_queue_depth",
    ),
)

_SEAM: Final = (
    Panel(
        title="What comes in",
        description="Lines, market changes, runner changes, images and heartbeats, a second.",
        queries=(
            Query(rate("hotloop_messages_total"), "{{desk}} lines"),
            Query(rate("hotloop_market_changes_total"), "{{desk}} market changes"),
            Query(rate("hotloop_runner_changes_total"), "{{desk}} runner changes"),
            Query(rate("hotloop_images_total"), "{{desk}} images"),
            Query(rate("hotloop_stream_heartbeats_total"), "{{desk}} heartbeats"),
        ),
        unit="ops",
    ),
    Panel(
        title="Seam errors",
        description="Lines that the hotloop refused, or failed at, a second.",
        queries=(Query(rate("hotloop_seam_errors_total")),),
        unit="ops",
        alerts=("SeamErrors",),
    ),
    Panel(
        title="Refused, by what was wrong",
        description="Places in a message, a second.",
        queries=(Query(rate("hotloop_seam_refusals_total", "desk, field"), "{{desk}} {{field}}"),),
        unit="ops",
        alerts=("SeamErrors",),
    ),
    Panel(
        title="Mended and let pass",
        description="Markets imaged from the second book, lines and definitions with nothing to "
        "apply, orders without a queue position, a second.",
        queries=(
            Query(rate("hotloop_reseeds_total"), "{{desk}} reseeds"),
            Query(rate("hotloop_lines_ignored_total"), "{{desk}} lines ignored"),
            Query(rate("hotloop_definitions_ignored_total"), "{{desk}} definitions ignored"),
            Query(rate("hotloop_untracked_orders_total"), "{{desk}} untracked orders"),
        ),
        unit="ops",
    ),
    Panel(
        title="Shadow: comparisons",
        description="Answers of the Rust hotloop held against the Python reference, a second.",
        queries=(Query(rate("hotloop_shadow_comparisons_total")),),
        unit="ops",
    ),
    Panel(
        title="Shadow: differences",
        description="Answers that were not the same within an hour, by what was asked for.",
        queries=(
            Query(
                f"sum by (desk, method) (increase(hotloop_shadow_differences_total{{{DESK}}}[1h]))",
                "{{desk}} {{method}}",
            ),
        ),
        alerts=("ShadowDifferences", "ShadowLost"),
    ),
)

_TIMES: Final = (
    Panel(
        title="apply_delta",
        description="One line taken, parsing included.",
        queries=percentiles("apply_delta_seconds"),
        unit="s",
        alerts=("ApplyDeltaSlow",),
        limit="apply_delta_p99_seconds",
        width=12,
    ),
    Panel(
        title="pfill_ttf",
        description="One estimate of fill probability and time to fill.",
        queries=percentiles("pfill_ttf_seconds"),
        unit="s",
        alerts=("FillEstimateSlow",),
        limit="pfill_ttf_p99_seconds",
        width=12,
    ),
)

SIGNALS: Final = Board(
    "signals",
    "signals",
    "The market stream and the seam that reads it.",
    (Row("Stream", _STREAM), Row("Seam", _SEAM), Row("Times", _TIMES)),
)
