"""The venue's dates: UTC with whole seconds, as it writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from trader.simulator.exchange.api.errors import ApiError
from trader.simulator.exchange.api.parameters import TimeRange


def date_of(at_ms: int) -> str:
    """`2026-03-14T15:00:00.000Z`."""
    return _second(at_ms // 1000)


@lru_cache(maxsize=4096)  # what is told of is mostly of a few seconds
def _second(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def range_ms(wanted: TimeRange | None) -> tuple[int, int]:
    """(first, last) millisecond of a range; all of time where it does not say."""
    if wanted is None:
        return 0, 1 << 62
    first = _millis(wanted.start) if wanted.start else 0
    last = _millis(wanted.end) if wanted.end else 1 << 62
    return first, last


def _millis(date: str) -> int:
    try:
        parsed = datetime.fromisoformat(date)
    except ValueError:
        raise ApiError("INVALID_INPUT_DATA", f"{date[:40]!r} is no date") from None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC)
    return int(parsed.timestamp() * 1000)
