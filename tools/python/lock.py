"""Writes requirements.lock from requirements.in: a hash for every file, no index address."""

import os
import subprocess
import sys
from pathlib import Path

OPTIONS = [
    "--quiet",
    "--generate-hashes",
    "--allow-unsafe",
    "--strip-extras",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-emit-trusted-host",
    "--no-header",
]


def main() -> int:
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if workspace is None:
        print("lock: run it with: ./bazelw run //tools/python:lock", file=sys.stderr)
        return 2
    files = ["--output-file", "requirements.lock", "requirements.in"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-m", "piptools", "compile", *OPTIONS, *files],
        cwd=Path(workspace, "tools/python"),
        env=environment,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
