"""Whether memory has grown: what the samples of a long run say.

The first part of a run is warming up: buffers reach their sizes, the interpreter its own. After it
a run that repeats itself needs no more. What is there at one moment wavers with what is held then,
so that the judgement is on many samples: the line fitted to them, and the medians of either end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

WARM_UP: Final = 0.2
"""Part of the samples that is not judged."""
GROWTH_BYTES_MAX: Final = 512 << 10
"""In a million messages a leak of one byte a message goes beyond it."""
SAMPLES_MIN: Final = 20


@dataclass(frozen=True)
class Growth:
    """Growth over the judged part of a run, bytes."""

    fitted: float
    """By the line fitted to the samples."""
    medians: float
    """From the median of its first quarter to the median of its last."""

    @property
    def is_leak(self) -> bool:
        """Beyond the bound by both: a late peak that bends the line is not a leak."""
        return min(self.fitted, self.medians) > GROWTH_BYTES_MAX


def growth(samples: Sequence[int]) -> Growth:
    """Of resident bytes sampled at even distances; `ValueError` for too few to judge."""
    if len(samples) < SAMPLES_MIN:
        raise ValueError(f"{len(samples)} samples tell nothing, {SAMPLES_MIN} are needed")
    judged = samples[int(len(samples) * WARM_UP) :]
    quarter = len(judged) // 4
    medians = median(judged[-quarter:]) - median(judged[:quarter])
    return Growth(_slope(judged) * (len(judged) - 1), medians)


def _slope(values: Sequence[int]) -> float:
    """Least squares, bytes a sample."""
    middle = (len(values) - 1) / 2
    mean = sum(values) / len(values)
    spread = sum((i - middle) ** 2 for i in range(len(values)))
    return sum((i - middle) * (value - mean) for i, value in enumerate(values)) / spread
