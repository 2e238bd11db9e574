"""`python -m tests.pages.pictures`: makes the pictures of the documentation (docs/pictures) anew.

A demo is looked at in the tests' browser, its status page in both colours and then its report;
each picture keeps at most 256 colours, so that it stays small.
"""

from __future__ import annotations

import struct
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.e2e.trader_process import succeed
from tests.pages.browser import WIDTH, Browser, browser
from tests.pages.traders import demo

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"
BYTES_MAX: Final = 200_000
COLOURS: Final = 256
SHOWN: Final = 40
"""So many rows of intents and reports stand on the page when it is taken."""
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_ROWS: Final = "return document.querySelectorAll('#tape tbody tr').length"
_OURS: Final = "return document.querySelectorAll('#ladder .ours span').length"

Pixels = NDArray[np.uint8]
"""(height, width, 3): red, green, blue."""


def main() -> int:
    """Writes the three pictures; exit code 1 when one is too large."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        made = _taken(Path(folder))
    for name, content in made.items():
        (FOLDER / name).write_bytes(content)
        print(f"{FOLDER.name}/{name}: {len(content):,} bytes")
    return int(any(len(content) > BYTES_MAX for content in made.values()))


def _taken(folder: Path) -> dict[str, bytes]:
    made: dict[str, bytes] = {}
    with browser(folder) as chromium:
        chromium.is_wide(WIDTH)
        with demo(folder, speed=10.0) as at_work:
            for scheme in ("light", "dark"):
                chromium.visit(at_work.note.link, "light" if scheme == "light" else "dark")
                chromium.until(lambda: _is_worth_it(chromium), "a page that is full")
                made[f"status-{scheme}.png"] = smaller(chromium.png())
        out = folder / "report"
        succeed("demo", "--speed", "max", "--out", str(out))
        chromium.open(out / "report.html")
        made["report-light.png"] = smaller(chromium.png(height=1_500))
    return made


def _is_worth_it(chromium: Browser) -> bool:
    return bool(chromium.run(_ROWS) > SHOWN and chromium.run(_OURS) > 1)


# --- pictures with few colours ------------------------------------------------------------------


def smaller(png: bytes) -> bytes:
    """A PNG of 8 bits a channel with at most `COLOURS` colours: the most frequent ones, the others
    as the nearest of these."""
    pixels = decoded(png)
    packed = (pixels.astype(np.uint32) * np.array([1 << 16, 1 << 8, 1], np.uint32)).sum(axis=2)
    colours, place, count = np.unique(packed, return_inverse=True, return_counts=True)
    kept = colours[np.argsort(-count, kind="stable")[:COLOURS]]
    distance = (_rgb(colours)[:, None, :] - _rgb(kept)[None, :, :]) ** 2
    nearest = distance.sum(axis=2).argmin(axis=1).astype(np.uint8)
    return _encoded(nearest[place.reshape(packed.shape)], _rgb(kept).astype(np.uint8))


def _rgb(packed: NDArray[np.uint32]) -> NDArray[np.int64]:
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1).astype(np.int64)


def decoded(png: bytes) -> Pixels:
    """The pixels of a PNG as browsers write it: 8 bits a channel, with or without alpha, not
    interlaced. Raises `ValueError` for another."""
    if not png.startswith(_SIGNATURE):
        raise ValueError("not a PNG")
    data, header, at = bytearray(), b"", len(_SIGNATURE)
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        content = png[at + 8 : at + 8 + size]
        header = content if kind == b"IHDR" else header
        data += content if kind == b"IDAT" else b""
        at += size + 12
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if depth != 8 or colour not in (2, 6) or interlaced:
        raise ValueError(f"a PNG of another kind: depth {depth}, colour type {colour}")
    step = 3 if colour == 2 else 4
    lines = _unfiltered(zlib.decompress(bytes(data)), width * step, height, step)
    return lines.reshape(height, width, step)[:, :, :3]


def _unfiltered(raw: bytes, width: int, height: int, step: int) -> Pixels:
    lines = np.zeros((height + 1, width), np.uint8)
    for row in range(height):
        start = row * (width + 1)
        line = np.frombuffer(raw, np.uint8, width, start + 1)
        lines[row + 1] = _line(raw[start], line, lines[row], step)
    return lines[1:]


def _line(kind: int, line: Pixels, above: Pixels, step: int) -> Pixels:
    if kind == 0:
        return line
    if kind == 1:
        return np.cumsum(line.reshape(-1, step), axis=0, dtype=np.uint8).reshape(-1)
    if kind == 2:
        return line + above
    out, up = bytearray(line.tobytes()), above.tobytes()
    for at in range(len(out)):
        left = out[at - step] if at >= step else 0
        if kind == 3:
            out[at] = (out[at] + (left + up[at]) // 2) & 255
        else:
            corner = up[at - step] if at >= step else 0
            out[at] = (out[at] + _paeth(left, up[at], corner)) & 255
    return np.frombuffer(bytes(out), np.uint8)


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    by_left, by_up, by_corner = abs(guess - left), abs(guess - up), abs(guess - corner)
    if by_left <= by_up and by_left <= by_corner:
        return left
    return up if by_up <= by_corner else corner


def _encoded(places: NDArray[np.uint8], palette: Pixels) -> bytes:
    height, width = places.shape
    lines = np.zeros((height, width + 1), np.uint8)
    lines[:, 1:] = places
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


if __name__ == "__main__":
    sys.exit(main())
