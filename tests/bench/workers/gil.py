"""What a second Python thread keeps of its speed while the first one applies lines.

And what that second thread costs the first: the time of its calls, and how late they end, alone and
beside a thread that never rests.
"""

import hashlib
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hotloop import Hotloop

Figures = dict[str, float]
Condition = Callable[[list[bytes], float], Figures]


class Counter(threading.Thread):
    """Counts in a tight loop until it is told to stop."""

    CHUNK = 1_000

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.chunks = 0
        self.running = True

    def run(self) -> None:
        while self.running:
            for _ in range(self.CHUNK):
                pass
            self.chunks += 1


@contextmanager
def counting(rates: list[float]) -> Iterator[None]:
    """A counter runs meanwhile; its chunks a second are added to `rates`."""
    counter = Counter()
    counter.start()
    begun, chunks = time.perf_counter(), counter.chunks
    yield
    rates.append((counter.chunks - chunks) / (time.perf_counter() - begun))
    counter.running = False
    counter.join()


def nearest(ordered: list[int], share: float) -> int:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def figures(samples: list[int], seconds: float, late: list[int] | None = None) -> Figures:
    ordered = sorted(samples)
    answer = {"calls_per_s": len(samples) / seconds}
    answer |= {"p50": nearest(ordered, 0.5), "p99": nearest(ordered, 0.99)}
    if late:
        late.sort()
        answer |= {"late_p50": nearest(late, 0.5), "late_p99": nearest(late, 0.99)}
    return answer


def without_lock(_lines: list[bytes], seconds: float) -> Figures:
    """Hashing of a big buffer, which gives the lock up: what the machine leaves to two threads."""
    buffer = bytes(16 << 20)
    samples: list[int] = []
    begun = time.perf_counter()
    while time.perf_counter() < begun + seconds:
        called = time.perf_counter_ns()
        hashlib.sha256(buffer)
        samples.append(time.perf_counter_ns() - called)
    return figures(samples, time.perf_counter() - begun)


def endless(method: str, work: list[Any], seconds: float) -> Figures:
    """`method` of a new Hotloop with each piece of the work in turn, and all of it again."""
    samples: list[int] = []
    begun = time.perf_counter()
    while time.perf_counter() < begun + seconds:
        call = getattr(Hotloop(), method)
        for piece in work:
            called = time.perf_counter_ns()
            call(piece, 0)
            samples.append(time.perf_counter_ns() - called)
    return figures(samples, time.perf_counter() - begun)


def batches(size: int | None) -> Condition:
    """`apply_batch` of so many lines (None: all), one after the other."""

    def run(lines: list[bytes], seconds: float) -> Figures:
        step = size or len(lines)
        work = [lines[at : at + step] for at in range(0, len(lines), step)]
        return endless("apply_batch", work, seconds)

    return run


def tight(lines: list[bytes], seconds: float) -> Figures:
    """`apply_delta` line after line."""
    return endless("apply_delta", lines, seconds)


def paced(per_second: int) -> Condition:
    """`apply_delta` of one line whenever it is due, as a stream brings them."""

    def run(lines: list[bytes], seconds: float) -> Figures:
        samples: list[int] = []
        late: list[int] = []
        book = Hotloop()
        begun_ns, gap_ns = time.perf_counter_ns(), 1_000_000_000 // per_second
        for number in range(int(seconds * per_second)):
            due = begun_ns + number * gap_ns
            wait_ns = due - time.perf_counter_ns()
            if wait_ns > 0:
                time.sleep(wait_ns / 1e9)
            called = time.perf_counter_ns()
            book.apply_delta(lines[number % len(lines)], 0)
            ended = time.perf_counter_ns()
            samples.append(ended - called)
            late.append(ended - due)
        return figures(samples, (time.perf_counter_ns() - begun_ns) / 1e9, late)

    return run


def medians(rounds: list[Figures]) -> Figures:
    return {name: statistics.median(entry[name] for entry in rounds) for name in rounds[0]}


def measure(lines: list[bytes], options: dict[str, Any]) -> dict[str, Any]:
    seconds, pace = options["seconds"], options["paced_per_s"]
    conditions: dict[str, Condition] = {
        "no lock needed (sha256)": without_lock,
        "apply_batch, whole file": batches(None),
        "apply_batch, 100 lines": batches(100),
        "apply_delta, tight loop": tight,
        f"apply_delta, {pace:,} a second": paced(pace),
    }
    shares: dict[str, list[float]] = {name: [] for name in conditions}
    alone: dict[str, list[Figures]] = {name: [] for name in conditions}
    beside: dict[str, list[Figures]] = {name: [] for name in conditions}
    for _ in range(options["repeats"]):
        for name, run in conditions.items():
            alone[name].append(run(lines, seconds))
            # Just before and after: the machine's speed is another one seconds later.
            rates: list[float] = []
            with counting(rates):
                time.sleep(seconds / 2)
            with counting(rates):
                beside[name].append(run(lines, seconds))
            with counting(rates):
                time.sleep(seconds / 2)
            resting = statistics.mean((rates[0], rates[2]))
            shares[name].append(rates[1] / resting if resting else 0.0)
    return {
        "switch_interval_ms": sys.getswitchinterval() * 1e3,
        "conditions": {
            name: {
                "other_share": statistics.median(shares[name]),
                "alone": medians(alone[name]),
                "beside": medians(beside[name]),
            }
            for name in conditions
        },
    }
