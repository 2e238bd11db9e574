"""What each of the venue's error codes means to whoever sent the order.

The classes are the product's error ladder:

- `reject`: the end of the intent; it is never sent again;
- `transient`: the venue says it did not act; the same request may be sent again;
- `ambiguous`: it may have acted; look before anything else;
- `gone`: the order is no longer there; what became of it is on the order stream;
- `halt`: place nothing more (account, session or market);
- `auth`: log in again, then send the same request again.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

ErrorClass: TypeAlias = Literal["reject", "transient", "ambiguous", "gone", "halt", "auth"]

_CODES: Final[dict[ErrorClass, str]] = {
    "reject": """
        BET_ACTION_ERROR INSUFFICIENT_FUNDS MARKET_SUSPENDED MARKET_NOT_OPEN_FOR_BETTING
        INVALID_ORDER INVALID_MARKET_ID DUPLICATE_BETIDS NO_ACTION_REQUIRED
        REJECTED_BY_REGULATOR NO_CHASING TOO_MANY_INSTRUCTIONS INVALID_MARKET_VERSION
        EVENT_EXPOSURE_LIMIT_EXCEEDED EVENT_MATCHED_EXPOSURE_LIMIT_EXCEEDED EVENT_BLOCKED
        INVALID_PROFIT_RATIO INVALID_BET_SIZE ERROR_IN_ORDER PROCESSED_WITH_ERRORS
        INVALID_RUNNER RUNNER_REMOVED MARKET_NOT_OPEN_FOR_BSP_BETTING INVALID_PRICE_EDIT
        INVALID_ODDS INVALID_PERSISTENCE_TYPE INVALID_BACK_LAY_COMBINATION INVALID_BID_TYPE
        CANCELLED_NOT_PLACED RELATED_ACTION_FAILED INVALID_MIN_FILL_SIZE INVALID_CUSTOMER_ORDER_REF
        TIME_IN_FORCE_CONFLICT UNEXPECTED_PERSISTENCE_TYPE INVALID_ORDER_TYPE
        UNEXPECTED_MIN_FILL_SIZE INVALID_CUSTOMER_STRATEGY_REF
        BET_LAPSED_PRICE_IMPROVEMENT_TOO_LARGE
        TOO_MUCH_DATA INVALID_INPUT_DATA REQUEST_SIZE_EXCEEDS_LIMIT
    """,
    "transient": """
        SERVICE_UNAVAILABLE REGULATOR_IS_NOT_AVAILABLE TOO_MANY_REQUESTS SERVICE_BUSY
    """,
    "ambiguous": """
        ERROR_IN_MATCHER BET_IN_PROGRESS UNEXPECTED_ERROR TIMEOUT_ERROR DUPLICATE_TRANSACTION
    """,
    "gone": "BET_TAKEN_OR_LAPSED INVALID_BET_ID",
    "halt": """
        INVALID_ACCOUNT_STATE INVALID_WALLET_STATUS LOSS_LIMIT_EXCEEDED PERMISSION_DENIED
        NO_APP_KEY INVALID_APP_KEY ACCESS_DENIED
    """,
    "auth": "INVALID_SESSION_INFORMATION NO_SESSION",
}

CLASS_OF: Final[dict[str, ErrorClass]] = {
    code: error_class for error_class, codes in _CODES.items() for code in codes.split()
}
"""Code → class."""


def class_of(code: str) -> ErrorClass:
    """The class of a code; one that the venue adds some day is `ambiguous`: it is looked up."""
    return CLASS_OF.get(code, "ambiguous")
