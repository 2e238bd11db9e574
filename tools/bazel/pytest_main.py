"""Entry point of every pytest target: runs the files it is given and fails when nothing ran."""

import os
import sys
from pathlib import Path

import pytest


class Shard:
    """Keeps this shard's part of the collected tests, by Bazel's sharding contract."""

    def __init__(self) -> None:
        self.index = int(os.environ.get("TEST_SHARD_INDEX", "0"))
        self.total = int(os.environ.get("TEST_TOTAL_SHARDS", "1"))
        self.collected = 0
        status_file = os.environ.get("TEST_SHARD_STATUS_FILE")
        if status_file:
            Path(status_file).touch()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.collected = len(items)
        items[:] = items[self.index :: self.total]


def main(arguments: list[str]) -> int:
    if not arguments:
        print("pytest_main: no test file was given", file=sys.stderr)
        return 2
    options = ["-c", "pyproject.toml", "--rootdir=.", "-p", "no:cacheprovider", "-ra"]
    if report := os.environ.get("XML_OUTPUT_FILE"):
        options.append(f"--junitxml={report}")
    if selection := os.environ.get("TESTBRIDGE_TEST_ONLY"):
        options += ["-k", selection]
    if scratch := os.environ.get("TEST_TMPDIR"):
        options.append(f"--basetemp={scratch}/pytest")
    shard = Shard()
    code = int(pytest.main(options + arguments, plugins=[shard]))
    if code == pytest.ExitCode.NO_TESTS_COLLECTED and shard.collected > 0 and shard.total > 1:
        # More shards than tests: this one has none to run, another has them.
        return 0
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        print(f"pytest_main: no test was collected from {arguments}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
