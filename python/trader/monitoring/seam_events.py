"""What the seam says of itself (`Hotloop.set_emit`), forwarded to the log and the metrics.

The dicts are those of docs/signals.md, "Diagnostics". What an event is not expected to hold is
passed over: a callback that raised would only be counted by the seam.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any, Final

from trader.monitoring.metrics import Metrics
from trader.monitoring.seam_counts import SEAM_COUNTS

OTHER: Final = "other"
UNREADABLE: Final = "unreadable"
_INDEX: Final = re.compile(r"\[\d+\]")
_PLACE: Final = re.compile(r"[A-Za-z_.]{1,80}")
FIELDS_MAX: Final = 128
"""Values that the label `field` may have; whatever comes beyond is `OTHER`. The seam's paths are
made of the keys it reads, of which there are fewer."""
_KNOWN: Final = frozenset({"error", "counters"})

_log: Final = logging.getLogger("trader.seam")


class SeamEvents:
    """The emit callback of one seam. Counts of a process go on from seam to seam, never back."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._before = dict(metrics.seam_counts)

    def __call__(self, event: Mapping[str, Any]) -> None:
        name = event.get("event")
        known = name if isinstance(name, str) and name in _KNOWN else OTHER
        self._metrics.seam_events_total[known] += 1
        if known == "error":
            self._refusal(family(event.get("field")))
        if known == "counters":
            self.counts(event)
        else:
            # The engine warns of refused lines, with their numbers; this is for looking closer.
            _log.debug("%s", dict(event))

    def _refusal(self, field: str) -> None:
        refusals = self._metrics.seam_refusals_total
        if field not in refusals and len(refusals) >= FIELDS_MAX:
            field = OTHER
        refusals[field] += 1

    def counts(self, stats: Mapping[str, Any]) -> None:
        """Takes the seam's `stats()` into the metrics."""
        for name in SEAM_COUNTS:
            value = stats.get(name)
            if isinstance(value, int):
                self._metrics.seam_counts[name] = self._before.get(name, 0) + value


def family(field: object) -> str:
    """The place of a bad value without its indexes (`mc.rc.atb`): few enough for a label."""
    if field is None:
        return UNREADABLE
    place = _INDEX.sub("", field) if isinstance(field, str) else ""
    return place if _PLACE.fullmatch(place) else OTHER
