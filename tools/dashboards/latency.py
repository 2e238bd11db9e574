"""How long things take: each histogram as a heatmap, and its percentiles beside it."""

from __future__ import annotations

from typing import Final

from tools.dashboards.model import Board, Panel, Row
from tools.dashboards.queries import buckets, percentiles


def _times(title: str, text: str, histogram: str, alert: str, limit: str) -> Row:
    """A histogram `hotloop_NAME`, whose percentiles the rules keep as `hotloop:NAME:p…`."""
    record = histogram.removeprefix("hotloop_")
    heatmap = Panel(
        title=title,
        description=f"{text} The darker, the more of them.",
        kind="heatmap",
        queries=buckets(histogram),
        unit="s",
        alerts=(alert,),
        width=14,
        height=9,
    )
    percentile = Panel(
        title=f"{title}: percentiles",
        description=f"{text} Over five minutes.",
        queries=percentiles(record),
        unit="s",
        alerts=(alert,),
        limit=limit,
        width=10,
        height=9,
    )
    return Row(title, (heatmap, percentile))


LATENCY: Final = Board(
    "latency",
    "latency",
    "Times of everything between a line of the stream and the venue's word on an order.",
    (
        _times(
            "Intent to first word",
            "Wall time from an intent's sending to the first word on it beside that it was "
            "taken up; in play the bet delay is part of it.",
            "hotloop_intent_ack_seconds",
            "IntentAckSlow",
            "intent_ack_p99_seconds",
        ),
        _times(
            "In the executor",
            "The part of the time before that is the executor's and the venue's.",
            "hotloop_executor_intent_ack_seconds",
            "IntentAckSlow",
            "intent_ack_p99_seconds",
        ),
        _times(
            "Line to intents",
            "From a stream line to the intents it led to.",
            "hotloop_decision_seconds",
            "DecisionSlow",
            "decision_p99_seconds",
        ),
        _times(
            "apply_delta",
            "One line taken, parsing included.",
            "hotloop_apply_delta_seconds",
            "ApplyDeltaSlow",
            "apply_delta_p99_seconds",
        ),
        _times(
            "pfill_ttf",
            "One estimate of fill probability and time to fill.",
            "hotloop_pfill_ttf_seconds",
            "FillEstimateSlow",
            "pfill_ttf_p99_seconds",
        ),
        _times(
            "Journal sync",
            "Making the journal durable.",
            "hotloop_executor_journal_sync_seconds",
            "JournalSlow",
            "journal_sync_p99_seconds",
        ),
    ),
)
