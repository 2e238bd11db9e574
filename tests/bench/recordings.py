"""The files: their lines as plain text in a folder of memory, and what must come out of them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests import market_files
from tests.bench.errors import BadArgumentsError

DEFAULT_FILES: Final = (
    "flumine__1.200806927.json",
    "flumine__1.197931750.json",
    "kelvin__MarketStream-1.241629436.json",
    "betfair_parser__1.127236622.bz2",
)

WARM_LINES: Final = 2_000
"""So many lines each contestant sees before the clock starts."""


@dataclass(frozen=True)
class Recording:
    name: str
    plain: Path
    warm: Path
    """Its first lines, in a file of their own."""
    size: int
    """Bytes of the lines."""
    expected: dict[str, int]
    """What the file holds, of each thing a contestant may count."""


def default_files() -> list[Path]:
    """Those of the goals, in `HOTLOOP_DATA`; an error that says so when they are not there."""
    folder = market_files.folder()
    if not folder.is_dir():
        raise BadArgumentsError(
            f"no recordings: {folder} is not there (set HOTLOOP_DATA, or name FILEs)"
        )
    return [folder / name for name in DEFAULT_FILES]


def prepare(path: Path, folder: Path) -> Recording:
    """Unpack one file into `folder` and count what it holds."""
    try:
        lines = market_files.read_lines(path)
    except (OSError, EOFError) as error:
        raise BadArgumentsError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if not lines:
        raise BadArgumentsError(f"{path}: no lines in it")
    expected = count(lines, path)
    target = folder / path.stem
    target.mkdir()
    plain, warm = target / "plain.json", target / "warm.json"
    plain.write_bytes(b"\n".join(lines) + b"\n")
    warm.write_bytes(b"\n".join(lines[:WARM_LINES]) + b"\n")
    return Recording(path.name, plain, warm, sum(map(len, lines)), expected)


def count(lines: list[bytes], path: Path) -> dict[str, int]:
    """Read off the lines with Python's own JSON: no contestant is asked what is right."""
    expected = {"lines": len(lines), "market_changes": 0, "runner_changes": 0, "books": 0}
    for number, line in enumerate(lines, start=1):
        try:
            message = json.loads(line)
            changes = message.get("mc") or () if message.get("op") == "mcm" else ()
            expected["market_changes"] += len(changes)
            expected["runner_changes"] += sum(len(change.get("rc") or ()) for change in changes)
            expected["books"] += len({change["id"] for change in changes})
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            raise BadArgumentsError(
                f"{path}: line {number} is not a stream message ({error})"
            ) from None
    return expected
