"""A bounded campaign of each target finds nothing; one of a target with a fault in it finds it."""

import os
from pathlib import Path
from typing import Final

import pytest

from rust.fuzz.run import fuzz, main

FACTOR: Final = int(os.environ.get("HOTLOOP_FUZZ_FACTOR", "1"))
RUNS: Final = {
    "lines": 500_000,
    "parse": 80_000,
    "messages": 25_000,
    "structured": 25_000,
    "bodies": 400_000,
    "frames": 100_000,
}


@pytest.mark.parametrize("target", RUNS)
def test_nothing_breaks_a_law(target: str, tmp_path: Path) -> None:
    figures = fuzz(target, RUNS[target] * FACTOR, jobs=1, corpus=tmp_path)
    assert not figures.failed
    assert figures.runs >= RUNS[target] * FACTOR
    assert figures.coverage > figures.edges // 5, "the seeds no longer lead anywhere"


def test_a_planted_fault_is_found_and_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["planted", "--runs", "5000000", "--corpus", str(tmp_path)]) == 1
    (artifact,) = (tmp_path / "planted-faults").iterdir()
    assert artifact.read_bytes()[:4] == b"FAIL"
    told = capfd.readouterr().out
    assert f"./bazelw run //rust/fuzz:planted -- {artifact}" in told
    assert "the planted fault was found" in told
