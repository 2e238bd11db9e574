"""Writes the two locks: a hash for every file, no index address.

requirements.lock is all that is used here; runtime.lock the part of it that a release installs.
"""

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
    folder = Path(workspace, "tools/python")
    everything = ["--output-file", "requirements.lock", "requirements.in"]
    part = ["--output-file", "runtime.lock", "--constraint", "requirements.lock", "runtime.in"]
    return compiled(folder, everything) or compiled(folder, part)


def compiled(folder: Path, files: list[str]) -> int:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "piptools", "compile", *OPTIONS, *files]
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
