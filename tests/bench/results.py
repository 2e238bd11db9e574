"""From answers of single rounds to what is reported: medians over rounds, ratios within them.

A ratio is made of two times of the same round, minutes or seconds apart, and only then is the
median taken: what the machine does to all of them in one round takes no side.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.bench.contestants import Contestant
from tests.bench.jobs import Answer
from tests.bench.recordings import Recording

PERCENTILES: Final = ("p50", "p99", "p999")

STOLEN: Final = 0.10
"""From this share of the clock without a CPU on, a note says so."""


@dataclass(frozen=True)
class Spread:
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        ordered = sorted(values)
        return cls(statistics.median(ordered), ordered[0], ordered[-1])


@dataclass(frozen=True)
class Row:
    """One contestant on one file, over all rounds."""

    contestant: Contestant
    version: str
    mean_ns: Spread | None
    """Of a line or call; None where nothing came out."""
    best_ns: float | None
    """The mean of the quickest pass of all: how it is when nothing else runs."""
    percentiles_ns: Mapping[str, float] | None
    """Medians over rounds, timer pairs included; None where single messages cannot be told."""
    ratio: Spread | None
    """Its time over that of its race's ours in the same round."""
    best_ratio: float | None
    """Its best pass over our best one."""
    counts: Mapping[str, int]
    notes: tuple[str, ...]

    @property
    def per_second(self) -> float | None:
        return None if self.mean_ns is None else 1e9 / self.mean_ns.median


@dataclass(frozen=True)
class FileResults:
    recording: Recording
    rows: Mapping[str, Row]
    answers: Mapping[str, Sequence[Answer]]
    """As the workers gave them, round by round."""


@dataclass(frozen=True)
class Results:
    head: Mapping[str, Any]
    files: Sequence[FileResults]
    measured: Mapping[str, Answer]
    """Answers of the measurements, by name."""

    def row(self, file: str, contestant: str) -> Row | None:
        """None where it was not run."""
        for results in self.files:
            if results.recording.name == file:
                return results.rows.get(contestant)
        return None


def mean_ns(contestant: Contestant, answer: Answer, recording: Recording) -> float | None:
    """Of one line or call in one round; None where nothing came out."""
    if answer["silent"]:
        return None
    whole = answer["whole"]
    return float(whole["wall_ns"] / (whole["passes"] * _done(contestant, answer, recording)))


def _done(contestant: Contestant, answer: Answer, recording: Recording) -> int:
    """Lines or calls of one pass."""
    calls = contestant.unit == "call"
    return int(answer["counts"]["calls"] if calls else recording.expected["lines"])


def _best_ns(
    contestant: Contestant, answers: Sequence[Answer], recording: Recording
) -> float | None:
    passes = [
        answer["whole"]["best_ns"] / _done(contestant, answer, recording)
        for answer in answers
        if not answer["silent"]
    ]
    return min(passes, default=None)


def file_results(
    recording: Recording,
    contestants: Sequence[Contestant],
    answers: Mapping[str, Sequence[Answer]],
) -> FileResults:
    means = {
        entry.name: [mean_ns(entry, answer, recording) for answer in answers[entry.name]]
        for entry in contestants
    }
    bests = {entry.name: _best_ns(entry, answers[entry.name], recording) for entry in contestants}
    rows = {
        entry.name: _row(
            entry, answers[entry.name], (means[entry.name], means.get(entry.race.ours, [])), bests
        )
        for entry in contestants
    }
    return FileResults(recording, rows, answers)


def _row(
    contestant: Contestant,
    answers: Sequence[Answer],
    means: tuple[Sequence[float | None], Sequence[float | None]],
    bests: Mapping[str, float | None],
) -> Row:
    """`means` are its own and those of its race's ours, round by round."""
    own, ours = means
    timed = [mean for mean in own if mean is not None]
    comparable = contestant.unit == "line"
    ratios = [
        mean / base
        for mean, base in zip(own, ours, strict=False)
        if mean is not None and base is not None and comparable
    ]
    best, our_best = bests[contestant.name], bests.get(contestant.race.ours)
    notes = [note for answer in answers for note in answer["notes"]]
    notes += _stolen(answers)
    return Row(
        contestant,
        answers[0]["version"],
        Spread.of(timed) if timed else None,
        best,
        _percentiles(answers),
        Spread.of(ratios) if ratios else None,
        best / our_best if best and our_best and comparable else None,
        answers[0].get("counts", {}),
        tuple(dict.fromkeys(notes)),
    )


def _percentiles(answers: Sequence[Answer]) -> dict[str, float] | None:
    each = [answer["each"] for answer in answers if not answer["silent"]]
    if not each or None in each:
        return None
    return {name: statistics.median(single[name] for single in each) for name in PERCENTILES}


def _stolen(answers: Sequence[Answer]) -> list[str]:
    shares = [
        1 - answer["whole"]["cpu_ns"] / answer["whole"]["wall_ns"]
        for answer in answers
        if not answer["silent"]
    ]
    worst = max(shares, default=0.0)
    return [f"without a CPU for up to {worst:.0%} of its time"] if worst >= STOLEN else []
