"""The codes of refused intents as values of a label: a closed set, whatever a venue says."""

from __future__ import annotations

from typing import Final

from trader.betfair.error_codes import CLASS_OF

OTHER: Final = "OTHER"
"""A code that is none of these; the report and the blotter have it as it was said."""

_OWN: Final = """
    EXECUTOR_LOST EXECUTOR_UNHEALTHY SEND_QUEUE_FULL
    KILLED REPORTS_UNACKED VENUE_HALT VENUE_NOT_READY FUNDS_MISMATCH
    TTL_PREVENTED TTL_EXPIRED FOK_KILLED IN_DOUBT NOT_PLACED RESTARTED TIMEOUT
    MARKET_NOT_OPEN MARKET_CLOSED INVALID_MARKET_VERSION RUNNER_REMOVED
    INVALID_ODDS INVALID_BET_SIZE INVALID_PROFIT_RATIO SELF_MATCH
    MAX_OPEN_ORDERS MAX_MARKET_EXPOSURE MAX_EXPOSURE
    TARGET_GONE TARGET_MISMATCH REPLACE_CHANGES_SIZE NO_ACTION_REQUIRED
    SIZE_REDUCTION_TOO_LARGE UNSUPPORTED_SIZE_REDUCTION
"""
OWN_CODES: Final = frozenset(_OWN.split())
"""What the router and the executors say themselves."""

_KNOWN: Final = OWN_CODES | CLASS_OF.keys()


def label_of(code: str) -> str:
    """The code itself where it is known, else `OTHER`."""
    return code if code in _KNOWN else OTHER
