"""Writes peers/*.txt anew from peers/*.in: a hash for every file, no index address."""

import os
import subprocess
import sys
from pathlib import Path

OPTIONS = [
    *("--quiet", "--generate-hashes", "--allow-unsafe", "--strip-extras", "--no-header"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"),
]


def main() -> int:
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if workspace is None:
        print("lock: run it with: ./bazelw run //tests/bench:lock", file=sys.stderr)
        return 2
    peers = Path(workspace, "tests/bench/peers")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for wanted in sorted(peers.glob("*.in")):
        print(f"lock: {wanted.name}", file=sys.stderr)
        files = ["--output-file", f"{wanted.stem}.txt", wanted.name]
        done = subprocess.run(
            [sys.executable, "-m", "piptools", "compile", *OPTIONS, *files],
            cwd=peers,
            env=environment,
            check=False,
        )
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
