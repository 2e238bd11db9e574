"""Places in the stream (`clk`, `initialClk`): opaque to clients, a venue's sequence number to us.

`initialClk` names what was subscribed to, so that a place is taken up again only for the same;
`clk` is the number of the last change that was sent.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Hashable


def place_of(seq: int) -> str:
    """The `clk` of a sequence number."""
    return base64.b64encode(seq.to_bytes(6, "big")).decode()


def read_place(clk: str) -> int | None:
    """The sequence number of a `clk`; None for one that we did not give."""
    try:
        raw = base64.b64decode(clk, validate=True)
    except ValueError:
        return None
    return int.from_bytes(raw, "big") if len(raw) == 6 else None


def subscription_place(*criteria: Hashable) -> str:
    """The `initialClk` of what was subscribed to."""
    shown = repr([sorted(part) if isinstance(part, frozenset) else part for part in criteria])
    return base64.b64encode(hashlib.sha256(shown.encode()).digest()[:15]).decode()
