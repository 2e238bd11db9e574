"""One run: files unpacked, environments made, race by race in rounds, then what is ours alone."""

import os
import platform
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.contestants import CONTESTANTS, MEASUREMENTS, RACES, Contestant, Measurement
from tests.bench.environments import Environment, Environments, Say
from tests.bench.errors import WrongAnswerError
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
    alone = [entry for entry in MEASUREMENTS if entry.name in plan.names]
    everyone = [*plan.contestants, *(entry.contestant for entry in alone)]
    made = {entry.name: environments.of(entry) for entry in everyone}

    files = [_compare(plan, recording, made, say) for recording in recordings]
    measured = {entry.name: _alone(entry, made[entry.name], recordings, say) for entry in alone}
    head |= {
        "load average after": _load(),
        "rounds": plan.rounds,
        "timer pair": _timer_pair(files),
        "wheel": plan.wheel.name if plan.wheel else "none",
        "command": f"`{plan.command}`",
    }
    return Results(head, files, measured)


def _compare(
    plan: Plan, recording: Recording, made: dict[str, Environment], say: Say
) -> FileResults:
    answers: dict[str, list[Answer]] = {}
    for race in RACES:
        entries = [entry for entry in plan.contestants if entry.race is race]
        answers |= _race(plan, entries, recording, made, say)
        if race.equal:
            same_answers([entry for entry in entries if entry.ours], answers, recording)
    return file_results(recording, plan.contestants, answers)


def _race(
    plan: Plan,
    entries: Sequence[Contestant],
    recording: Recording,
    made: dict[str, Environment],
    say: Say,
) -> dict[str, list[Answer]]:
    """The answers of each, round by round: all of them in turn in every round."""
    answers: dict[str, list[Answer]] = {entry.name: [] for entry in entries}
    for number in range(1, plan.rounds + 1):
        for entry in entries:
            answer = Job(entry, made[entry.name], recording, plan.seconds).run()
            answers[entry.name].append(answer)
            mean = mean_ns(entry, answer, recording)
            told = "nothing to time" if mean is None else f"{mean / 1e3:,.2f} µs a {entry.unit}"
            say(f"{recording.name}, round {number} of {plan.rounds}: {entry.name} {told}")
    return answers


def same_answers(
    entries: Sequence[Contestant],
    answers: Mapping[str, Sequence[Answer]],
    recording: Recording,
) -> None:
    """Raises WrongAnswerError when not all of them did the same in every round."""
    for entry in entries:
        for answer in answers[entry.name]:
            first = answers[entries[0].name][0]
            if answer["counts"] != first["counts"]:
                raise WrongAnswerError(
                    f"{entry.name} on {recording.name}: {answer['counts']}, "
                    f"but {entries[0].name} {first['counts']}"
                )


def _alone(
    entry: Measurement, environment: Environment, recordings: Sequence[Recording], say: Say
) -> Answer:
    """The answer over the first file; of one that wants each file, all answers by its name."""
    if not entry.each_file:
        say(f"{entry.name}: {entry.what}")
        return measure(entry, environment, recordings[0])
    files: dict[str, Answer] = {}
    for recording in recordings:
        say(f"{recording.name}, {entry.name}: {entry.what}")
        files[recording.name] = measure(entry, environment, recording)
    return {"files": files}


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
