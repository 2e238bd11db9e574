"""One campaign: processes of a fuzz target over one corpus, watched until they end."""

import re
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

TIMEOUT_S: Final = 10
"""One input taking longer is a fault: streams are bounded, so are their steps."""
RSS_LIMIT_MB: Final = 1024
"""More is a fault: what is held is bounded by the configuration."""
FAULT_LINES: Final = 12
PROGRESS_S: Final = 10.0

_STATUS: Final = re.compile(
    r"^#(?P<runs>\d+)\s.* cov: (?P<cov>\d+) ft: (?P<ft>\d+) corp: (?P<corp>\d+)/"
    r".* rss: (?P<rss>\d+)Mb"
)
_EDGES: Final = re.compile(r"^INFO: Loaded \d+ PC tables \((\d+) PCs\)")
_FINAL: Final = re.compile(r"^stat::(number_of_executed_units|peak_rss_mb):\s+(\d+)")
_ARTIFACT: Final = re.compile(r"Test unit written to (.+)$")


@dataclass
class Job:
    """What one process has told so far."""

    runs: int = 0
    coverage: int = 0
    features: int = 0
    edges: int = 0
    corpus: int = 0
    rss_mb: int = 0
    artifact: Path | None = None
    fault: list[str] = field(default_factory=list)
    """From the line on that tells it."""
    last: deque[str] = field(default_factory=lambda: deque(maxlen=FAULT_LINES))
    """The last lines, whatever they are: all there is of a process that did not even start."""

    def read(self, line: str) -> None:
        """Takes in a line of the fuzzer's output."""
        if status := _STATUS.match(line):
            self.runs, self.corpus = int(status["runs"]), int(status["corp"])
            self.coverage, self.features = int(status["cov"]), int(status["ft"])
            self.rss_mb = max(self.rss_mb, int(status["rss"]))
        elif edges := _EDGES.match(line):
            self.edges = int(edges[1])
        elif final := _FINAL.match(line):
            if final[1] == "peak_rss_mb":
                self.rss_mb = max(self.rss_mb, int(final[2]))
            else:
                self.runs = int(final[2])
        elif artifact := _ARTIFACT.search(line):
            self.artifact = Path(artifact[1])
        is_fault = " panicked at " in line or "ERROR: libFuzzer:" in line
        if is_fault or 0 < len(self.fault) < FAULT_LINES:
            self.fault.append(line)
        self.last.append(line)


@dataclass(frozen=True)
class Figures:
    """What came of a campaign."""

    runs: int
    seconds: float
    coverage: int
    edges: int
    corpus: int
    rss_mb: int
    artifacts: tuple[Path, ...]
    fault: str
    failed: bool

    def __str__(self) -> str:
        speed = self.runs / max(self.seconds, 0.001)
        return (
            f"{self.runs:,} executions in {self.seconds:.0f} s ({speed:,.0f}/s), "
            f"{self.corpus:,} inputs kept, {self.coverage:,} of {self.edges:,} places reached, "
            f"peak {self.rss_mb} MiB"
        )


@dataclass(frozen=True)
class Campaign:
    """What to run: `runs` executions in all, by `jobs` processes with seeds `seed`, `seed` + 1 …

    New inputs are kept in `corpus`; `seeds` are only read; what breaks a law goes to `artifacts`.
    """

    binary: Path
    runs: int
    corpus: Path
    seeds: Sequence[Path]
    artifacts: Path
    dictionary: Path | None = None
    jobs: int = 1
    seed: int = 1
    input_bytes_max: int = 4096

    def run(self, say: Callable[[str], None] = print) -> Figures:
        """Runs to the end, or to the first fault of each process; tells `say` how it goes."""
        for folder in (self.corpus, self.artifacts):
            folder.mkdir(parents=True, exist_ok=True)
        begun = time.monotonic()
        jobs = [Job() for _ in range(self.jobs)]
        processes = [self._start(number) for number in range(self.jobs)]
        threads = [
            threading.Thread(target=_listen, args=(process.stderr, job))
            for process, job in zip(processes, jobs, strict=True)
        ]
        for thread in threads:
            thread.start()
        try:
            self._wait(processes, jobs, begun, say)
        finally:
            for process in processes:
                process.kill()
            for thread in threads:
                thread.join()
        failed = any(process.wait() != 0 for process in processes)
        return _figures(jobs, time.monotonic() - begun, failed)

    def command(self, number: int = 0) -> list[str]:
        """The command line of one process."""
        options = {
            "runs": -(-self.runs // self.jobs),
            "seed": self.seed + number,
            "max_len": self.input_bytes_max,
            "timeout": TIMEOUT_S,
            "rss_limit_mb": RSS_LIMIT_MB,
            "print_final_stats": 1,
            "artifact_prefix": f"{self.artifacts}/",
        }
        if self.dictionary is not None:
            options["dict"] = str(self.dictionary)
        given = [f"-{name}={value}" for name, value in options.items()]
        return [str(self.binary), *given, str(self.corpus), *map(str, self.seeds)]

    def _start(self, number: int) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(number),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )

    def _wait(
        self,
        processes: list[subprocess.Popen[str]],
        jobs: list[Job],
        begun: float,
        say: Callable[[str], None],
    ) -> None:
        for process in processes:
            while True:
                try:
                    process.wait(timeout=PROGRESS_S)
                    break
                except subprocess.TimeoutExpired:
                    say(f"… {_figures(jobs, time.monotonic() - begun, failed=False)}")


def _listen(stderr: IO[str] | None, job: Job) -> None:
    assert stderr is not None
    with stderr:
        for line in stderr:
            job.read(line.rstrip())


def _figures(jobs: list[Job], seconds: float, failed: bool) -> Figures:
    return Figures(
        runs=sum(job.runs for job in jobs),
        seconds=seconds,
        coverage=max(job.coverage for job in jobs),
        edges=max(job.edges for job in jobs),
        corpus=max(job.corpus for job in jobs),
        rss_mb=max(job.rss_mb for job in jobs),
        artifacts=tuple({job.artifact for job in jobs if job.artifact is not None}),
        fault="\n".join(next((job.fault for job in jobs if job.fault), jobs[0].last)),
        failed=failed,
    )
