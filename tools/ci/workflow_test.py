"""The workflow of a public service runs the commands of the README and no others."""

from pathlib import Path
from typing import Any

import yaml

WORKFLOW = Path(".github/workflows/ci.yml")
README = Path("README.md")
PREPARES = ("apt-get ", "git config ")


def steps(job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"][job][
        "steps"
    ]
    return found


def test_it_runs_the_test_command_of_the_readme_and_builds_the_release() -> None:
    ran = [step["run"] for step in steps("test") if "run" in step]
    commands = [line for line in ran if not line.startswith(PREPARES)]
    assert commands == ["./bazelw test //...", "./bazelw build //dist:release"]
    readme = README.read_text(encoding="utf-8")
    for command in commands:
        assert command in readme, f"{command} is not in the README"


def test_wheels_binary_and_archive_are_kept_and_published_for_a_tag() -> None:
    (kept,) = (step["with"]["path"] for step in steps("test") if "upload" in step.get("uses", ""))
    assert kept.split() == [
        "bazel-bin/dist/hotloop-*",
        "bazel-bin/dist/SHA256SUMS",
        "bazel-bin/rust/hotloop-py/*.whl",
        "bazel-bin/rust/executor/executor",
    ]
    assert any("gh release create" in step.get("run", "") for step in steps("publish"))
