"""The one error of the signals seam, the same class for either backend.

`HotloopError` is the Rust extension's class where that is importable, so that one `except` clause
catches both backends; without it an equal class of this module. Attributes: `message`,
`market_id`, `field` (path of the bad value, key or argument), `offset` (byte in the line), and
`line` (index in the batch, only from `apply_batch`), `resubscribe` (changes may have been lost with
a refused line: the markets to be imaged again are `stale_markets()`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:

    class HotloopError(ValueError):
        """A refused line, configuration or argument; nothing was changed by it."""

        message: str
        market_id: str | None
        field: str | None
        offset: int | None
        line: int | None
        resubscribe: bool

else:
    try:
        from hotloop import HotloopError
    except ModuleNotFoundError as error:
        if error.name != "hotloop":
            raise

        class HotloopError(ValueError):
            """A refused line, configuration or argument; nothing was changed by it."""

            message = ""
            market_id = None
            field = None
            offset = None
            line = None
            resubscribe = False


def hotloop_error(
    message: str,
    *,
    market_id: str | None = None,
    field: str | None = None,
    offset: int | None = None,
    line: int | None = None,
    resubscribe: bool = False,
) -> HotloopError:
    """A `HotloopError` with all its attributes, whichever class it is."""
    error = HotloopError(message)
    error.message = message
    error.market_id = market_id
    error.field = field
    error.offset = offset
    error.line = line
    error.resubscribe = resubscribe
    return error


def is_panic(error: BaseException) -> bool:
    """Whether the Rust side stopped half-way. Its `PanicException` is, on purpose, no `Exception`,
    and pyo3 gives no way to import it."""
    return type(error).__name__ == "PanicException"
