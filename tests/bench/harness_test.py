"""A worker imports from its own environment alone, and says when that is not what was pinned."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench.contestants import WORKERS
from tests.bench.workers.harness import distribution, percentile, timer_pair_ns

LIBRARY = "def work(line):\n    return len(line)\n"

WORKER = """
import importlib
library = importlib.import_module("made_library")

class Work:
    def __init__(self, lines):
        self.lines = lines
    def whole(self):
        for line in self.lines:
            library.work(line)
    def counts(self):
        return {"books": len(self.lines)}

def start(lines, path, options):
    return Work(lines)
"""


@pytest.fixture
def job(tmp_path: Path) -> dict[str, Any]:
    site = tmp_path / "site"
    site.mkdir()
    (site / "made_library.py").write_text(LIBRARY)
    info = site / "made_library-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: made_library\nVersion: 1.5\n")
    (tmp_path / "worker.py").write_text(WORKER)
    (tmp_path / "lines").write_text("{}\n{}\n")
    lines = str(tmp_path / "lines")
    return {
        "worker": str(tmp_path / "worker.py"),
        "sites": [str(site)],
        "options": {},
        "imports": "made_library",
        "distribution": "made_library",
        "version": "1.5",
        "path": lines,
        "warm_path": lines,
        "warm_lines": 1,
        "seconds": 0.0,
    }


def run(job: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-S", "-I", "-B", str(WORKERS / "harness.py"), json.dumps(job)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_came_out_is_the_last_line(job: dict[str, Any]) -> None:
    done = run(job)
    made = json.loads(done.stdout.splitlines()[-1])
    assert made["counts"] == {"books": 2}
    assert made["version"] == "1.5"
    assert made["each"] is None
    assert made["whole"]["passes"] >= 1
    assert made["whole"]["wall_ns"] >= made["whole"]["best_ns"] > 0


def test_another_version_than_pinned_is_refused(job: dict[str, Any]) -> None:
    done = run({**job, "version": "1.6"})
    assert done.returncode == 1
    assert done.stderr == "made_library is 1.5, its lock says 1.6\n"


def test_a_library_from_elsewhere_is_refused(job: dict[str, Any]) -> None:
    done = run({**job, "imports": "json"})
    assert done.returncode == 1
    assert "not from its own environment" in done.stderr


def test_packages_of_the_machine_are_not_there(job: dict[str, Any]) -> None:
    Path(job["worker"]).write_text("import pytest\n")
    done = run(job)
    assert done.returncode == 1
    assert "No module named 'pytest'" in done.stderr


def test_what_a_library_says_to_the_file_is_its_answer(job: dict[str, Any]) -> None:
    Path(job["sites"][0], "made_library.py").write_text(
        "def work(line):\n    raise ValueError(7)\n"
    )
    assert json.loads(run(job).stdout.splitlines()[-1])["refused"] == "ValueError: 7"


def test_percentiles_are_samples_by_nearest_rank() -> None:
    hundred = list(range(1, 101))
    assert [percentile(hundred, share) for share in (0.5, 0.99, 0.999)] == [50, 99, 100]
    assert percentile([7], 0.5) == 7
    assert distribution([3, 1, 2])["mean"] == 2


def test_a_timer_pair_costs_something() -> None:
    assert timer_pair_ns(100) > 0
