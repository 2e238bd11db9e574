"""Instructions that a line costs in the core, as callgrind counts them.

A count is the same however busy the machine is, so that a line which has become dearer shows where
a time would not. The baseline is committed; the same compiler gives the same counts to a few in ten
thousand.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests import market_files
from trader.simulator.generator import Race, RaceShape

HERE: Final = Path(__file__).parent
BASELINE: Final = HERE / "instruction_counts.json"
RACE: Final = "generated race"
RECORDINGS: Final = (
    "flumine__1.200806927.json",
    "kelvin__MarketStream-1.241629436.json",
    "betfair_parser__1.127236622.bz2",
)
_COST: Final = HERE / "cost"


class CountingError(Exception):
    """Callgrind gave no count."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a line of each stream cost, and the compiler it was measured with."""

    rustc: str
    instructions_per_line: dict[str, float]

    @classmethod
    def read(cls) -> Baseline:
        held = json.loads(BASELINE.read_text())
        return cls(held["rustc"], held["instructions_per_line"])

    def write(self, path: Path) -> None:
        held = {"rustc": self.rustc, "instructions_per_line": self.instructions_per_line}
        path.write_text(json.dumps(held, indent=2) + "\n")

    def tolerance_percent(self, rustc: str) -> float:
        """How far from the baseline is still the same: another compiler counts for more."""
        return 2.0 if rustc == self.rustc else 10.0


def streams() -> tuple[str, ...]:
    """The generated race, and the recordings that are here."""
    folder = market_files.folder()
    return (RACE, *(name for name in RECORDINGS if (folder / name).exists()))


def write_stream(name: str, path: Path) -> int:
    """Writes a stream as plain lines; how many there are."""
    if name == RACE:
        lines = list(Race(1, RaceShape()).lines())
    else:
        lines = market_files.read_lines(market_files.folder() / name)
    path.write_bytes(b"\n".join(lines) + b"\n")
    return len(lines)


def count(name: str, scratch: Path) -> float:
    """Instructions for a line of the stream, in its first pass through a new core.

    Raises CountingError with what valgrind said.
    """
    stream = scratch / "stream.json"
    lines = write_stream(name, stream)
    command = [
        *("valgrind", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*apply_all*"),
        *(f"--callgrind-out-file={scratch / 'callgrind.out'}", str(_COST), str(stream), "once"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or collected is None or collected[1] == "0":
        raise CountingError(f"{name}: {' '.join(command)} gave no count\n{done.stderr}")
    return round(int(collected[1]) / lines, 1)


def rustc_version() -> str:
    """The compiler of the build root."""
    return subprocess.run(
        ["rustc", "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
