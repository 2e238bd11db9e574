"""How the API says no: exceptions of a whole request, and codes of single instructions."""

from __future__ import annotations

from typing import Final

ANGX: Final[dict[str, str]] = {
    "TOO_MUCH_DATA": "ANGX-0001",
    "INVALID_INPUT_DATA": "ANGX-0002",
    "INVALID_SESSION_INFORMATION": "ANGX-0003",
    "NO_APP_KEY": "ANGX-0004",
    "NO_SESSION": "ANGX-0005",
    "UNEXPECTED_ERROR": "ANGX-0006",
    "INVALID_APP_KEY": "ANGX-0007",
    "TOO_MANY_REQUESTS": "ANGX-0008",
    "SERVICE_BUSY": "ANGX-0009",
    "TIMEOUT_ERROR": "ANGX-0010",
    "REQUEST_SIZE_EXCEEDS_LIMIT": "ANGX-0011",
    "ACCESS_DENIED": "ANGX-0012",
}
"""The venue's fault strings of its exception codes."""


class ApiError(Exception):
    """An APINGException: the whole request is refused with a code of the reference."""

    def __init__(self, code: str, details: str = "") -> None:
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details


class RpcError(Exception):
    """A fault of the call itself: unknown method, missing or bad parameter."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number
        self.message = message


PARSE_ERROR: Final = -32700
METHOD_NOT_FOUND: Final = -32601
BAD_PARAMETERS: Final = -32602
APING: Final = -32099
"""Wraps an APINGException."""

BAD_JSON: Final = "DSC-0008"
BAD_TYPE: Final = "DSC-0009"
"""A parameter of the wrong type, or that is none of the values of its enumeration."""
MISSING: Final = "DSC-0018"
"""A mandatory parameter is not there."""
NO_SUCH_OPERATION: Final = "DSC-0021"


class ReportError(Exception):
    """An execution report with status FAILURE: nothing of the request was done."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
