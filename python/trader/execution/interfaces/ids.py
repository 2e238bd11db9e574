"""Intent identities: 26 characters, sortable by time, usable as Betfair's `customerOrderRef`.

The layout is a ULID's (Crockford base 32): 10 characters of milliseconds, 16 characters of 80 bits
that are random and then rise by one, so that identities made in one millisecond still sort in the
order they were made. A UUID with hyphens has 36 characters and does not fit the venue's 32.
"""

from __future__ import annotations

import random
import re
import secrets
import time
from typing import Final

INTENT_ID_PATTERN: Final = r"^[A-Za-z0-9-]{1,32}\Z"

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Two characters a step instead of one: ids are made on the engine's hot path.
_PAIRS: Final = [a + b for a in _ALPHABET for b in _ALPHABET]
_RANDOM_BITS: Final = 80
_RANDOM_MASK: Final = (1 << _RANDOM_BITS) - 1
_TIME_MS_MAX: Final = (1 << 48) - 1
_is_valid = re.compile(INTENT_ID_PATTERN).match


def is_intent_id(text: str) -> bool:
    """Whether `text` is 1 to 32 characters of `[A-Za-z0-9-]`."""
    return _is_valid(text) is not None


class IdSource:
    """Makes intent identities; one source for one engine (not for use from several threads).

    With `seed=None` the random part comes from the operating system. With an integer seed the
    whole sequence depends only on the seed and on the times given: replays are repeatable.
    """

    def __init__(self, seed: int | None = None) -> None:
        bits = secrets.randbits if seed is None else random.Random(seed).getrandbits
        # Half the range is left free so that counting upwards never overflows in practice.
        self._tail = bits(_RANDOM_BITS - 1)
        self._last_ms = 0

    def new(self, ts_ms: int) -> str:
        """The next identity at the engine's time `ts_ms`; always greater than the one before.

        Raises `ValueError` when `ts_ms` is negative or does not fit 48 bits.
        """
        if not 0 <= ts_ms <= _TIME_MS_MAX:
            raise ValueError(f"ts_ms {ts_ms} is outside 0 … {_TIME_MS_MAX}")
        # A clock that steps back must not break the order of identities.
        self._last_ms = max(self._last_ms, ts_ms)
        self._tail = (self._tail + 1) & _RANDOM_MASK
        value = (self._last_ms << _RANDOM_BITS) | self._tail
        return "".join([_PAIRS[(value >> shift) & 1023] for shift in range(120, -1, -10)])


_process_source = IdSource()


def new_intent_id() -> str:
    """An identity at the wall clock, from a source shared by this process."""
    return _process_source.new(time.time_ns() // 1_000_000)
