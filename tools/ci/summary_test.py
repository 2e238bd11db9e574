"""The gate's closing line is what Bazel's events say, and an empty run fails."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.ci import summary


def event(label: str, status: str) -> str:
    return json.dumps(
        {
            "id": {"testSummary": {"label": label}},
            "testSummary": {"overallStatus": status, "totalRunDurationMillis": "1500"},
        }
    )


def run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *lines: str, expected: Sequence[str] = ()
) -> tuple[int, str]:
    events = tmp_path / "events.json"
    events.write_text("\n".join(lines), encoding="utf-8")
    labels = tmp_path / "labels"
    labels.write_text("".join(f"{label}\n" for label in expected), encoding="utf-8")
    return summary.main([str(events), str(labels)]), capsys.readouterr().out.splitlines()[-1]


def test_all_passed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = json.dumps({"id": {"progress": {}}, "progress": {}})
    lines = [event("//a:a", "PASSED"), other, event("//b:b", "FLAKY")]
    assert run(tmp_path, capsys, *lines) == (0, "2 passed, 0 failed")


@pytest.mark.parametrize("status", ["FAILED", "TIMEOUT", "NO_STATUS", "FAILED_TO_BUILD"])
def test_anything_else_counts_as_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], status: str
) -> None:
    lines = [event("//a:a", "PASSED"), event("//b:b", status)]
    assert run(tmp_path, capsys, *lines) == (1, "1 passed, 1 failed")


def test_no_test_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, capsys, json.dumps({"id": {}})) == (1, "0 passed, 0 failed")


def test_a_test_that_was_left_out_counts_as_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = ["//a:a", "//b:b"]
    outcome = run(tmp_path, capsys, event("//a:a", "PASSED"), expected=expected)
    assert outcome == (1, "1 passed, 1 failed")


def test_unreadable_events(tmp_path: Path) -> None:
    absent = str(tmp_path / "absent")
    assert summary.main([absent, absent]) == 2
