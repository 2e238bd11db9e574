"""One job: a worker in a fresh process, and its answer."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tests.bench.contestants import WORKERS, Contestant, Measurement
from tests.bench.environments import Environment
from tests.bench.errors import CannotStartError, WrongAnswerError
from tests.bench.recordings import WARM_LINES, Recording

Answer = dict[str, Any]

TIMEOUT_S: Final = 1_800

PRODUCTS: Final = ("books", "market_changes", "calls")
"""The counts that are 0 only when nothing was done."""


@dataclass(frozen=True)
class Job:
    contestant: Contestant
    environment: Environment
    recording: Recording
    seconds: float

    def run(self) -> Answer:
        """The answer, checked; with `notes`, and `silent` where there is no work to time."""
        made = _run(self.contestant, self.environment, self.recording, self.seconds)
        return judged(self.contestant, made, self.recording)


def measure(wanted: Measurement, environment: Environment, recording: Recording) -> Answer:
    """What was measured; WrongAnswerError when backends that must do the same did not."""
    folder = {"folder": str(recording.plain.parent)}
    contestant = replace(wanted.contestant, options={**wanted.options, **folder})
    answer = _run(contestant, environment, recording, 0.0)
    measured = answer["measured"]
    if measured.get("equal") is False:
        did = {name: backend["intents"] for name, backend in measured["backends"].items()}
        raise WrongAnswerError(f"{wanted.name} on {recording.name}: intents differ: {did}")
    return {"version": answer["version"], **measured}


def judged(contestant: Contestant, answer: Answer, recording: Recording) -> Answer:
    """Compares what came out with what the file holds: an error for ours, a note for a peer."""
    if "refused" in answer:
        notes = [f"refuses the file: {shortened(answer['refused'])}"]
        silent = True
    else:
        notes = differences(answer["counts"], recording.expected)
        silent = not any(answer["counts"].get(product) for product in PRODUCTS)
        if silent and answer["warned"]:
            notes.append(f"says: {shortened(answer['warned'])}")
    if contestant.ours and (notes or silent):
        said = "; ".join(notes) or f"nothing came out of it: {answer['counts']}"
        raise WrongAnswerError(f"{contestant.name} on {recording.name}: {said}")
    return {**answer, "notes": notes, "silent": silent}


def shortened(said: str) -> str:
    """To what a cell of a table holds; the JSON has all of it."""
    return said if len(said) <= 80 else f"{said[:79]}…"


def differences(counts: Mapping[str, int], expected: Mapping[str, int]) -> list[str]:
    return [
        f"{got:,} {name.replace('_', ' ')}" + (f" of {expected[name]:,}" if got else "")
        for name, got in counts.items()
        if name in expected and got != expected[name]
    ]


def _run(
    contestant: Contestant, environment: Environment, recording: Recording, seconds: float
) -> Answer:
    job = {
        "worker": str(WORKERS / f"{contestant.worker}.py"),
        "sites": [str(site) for site in environment.sites],
        "imports": contestant.imports,
        "distribution": contestant.distribution,
        "version": environment.version,
        "options": dict(contestant.options),
        "path": str(recording.plain),
        "warm_path": str(recording.warm),
        "warm_lines": WARM_LINES,
        "seconds": seconds,
    }
    harness = str(WORKERS / "harness.py")
    # -B: a run changes nothing in the environments, which pip has compiled.
    command = [sys.executable, "-S", "-I", "-B", harness, json.dumps(job)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise CannotStartError(f"{contestant.name}: no answer within {TIMEOUT_S} s") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise CannotStartError(f"{contestant.name} on {recording.name}: {said[-1]}")
    answer: Answer = json.loads(done.stdout.splitlines()[-1])
    warned = done.stderr.replace(str(recording.plain), recording.name).strip().splitlines()
    return {**answer, "warned": warned[-1] if warned else None}
