"""Prints what a `bazel test` ran, from its build events, and the closing line `N passed, N failed`.

`summary EVENTS EXPECTED`: EXPECTED lists the labels that had to run, a line each; one that did not
counts as failed. Exit codes: 0 all passed, 1 a test failed, was left out, or none ran, 2 a file
cannot be read.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PASSED = {"PASSED", "FLAKY"}
LEFT_OUT = "LEFT OUT"


def test_summaries(events: Path) -> Iterator[tuple[str, str, float]]:
    """Label, status and seconds of each test target."""
    for line in events.read_text(encoding="utf-8").splitlines():
        event: dict[str, Any] = json.loads(line)
        summary = event.get("testSummary")
        if summary is not None:
            label = event["id"]["testSummary"]["label"]
            milliseconds = int(summary.get("totalRunDurationMillis", 0))
            yield label, summary["overallStatus"], milliseconds / 1000


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: summary BUILD_EVENTS.json EXPECTED_LABELS", file=sys.stderr)
        return 2
    try:
        results = sorted(test_summaries(Path(arguments[0])))
        expected = set(Path(arguments[1]).read_text(encoding="utf-8").split())
    except (OSError, ValueError, KeyError) as error:
        print(f"summary: {' or '.join(arguments)} cannot be read: {error}", file=sys.stderr)
        return 2
    results += [(label, LEFT_OUT, 0.0) for label in sorted(expected - {run[0] for run in results})]
    for label, status, seconds in results:
        print(f"{status:<10} {seconds:8.1f} s  {label}")
    passed = sum(status in PASSED for _, status, _ in results)
    failed = len(results) - passed
    if not results:
        print("summary: no test ran", file=sys.stderr)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
