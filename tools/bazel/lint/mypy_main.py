"""Runs mypy with the settings of pyproject.toml (strict) over the files it is given."""

import os
import sys

from mypy import main as mypy


def main(files: list[str]) -> int:
    if not files:
        print("mypy_main: no file was given", file=sys.stderr)
        return 2
    cache = os.environ.get("TEST_TMPDIR", ".mypy_cache")
    # In this process, so that the packages on its path are found as installed ones.
    mypy.main(
        args=["--config-file", "pyproject.toml", "--cache-dir", cache, *files], clean_exit=True
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
