"""Runs one contestant or one measurement in a process of its own and prints what came of it.

`python -S -I harness.py JOB`: JOB is a JSON object (see `tests.bench.jobs`), the answer is the last
line of the standard output, JSON too. `-S -I` and the folders of the job are all there is to import
from, so that no package of the machine can stand in for one that is missing.

A contestant is a file with `start(lines, path, options)`, which gives an object that has not seen
a line yet, with
- `whole()`: every line once, as its users would write that loop;
- `counts()`: what came out of it, `{"books": …, …}`, asked for outside the clock;
- `each(samples)`, where it can be told what a single message cost: the same loop with a timer pair
  around each message. It is a pass of its own, so that timers cost the other one nothing.

A measurement is a file with `measure(lines, options)`.

Only the standard library is used here, and nothing of the suite.
"""

import importlib.metadata
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

Counts = dict[str, int]

PERCENTILES = {"p50": 0.50, "p99": 0.99, "p999": 0.999}


def percentile(ordered: list[int], share: float) -> int:
    """Nearest rank: the smallest sample that at least `share` of all do not exceed."""
    rank = -(-len(ordered) * share // 1)
    return ordered[max(int(rank), 1) - 1]


def distribution(samples: list[int]) -> dict[str, int]:
    ordered = sorted(samples)
    answer = {name: percentile(ordered, share) for name, share in PERCENTILES.items()}
    mean = sum(ordered) // len(ordered)
    return {**answer, "max": ordered[-1], "mean": mean, "samples": len(ordered)}


def timer_pair_ns(pairs: int = 100_000) -> float:
    """What two readings of the clock cost with nothing between them; nobody subtracts it."""
    clock = time.perf_counter_ns
    samples = []
    for _ in range(pairs):
        begun = clock()
        samples.append(clock() - begun)
    return sum(samples) / pairs


def load(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("contestant", path)
    assert spec is not None and spec.loader is not None, path
    module = importlib.util.module_from_spec(spec)
    sys.modules["contestant"] = module
    spec.loader.exec_module(module)
    return module


def library(job: dict[str, Any]) -> dict[str, str]:
    """Version and folder of what is measured; an error when it is not just what was asked for."""
    name, pinned, sites = job["distribution"], job["version"], job["sites"]
    module = importlib.import_module(job["imports"])
    file = module.__file__ or ""
    if not any(Path(file).is_relative_to(site) for site in sites):
        sys.exit(f"{job['imports']} comes from {file}, not from its own environment")
    if name is None:
        return {"version": pinned, "file": file}
    version = importlib.metadata.version(name)
    if version != pinned:
        sys.exit(f"{name} is {version}, its lock says {pinned}")
    return {"version": version, "file": file}


def throughput(fresh: Callable[[], Any], seconds: float) -> tuple[dict[str, int], Counts]:
    """Whole passes, each by a fresh object, until `seconds` are measured; at least one.

    No longer than ten times that, whatever the work around the passes costs.
    """
    passes_ns: list[int] = []
    wall_ns = cpu_ns = 0
    counts: Counts = {}
    until = time.perf_counter() + 10 * seconds
    while not passes_ns or (wall_ns < seconds * 1e9 and time.perf_counter() < until):
        run = fresh()
        cpu, begun = time.process_time_ns(), time.perf_counter_ns()
        run.whole()
        passes_ns.append(time.perf_counter_ns() - begun)
        wall_ns += passes_ns[-1]
        cpu_ns += time.process_time_ns() - cpu
        came = run.counts()
        if counts and came != counts:
            sys.exit(f"pass {len(passes_ns)} gave {came}, the one before {counts}")
        counts = came
        if not any(counts.values()):
            break
    answer = {"passes": len(passes_ns), "wall_ns": wall_ns, "best_ns": min(passes_ns)}
    return {**answer, "cpu_ns": cpu_ns}, counts


def single(fresh: Callable[[], Any], seconds: float) -> dict[str, int] | None:
    """The spread of single messages, over as many whole passes as `seconds` hold."""
    samples: list[int] = []
    until = time.perf_counter() + seconds
    while not samples or time.perf_counter() < until:
        run = fresh()
        if not hasattr(run, "each"):
            return None
        before = len(samples)
        run.each(samples)
        if len(samples) == before:
            return None
    return distribution(samples)


def race(module: ModuleType, job: dict[str, Any], lines: list[bytes]) -> dict[str, Any]:
    options, seconds = job["options"], job["seconds"]
    module.start(lines[: job["warm_lines"]], job["warm_path"], options).whole()

    def fresh() -> Any:
        return module.start(lines, job["path"], options)

    whole, counts = throughput(fresh, seconds)
    return {"whole": whole, "counts": counts, "each": single(fresh, seconds)}


def main(argument: str) -> int:
    job = json.loads(argument)
    sys.path[:0] = job["sites"]
    module = load(job["worker"])
    answer: dict[str, Any] = library(job)
    lines = Path(job["path"]).read_bytes().splitlines()
    if hasattr(module, "measure"):
        answer["measured"] = module.measure(lines, job["options"])
    else:
        try:
            answer.update(race(module, job, lines))
        except Exception as error:
            # What a library says to a file is its result; the suite decides whether it may be.
            answer["refused"] = f"{type(error).__name__}: {error}"
    answer["timer_pair_ns"] = timer_pair_ns()
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
