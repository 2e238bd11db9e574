"""One run: files unpacked, environments made, rounds in turn, then what is ours alone."""

import os
import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.contestants import CONTESTANTS, MEASUREMENTS, Contestant
from tests.bench.environments import Environment, Environments, Say
from tests.bench.jobs import Answer, Job, measure
from tests.bench.recordings import Recording, prepare
from tests.bench.results import FileResults, Results, file_results, mean_ns


@dataclass(frozen=True)
class Plan:
    files: Sequence[Path]
    names: Sequence[str]
    rounds: int
    seconds: float
    """What a round of a quick contestant measures at least."""
    cache: Path
    wheel: Path | None
    command: str

    @property
    def contestants(self) -> list[Contestant]:
        return [entry for entry in CONTESTANTS if entry.name in self.names]


def run_suite(plan: Plan, work: Path, say: Say) -> Results:
    """Raises BenchError; everything that can fail early is tried before the first measurement."""
    head = machine()
    recordings = []
    for number, path in enumerate(plan.files):
        folder = work / str(number)
        folder.mkdir()
        recordings.append(prepare(path, folder))
    environments = Environments(plan.cache, work / "environments", plan.wheel, say)
    made = {entry.name: environments.of(entry) for entry in plan.contestants}
    alone = [entry for entry in MEASUREMENTS if entry.name in plan.names]
    ours = environments.hotloop() if alone else None

    files = [_race(plan, recording, made, say) for recording in recordings]
    measured: dict[str, Answer] = {}
    for entry in alone:
        say(f"{entry.name}: {entry.what}")
        assert ours is not None
        measured[entry.name] = measure(entry, ours, recordings[0])
    head |= {
        "load average after": _load(),
        "rounds": plan.rounds,
        "timer pair": _timer_pair(files),
        "wheel": plan.wheel.name if plan.wheel else "none",
        "command": f"`{plan.command}`",
    }
    return Results(head, files, measured)


def _race(plan: Plan, recording: Recording, made: dict[str, Environment], say: Say) -> FileResults:
    answers: dict[str, list[Answer]] = {entry.name: [] for entry in plan.contestants}
    for number in range(1, plan.rounds + 1):
        for entry in plan.contestants:
            answer = Job(entry, made[entry.name], recording, plan.seconds).run()
            answers[entry.name].append(answer)
            mean = mean_ns(entry, answer, recording)
            told = "nothing to time" if mean is None else f"{mean / 1e3:,.2f} µs a {entry.unit}"
            say(f"{recording.name}, round {number} of {plan.rounds}: {entry.name} {told}")
    return file_results(recording, plan.contestants, answers)


def machine() -> dict[str, Any]:
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "CPU": f"{_cpu_model()}, {len(os.sched_getaffinity(0))} in use",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "load average before": _load(),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _load() -> str:
    """Above 0 before means that others are at work: times are then theirs too."""
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def _timer_pair(files: Sequence[FileResults]) -> str:
    pairs = [
        answer["timer_pair_ns"]
        for file in files
        for rounds in file.answers.values()
        for answer in rounds
    ]
    return f"{statistics.median(pairs):.0f} ns" if pairs else "not measured"
