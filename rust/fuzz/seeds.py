"""Where a fuzzer begins: what is committed, pieces of recordings, the vectors of the wire.

Recordings are third parties' data and stay outside the repository (`HOTLOOP_DATA`, by default
`../shared/data` beside it): their pieces are made anew for each run, always the same ones.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests import market_files
from trader.simulator.recording import Recording, RecordingError

HERE: Final = Path(__file__).parent
PROTO_WIRE: Final = HERE.parents[1] / "proto_wire"
OF_THE_WIRE: Final = ("bodies", "frames")
SEED_BYTES_MAX: Final = 4096
LINES_PER_RECORDING: Final = 40
WINDOWS_PER_RECORDING: Final = 12
CHOICES: Final = 64
"""Streams of `structured` are bytes that choose: any do to begin with."""


def write_seeds(target: str, folder: Path) -> int:
    """Puts the seeds of `target` into `folder`, one a file; how many."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for count, seed in enumerate(_seeds(target), start=1):
        (folder / f"{count:04}").write_bytes(seed)
    return count


def write_dictionary(target: str, path: Path) -> Path:
    """The words that a fuzzer of `target` may put into its inputs, as a file; where it is."""
    if target not in OF_THE_WIRE:
        return HERE / "venue.dict"
    known = json.loads((PROTO_WIRE / "snapshot.json").read_bytes())
    words = {word for name in ("messages", "enums") for of in known[name].values() for word in of}
    words |= {*known["messages"], *map(str, known["limits"].values())}
    path.write_text("".join(f'"\\"{word}\\""\n' for word in sorted(words)))
    return path


def recordings() -> list[Path]:
    """The market recordings of this machine; none where there are none."""
    folder = market_files.folder()
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _seeds(target: str) -> Iterator[bytes]:
    for path in sorted((HERE / "seeds" / target).glob("*")):
        yield path.read_bytes()
    if target == "structured":
        rng = random.Random(1)
        yield from (rng.randbytes(rng.randrange(50, 600)) for _ in range(CHOICES))
    if target in OF_THE_WIRE:
        yield from _of_the_wire(target)
    if target in ("parse", "lines", "messages"):
        for number, path in enumerate(recordings()):
            try:
                with Recording(path) as recording:
                    lines = [*recording]
            except RecordingError:
                continue
            yield from _windows(lines, number) if target == "messages" else _lines(lines)


def _of_the_wire(target: str) -> Iterator[bytes]:
    """Every vector; of `frames` behind a byte that chooses pieces."""
    for path in sorted(PROTO_WIRE.glob("vectors/*/*/*.json")):
        vector = json.loads(path.read_bytes())
        body = vector.get("bytes", "").encode()
        if target == "bodies":
            yield body
        elif body:
            yield b"\x07" + len(body).to_bytes(4, "big") + body
        else:
            yield b"\x07" + bytes.fromhex(vector["hex"])


def _lines(lines: list[bytes]) -> Iterator[bytes]:
    """Single lines from all over a recording."""
    short = [line for line in lines if len(line) <= SEED_BYTES_MAX]
    yield from short[:: max(1, len(short) // LINES_PER_RECORDING)][:LINES_PER_RECORDING]


def _windows(lines: list[bytes], number: int) -> Iterator[bytes]:
    """Runs of lines from all over a recording, each behind a head that chooses a configuration."""
    rng = random.Random(number)
    for begin in range(0, len(lines), max(1, len(lines) // WINDOWS_PER_RECORDING)):
        window = rng.randbytes(3)
        for line in lines[begin:]:
            if len(window) + len(line) + 1 > SEED_BYTES_MAX:
                break
            window += line + b"\n"
        yield window
