"""Python's garbage collector kept out of the way of the loop.

What a session is made of lives as long as the session: looking at all of it again and again takes
milliseconds out of the middle of a decision. It is left out (`gc.freeze`), and what the loop makes
is looked at less often; most of it is freed without the collector anyway.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

YOUNG_MAX: Final = 50_000
"""So many new objects more than freed ones before the collector looks at them."""


@contextmanager
def out_of_the_way() -> Iterator[None]:
    """Enter when the session has been made; everything is as it was afterwards."""
    young, middle, old = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, middle, old)
    try:
        yield
    finally:
        gc.set_threshold(young, middle, old)
        gc.unfreeze()


def clear_away() -> None:
    """Frees the session that is over, whose parts know each other in circles; before the next one
    is made. Some 30 ms, which a single session need not spend."""
    gc.collect()
