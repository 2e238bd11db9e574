"""Checks wheels of `hotloop`: `./bazelw run //rust/hotloop-py:check_wheel -- dist/*.whl`.

Exit codes: 0 all are good, 1 one is not, 2 bad arguments.
"""

import os
import subprocess
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    # Bazel starts it in its own folder; paths are meant from where the caller is.
    started = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    wheels = [started / argument for argument in arguments]
    if not wheels:
        print("usage: check_wheel WHEEL…", file=sys.stderr)
        return 2
    for wheel in wheels:
        if not wheel.is_file():
            print(f"check_wheel: {wheel}: no such file", file=sys.stderr)
            return 2
    failed = 0
    for wheel in wheels:
        print(f"check_wheel: {wheel}", flush=True)
        done = subprocess.run(
            [sys.executable, "tools/bazel/pytest_main.py", "-v", "rust/hotloop-py/wheel_test.py"],
            env={
                **os.environ,
                "HOTLOOP_WHEEL": str(wheel),
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            check=False,
        )
        failed += done.returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
