"""Where recordings lie that are no part of the repository, and the lines in them."""

import bz2
import gzip
import os
from pathlib import Path
from typing import IO


def folder() -> Path:
    """The folder of market streams: `mcm/` in `HOTLOOP_DATA`, by default in `../shared/data` beside
    the repository. It need not be there."""
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    root = Path(workspace) if workspace else Path(__file__).resolve().parents[2]
    return Path(os.environ.get("HOTLOOP_DATA") or root.parent / "shared" / "data") / "mcm"


def read_lines(path: Path) -> list[bytes]:
    """The lines of one file (plain, .gz, .bz2) without their ends; blank ones left out.

    Raises what opening and unpacking it raise: OSError, EOFError.
    """
    with _opened(path) as file:
        return [line for raw in file if (line := raw.strip())]


def _opened(path: Path) -> IO[bytes]:
    if path.suffix == ".bz2":
        return bz2.open(path)
    if path.suffix == ".gz":
        return gzip.open(path)  # type: ignore[return-value]  # it is a binary file in all but type
    return path.open("rb")
