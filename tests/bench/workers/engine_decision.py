"""From a line's bytes to its intents written to the executor's socket, one edge firing.

The engine with the edge that ships, as it is configured as shipped, and the Rust sidecar in dry
run; once with the Rust Hotloop and once with the Python one, in turn. A sample begins when the
line is given to the engine and ends when the write that has its intents returns.

In lockstep, which a replay is, the engine waits for the sidecar whenever that may have something to
say, also between a line and its intents: when the line filled an order of ours, say. Samples `one`
are those of lines with just one intent before which nothing else was written; `ready` are theirs,
too, but end where the write begins: what is ours, without the kernel's part.
"""

import hashlib
import math
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

from trader.apps.commands.executors import rust_config
from trader.collector import out_of_the_way
from trader.config.loading import load
from trader.config.schema import Config
from trader.execution.blotter import Blotter
from trader.execution.connection import Connection
from trader.execution.interfaces.executor import Executor
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.ipc import Bus
from trader.execution.rust_executor import RustExecutor
from trader.monitoring.metrics import Metrics
from trader.session import open_session

SHARES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
KINDS = ("one", "ready", "all")
BACKENDS = ("rust", "python")

INTENTS = "SELECT * FROM intents ORDER BY intent_id"
FILLS = "SELECT * FROM fills ORDER BY rowid"


class Probe:
    """Samples of one run in ns: `all`, `one` and `ready` (see the module)."""

    def __init__(self) -> None:
        self.samples: dict[str, list[int]] = {kind: [] for kind in KINDS}
        self.begun_ns = 0
        self._intents = 0
        self._writes = 0

    def begin(self) -> None:
        self._intents = self._writes = 0
        self.begun_ns = time.perf_counter_ns()

    def submitted(self) -> None:
        self._intents += 1

    def written(self, since_ns: int) -> None:
        """A write has returned that was called at `since_ns`."""
        if self._intents:
            took_ns = time.perf_counter_ns() - self.begun_ns
            self.samples["all"].append(took_ns)
            if self._intents == 1 and not self._writes:
                self.samples["one"].append(took_ns)
                self.samples["ready"].append(since_ns - self.begun_ns)
            self._intents = 0
        self._writes += 1


class ProbedExecutor(RustExecutor):
    """Tells the probe what is sent."""

    probe: Probe

    def submit(self, intent: QuoteIntent) -> None:
        self.probe.submitted()  # first: with a clock of its own it writes at once
        super().submit(intent)


_SEND = Connection.send


def watch_writes(probe: Probe) -> None:
    """Every write of every connection from now on."""

    def send(self: Connection, frames: bytes | bytearray) -> None:
        since_ns = time.perf_counter_ns()
        _SEND(self, frames)
        probe.written(since_ns)

    Connection.send = send  # type: ignore[method-assign]  # the one place where bytes leave


def configuration(backend: str, overrides: list[str]) -> Config:
    on = "true" if backend == "rust" else "false"
    base = (f"hotloop.enabled={on}", f"hotloop.rust={on}", "execution.backend=rust")
    return load(None, (*base, *overrides))


def run(lines: list[bytes], backend: str, options: dict[str, Any]) -> tuple[Probe, dict[str, Any]]:
    """One pass: its samples, and what it did."""
    probe = Probe()
    config = configuration(backend, options["overrides"])

    def make(config: Config, bus: Bus, metrics: Metrics, run_dir: Path) -> Executor:
        made = ProbedExecutor(bus, rust_config(config), None, run_dir, metrics)
        made.probe = probe
        return made

    with tempfile.TemporaryDirectory(dir=options.get("folder")) as name:
        folder = Path(name)
        with Blotter(folder / "blotter.sqlite") as blotter:
            session = open_session(
                config,
                source="decision",
                blotter=blotter,
                metrics=Metrics(),
                make_executor=make,
                run_dir=folder,
            )
            try:
                watch_writes(probe)
                on_line, begin = session.engine.on_line, probe.begin
                with out_of_the_way():  # as replays and live trading run
                    for line in lines:
                        begin()
                        on_line(line)
                probe.begin()  # what the end sends answers no line
                taken = {kind: list(samples) for kind, samples in probe.samples.items()}
                session.engine.finish("end of run")
                probe.samples = taken
            finally:
                session.executor.stop()
        return probe, told(folder / "blotter.sqlite")


def told(blotter: Path) -> dict[str, Any]:
    """How many intents and fills there were, and a digest of all their rows."""
    connection = sqlite3.connect(blotter)
    try:
        rows = [connection.execute(query).fetchall() for query in (INTENTS, FILLS)]
    finally:
        connection.close()
    digest = hashlib.sha256(repr(rows).encode()).hexdigest()
    return {"intents": len(rows[0]), "fills": len(rows[1]), "digest": digest}


def nearest(ordered: list[int], share: float) -> int:
    """The smallest sample that at least `share` of all do not exceed."""
    return ordered[max(math.ceil(len(ordered) * share), 1) - 1]


def spread(samples: list[int]) -> dict[str, float] | None:
    """Nanoseconds; None where there is no sample."""
    if not samples:
        return None
    ordered = sorted(samples)
    figures = {name: float(nearest(ordered, share)) for name, share in SHARES.items()}
    return {**figures, "max": float(ordered[-1]), "samples": float(len(ordered))}


def measure(lines: list[bytes], options: dict[str, Any]) -> dict[str, Any]:
    """Per backend: what it did, and percentiles over all passes after a first one that warms it."""
    samples: dict[str, dict[str, list[int]]] = {
        backend: {kind: [] for kind in KINDS} for backend in BACKENDS
    }
    did: dict[str, dict[str, Any]] = {}
    warm = lines[: options["warm_lines"]]
    for backend in BACKENDS:
        run(warm, backend, options)
    for number in range(options["passes"]):
        for backend in BACKENDS:
            if backend == "python" and number >= options["python_passes"]:
                continue
            probe, done = run(lines, backend, options)
            if did.setdefault(backend, done) != done:
                raise SystemExit(f"{backend}: {done} after {did[backend]}")
            for kind, taken in probe.samples.items():
                samples[backend][kind] += taken
    return {
        "equal": did["rust"] == did["python"],
        "backends": {
            backend: {
                **did[backend],
                **{kind: spread(taken) for kind, taken in samples[backend].items()},
            }
            for backend in BACKENDS
        },
    }
