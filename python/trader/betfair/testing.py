"""Made messages and the books they build, for the tests of this folder and of the signals seam."""

from __future__ import annotations

from typing import Any

import pytest

from trader.betfair.book_builder import BookBuilder
from trader.betfair.books import RunnerBook
from trader.betfair.normalize import MessageError
from trader.betfair.signals.runner import RunnerSignals
from trader.betfair.signals.settings import SignalSettings

M = "1.1"


def mcm(*changes: object, pt: Any = 1_000, **fields: Any) -> dict[str, Any]:
    """A market change message of these `mc` entries."""
    return {"op": "mcm", "pt": pt, "mc": list(changes), **fields}


def rc(selection_id: Any = 7, **arrays: Any) -> dict[str, Any]:
    """An `rc` entry."""
    return {"id": selection_id, **arrays}


def change(*entries: dict[str, Any], market_id: str = M, **fields: Any) -> dict[str, Any]:
    """An `mc` entry of these `rc` entries."""
    return {"id": market_id, "rc": list(entries), **fields}


def definition(status: str = "OPEN", *selection_ids: int, **fields: Any) -> dict[str, Any]:
    """A market definition with these runners, all active."""
    runners = [{"id": i, "status": "ACTIVE"} for i in selection_ids]
    return {"status": status, "runners": runners, **fields}


def built(*messages: dict[str, Any], **limits: Any) -> BookBuilder:
    """Books of these messages, with signals by the default settings unless told otherwise."""
    limits.setdefault("signal_settings", SignalSettings())
    builder = BookBuilder(**limits)
    for message in messages:
        builder.apply_delta(message)
    return builder


def refused(builder: BookBuilder, message: dict[str, Any], size_bytes: int = 0) -> MessageError:
    """The error with which the builder refuses the message."""
    with pytest.raises(MessageError) as caught:
        builder.apply_delta(message, size_bytes=size_bytes)
    return caught.value


def book(builder: BookBuilder, selection_id: int = 7) -> RunnerBook:
    """The runner's book, which is known."""
    found = builder.runner(M, selection_id)
    assert found is not None
    return found


def signals(builder: BookBuilder, selection_id: int = 7) -> RunnerSignals:
    """The runner's signals, of which there are some."""
    market = builder.market(M)
    assert market is not None and market.signals is not None
    return market.signals.runners[selection_id, 0]
