"""`./bazelw run //tests/bench:metrics_cost -- FILE`: what metrics cost a line of a replay.

The trader's own replay of the file, seam in Rust, everything else in this process, alternately with
its metrics and without: the engine's way of a line with every statement left out that is about
them, an executor that counts nothing, histograms that take nothing, no figures brought up to date
now and then. The last figure is what a line that is timed does for metrics, by itself; live each
one is.

Processor time of this process counts, the blotter is in a folder of memory. It judges nothing.
"""

import argparse
import ast
import inspect
import statistics
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import trader.engine
import trader.execution.executor_py.executor
import trader.order_estimates
from trader.apps.commands.executors import make_executor
from trader.config.loading import load
from trader.engine import Engine
from trader.execution.blotter import Blotter
from trader.monitoring.latency import LatencyHistogram
from trader.monitoring.metrics import Metrics
from trader.session import Session
from trader.simulator.recording import Recording
from trader.simulator.replay import Replay, Source

OVERRIDES: Final = ("hotloop.enabled=true", "hotloop.rust=true", "execution.backend=python")
MEMORY: Final = Path("/dev/shm")
ALONE: Final = 200_000


class _Nothing:
    """Stands for what counts, and does not. A builtin is the least that a call can cost."""

    record = intent = asked = report = forget = staticmethod(id)


class _Without(ast.NodeTransformer):
    """Leaves out each statement that is about metrics, and nothing that is about anything else."""

    NAMES: Final = frozenset({"_metrics", "started", "is_timed", "perf_counter_ns"})

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr):
            return None if _names(node) & self.NAMES else node
        self.generic_visit(node)
        if not isinstance(node, ast.If):
            return node
        if isinstance(node.test, ast.BoolOp):  # "touched, decided, and is to be timed"
            asked = [one for one in node.test.values if not _names(one) & self.NAMES]
            node.test = ast.BoolOp(node.test.op, asked)
        elif _names(node.test) & self.NAMES:
            return None
        node.body = node.body or [ast.Pass()]
        return node


def _names(node: ast.AST) -> set[str]:
    """All that are read in it."""
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return names | {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}


def engine_without() -> Callable[[Engine, bytes], None]:
    """`Engine._take` without its metrics."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(Engine._take)))
    made = ast.fix_missing_locations(_Without().visit(tree))
    names: dict[str, Any] = {}
    exec(compile(made, "engine without metrics", "exec"), vars(trader.engine), names)
    take: Callable[[Engine, bytes], None] = names["_take"]
    return take


@contextmanager
def silenced(metrics: Metrics) -> Iterator[None]:
    """A process without metrics, as far as a line feels."""
    for name, value in list(vars(metrics).items()):
        if isinstance(value, LatencyHistogram):
            setattr(metrics, name, _Nothing())
    with ExitStack() as undo:
        undo.enter_context(patch.object(Engine, "_take", engine_without()))
        undo.enter_context(patch.object(trader.order_estimates, "perf_counter_ns", int))
        undo.enter_context(patch.object(trader.execution.executor_py.executor, "Counts", _Nothing))
        undo.enter_context(patch.object(Session, "measure", lambda _session, **_now: None))
        yield


def replayed(path: Path, *, with_metrics: bool) -> tuple[int, int]:
    """Nanoseconds of processor time and lines of one replay."""
    metrics = Metrics()
    memory = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder, Recording(path) as recording:
        lines = list(recording)
        with Blotter(Path(folder) / "blotter.sqlite") as blotter:
            replay = Replay(
                load(None, OVERRIDES),
                command="replay",
                blotter=blotter,
                metrics=metrics,
                make_executor=make_executor,
                run_dir=Path(folder),
                stop=lambda: False,
            )
            with nullcontext() if with_metrics else silenced(metrics):
                begun_ns = time.process_time_ns()
                summary = replay.run([Source(path.name, lambda: nullcontext(iter(lines)))])
                took_ns = time.process_time_ns() - begun_ns
    assert not summary.is_partial, "it was played to its end"
    return took_ns, len(lines)


def alone_ns() -> float:
    """What a line that led to a decision does for metrics, by itself, a line."""
    metrics, clock = Metrics(), time.perf_counter_ns
    begun_ns = time.process_time_ns()
    for _ in range(ALONE):
        metrics.messages_total += 1
        started = clock()
        metrics.apply_delta.record(clock() - started)
        metrics.decision.record(clock() - started)
    return (time.process_time_ns() - begun_ns) / ALONE


def compared(path: Path, rounds: int) -> dict[str, Any]:
    """Medians over rounds, after one that does not count. In each the replay is played with
    metrics, without and with them again, every second round the other way about; the two with
    metrics against each other say what the machine itself adds."""
    taken: tuple[list[float], list[float], list[float]] = ([], [], [])
    for number in range(-1, rounds):
        for place in (0, 1, 2) if number % 2 else (2, 1, 0):
            took_ns, lines = replayed(path, with_metrics=place != 1)
            if number >= 0:
                taken[place].append(took_ns / lines)
    first, without, again = taken
    both = [(one + other) / 2 for one, other in zip(first, again, strict=True)]
    return {
        "lines": lines,
        "rounds": rounds,
        "with_ns": statistics.median(first + again),
        "without_ns": statistics.median(without),
        "more": _more(both, without),
        "quickest": min(first + again) / min(without) - 1,
        "itself": _more(first, again),
        "alone_ns": alone_ns(),
    }


def _more(these: list[float], those: list[float]) -> float:
    """By how much these take longer than those: the median over the rounds."""
    return statistics.median(one / other - 1 for one, other in zip(these, those, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(prog="metrics_cost", description=__doc__)
    parser.add_argument("file", type=Path, help="a market stream, a message a line")
    parser.add_argument("--rounds", type=int, default=10, help="10 unless given")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error(f"--rounds {arguments.rounds}: 1 or more")
    if not arguments.file.is_file():
        parser.error(f"{arguments.file} is no file")
    found = compared(arguments.file, arguments.rounds)
    print(
        f"{found['lines']:,} lines, {found['rounds']} rounds, processor time a line:\n"
        f"  with metrics {found['with_ns'] / 1000:.2f} µs, without"
        f" {found['without_ns'] / 1000:.2f} µs (medians)\n"
        f"  {found['more']:+.2%} (median of the rounds), {found['quickest']:+.2%} (quickest against"
        f" quickest); the same against itself {found['itself']:+.2%}\n"
        f"  a line that is timed does for metrics, alone: {found['alone_ns']:.0f} ns"
    )


if __name__ == "__main__":
    main()
