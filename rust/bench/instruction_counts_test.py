"""A line costs the core no more instructions than the committed baseline says."""

from pathlib import Path

import pytest

from rust.bench.instruction_counts import RACE, Baseline, count, rustc_version, streams

UPDATE = "./bazelw run //rust/bench:count_instructions"


@pytest.mark.parametrize("name", streams())
def test_a_line_costs_what_it_did(name: str, tmp_path: Path) -> None:
    baseline = Baseline.read()
    allowed = baseline.tolerance_percent(rustc_version())
    counted = count(name, tmp_path)
    change = 100 * (counted / baseline.instructions_per_line[name] - 1)
    print(f"{name}: {counted:,.0f} instructions a line, {change:+.2f} %")
    assert change <= allowed, f"dearer by {change:.2f} %; if that is meant: {UPDATE}"
    assert change >= -allowed, f"cheaper by {-change:.2f} %: keep it with {UPDATE}"


def test_the_baseline_has_every_stream() -> None:
    assert RACE in streams()
    assert set(streams()) <= set(Baseline.read().instructions_per_line)


def test_another_compiler_is_given_more_room() -> None:
    baseline = Baseline("rustc 1.0", {})
    assert baseline.tolerance_percent("rustc 1.0") < baseline.tolerance_percent("rustc 1.1")
