"""PromQL that several boards are written with. All of it is of the chosen desks."""

from __future__ import annotations

from typing import Final

from tools.dashboards.model import Query

DESK: Final = 'desk=~"$desk"'
PROCESS: Final = 'desk=~"$desk", instance=~"$instance"'


def rate(metric: str, by: str = "desk", where: str = "") -> str:
    """A counter's rate a second, over as little time as the picture's width allows."""
    chosen = f"{DESK}, {where}" if where else DESK
    return f"sum by ({by}) (rate({metric}{{{chosen}}}[$__rate_interval]))"


def most(metric: str, by: str = "desk") -> str:
    """A gauge of whichever process tells it."""
    return f"max by ({by}) ({metric}{{{DESK}}})"


def percentiles(record: str) -> tuple[Query, ...]:
    """Of a histogram: what the recording rules `RECORD:p50` … keep, over five minutes."""
    return tuple(
        Query(f"hotloop:{record}:p{p}{{{DESK}}}", f"{{{{desk}}}} p{p}") for p in (50, 95, 99)
    )


def buckets(histogram: str) -> tuple[Query, ...]:
    """A histogram for a heatmap."""
    return (Query(rate(f"{histogram}_bucket", "le")),)
