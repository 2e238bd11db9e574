"""The executor: its connection with the trader, the venue, its journal."""

from __future__ import annotations

from typing import Final

from tools.dashboards.model import Board, Panel, Query, Row
from tools.dashboards.queries import DESK, most, percentiles, rate

_LINK: Final = (
    Panel(
        title="Healthy",
        description="Whether the trader has a healthy executor, over time.",
        kind="state-timeline",
        queries=(Query(most("hotloop_executor_up")),),
        unit="none",
        words={"0": "unhealthy", "1": "healthy"},
        limit=1.0,
        is_bad="below",
        alerts=("ExecutorUnhealthy", "ExecutorDown"),
    ),
    Panel(
        title="Heartbeats",
        description="Sent by the sidecar and heard by the trader, a second.",
        queries=(
            Query(rate("hotloop_executor_heartbeats_total"), "{{desk}} heard"),
            Query(rate("hotloop_executor_heartbeats_sent_total"), "{{desk}} sent"),
        ),
        unit="ops",
        alerts=("HeartbeatsMissed",),
    ),
    Panel(
        title="Heartbeats missed",
        description="Silences beyond heartbeat_timeout_s, and times the sidecar gave its trader "
        "up, within ten minutes.",
        queries=(
            Query(
                "sum by (desk) "
                f"(increase(hotloop_executor_heartbeats_missed_total{{{DESK}}}[10m]))",
                "{{desk}} of the executor",
            ),
            Query(
                f"sum by (desk) (increase(hotloop_executor_trader_lost_total{{{DESK}}}[10m]))",
                "{{desk}} of the trader",
            ),
        ),
        alerts=("HeartbeatsMissed", "TraderSilent"),
        limit=1.0,
    ),
    Panel(
        title="Reconnects",
        description="Connections made anew, take-overs, and reports sent again, a second.",
        queries=(
            Query(rate("hotloop_transport_reconnects_total"), "{{desk}} reconnects"),
            Query(rate("hotloop_executor_connections_total"), "{{desk}} connections accepted"),
            Query(rate("hotloop_executor_takeovers_total"), "{{desk}} take-overs"),
            Query(rate("hotloop_executor_reports_resent_total"), "{{desk}} reports sent again"),
        ),
        unit="ops",
        alerts=("HeartbeatsMissed",),
    ),
    Panel(
        title="Restarts and switches",
        description="Times an executor that had died was started again, and times new orders "
        "were sent to the other one, within 15 minutes.",
        queries=(
            Query(
                f"sum by (desk) (increase(hotloop_executor_restarts_total{{{DESK}}}[15m]))",
                "{{desk}} restarts",
            ),
            Query(
                f"sum by (desk) (increase(hotloop_executor_switches_total{{{DESK}}}[15m]))",
                "{{desk}} switches",
            ),
        ),
        alerts=("ExecutorRestarting", "ExecutorSwitched"),
        limit="executor_restarts_15m",
    ),
    Panel(
        title="Queues",
        description="Messages that the executor has not confirmed, and reports that the trader "
        "has not.",
        queries=(
            Query(most("hotloop_transport_send_queue_depth"), "{{desk}} to the executor"),
            Query(most("hotloop_executor_unacked_reports"), "{{desk}} to the trader"),
        ),
        alerts=("SendQueueGrowing", "ReportsUnconfirmed"),
        limit="send_queue_depth",
    ),
    Panel(
        title="Seen before",
        description="Intents and reports that came a second time and were dropped, a second.",
        queries=(
            Query(rate("hotloop_executor_duplicates_total"), "{{desk}} intents"),
            Query(rate("hotloop_duplicate_reports_total"), "{{desk}} reports"),
        ),
        unit="ops",
        alerts=("IntentDuplicates", "ReportDuplicates"),
    ),
    Panel(
        title="Refused on the wire",
        description="Frames, messages, sessions and peers that were refused, a second.",
        queries=(
            Query(rate("hotloop_executor_frame_errors_total"), "{{desk}} frames"),
            Query(rate("hotloop_executor_message_errors_total"), "{{desk}} messages"),
            Query(rate("hotloop_executor_hello_rejects_total"), "{{desk}} sessions"),
            Query(rate("hotloop_executor_foreign_peers_total"), "{{desk}} foreign peers"),
            Query(rate("hotloop_executor_connections_refused_total"), "{{desk}} connections"),
            Query(rate("hotloop_executor_slow_peers_total"), "{{desk}} slow peers"),
        ),
        unit="ops",
        alerts=("ForeignPeers",),
    ),
)

_VENUE: Final = (
    Panel(
        title="The venue",
        description="How it is reached, over time.",
        kind="state-timeline",
        queries=(
            Query(
                f"max by (desk, state) (hotloop_executor_venue_state{{{DESK}}}) == 1",
                "{{desk}} {{state}}",
            ),
        ),
        unit="none",
        words={"1": "so"},
        alerts=("VenueNotReady", "OrderStreamLost"),
    ),
    Panel(
        title="Requests",
        description="To the venue, a second, by what they ask for.",
        queries=(
            Query(rate("hotloop_executor_venue_requests_total", "desk, kind"), "{{desk}} {{kind}}"),
        ),
        unit="ops",
        is_stacked=True,
    ),
    Panel(
        title="On their way",
        description="Requests that have not ended, and intents taken and not answered.",
        queries=(
            Query(most("hotloop_executor_requests_in_flight"), "{{desk}} requests"),
            Query(most("hotloop_executor_queue_depth"), "{{desk}} intents"),
        ),
    ),
    Panel(
        title="Pacing trips",
        description="Times orders were held back because the instructions of the second or of "
        "the hour were used up, within ten minutes.",
        queries=(
            Query(f"sum by (desk) (increase(hotloop_executor_pacing_trips_total{{{DESK}}}[10m]))"),
        ),
        alerts=("PacingTrips",),
        limit="pacing_trips_10m",
    ),
    Panel(
        title="TTL prevents",
        description="Share of intents that were past their time before they could be sent, over "
        "ten minutes.",
        queries=(Query(f"hotloop:ttl_prevent_share:ratio10m{{{DESK}}}"),),
        unit="percentunit",
        alerts=("TtlPreventsRising",),
        limit="ttl_prevent_share",
    ),
    Panel(
        title="Orders in doubt",
        description="Of which nobody knew whether the venue had acted, and those that turned out "
        "not to be there, within 15 minutes.",
        queries=(
            Query(
                f"sum by (desk) (increase(hotloop_executor_orders_in_doubt_total{{{DESK}}}[15m]))",
                "{{desk}} in doubt",
            ),
            Query(
                "sum by (desk) "
                f"(increase(hotloop_executor_orders_not_placed_total{{{DESK}}}[15m]))",
                "{{desk}} not there",
            ),
        ),
        alerts=("OrdersInDoubt",),
        limit="doubts_15m",
    ),
    Panel(
        title="Bets that no order has",
        description="Of orders that had ended, and of nobody that we know, since the executor "
        "began.",
        queries=(
            Query(most("hotloop_executor_stray_bets_total"), "{{desk}} stray"),
            Query(most("hotloop_executor_unknown_bets_total"), "{{desk}} unknown"),
        ),
        alerts=("StrayBets", "UnknownBets"),
    ),
    Panel(
        title="Age of the last look at the funds",
        description="The tripwire sees as far as this.",
        queries=(
            Query(
                "time() - max by (desk) "
                f"(hotloop_executor_funds_last_look_timestamp_seconds{{{DESK}}} > 0)"
            ),
        ),
        unit="s",
        alerts=("FundsNotLookedAt",),
        limit="funds_look_age_seconds",
    ),
)

_JOURNAL: Final = (
    Panel(
        title="Journal: time of a sync",
        description="How long making it durable takes.",
        queries=percentiles("executor_journal_sync_seconds"),
        unit="s",
        alerts=("JournalSlow",),
        limit="journal_sync_p99_seconds",
    ),
    Panel(
        title="Journal: size",
        description="Bytes; it is shortened when it has grown by journal.rotate_bytes.",
        queries=(Query(most("hotloop_executor_journal_bytes")),),
        unit="bytes",
        alerts=("JournalGrowing",),
        limit="journal_bytes",
    ),
    Panel(
        title="Journal: syncs",
        description="Times it was made durable, and shortened, a second.",
        queries=(
            Query(rate("hotloop_executor_journal_syncs_total"), "{{desk}} syncs"),
            Query(rate("hotloop_executor_journal_shortened_total"), "{{desk}} shortened"),
        ),
        unit="ops",
        alerts=("JournalGrowing",),
    ),
    Panel(
        title="Wall clock set",
        description="Times since the executor began.",
        queries=(Query(most("hotloop_executor_clock_steps_total")),),
        alerts=("ClockSteps",),
    ),
)

EXECUTOR: Final = Board(
    "executor",
    "executor",
    "The executor's end of things, the sidecar's or the Python one's: trader, venue, journal.",
    (Row("With the trader", _LINK), Row("With the venue", _VENUE), Row("On the disk", _JOURNAL)),
)
