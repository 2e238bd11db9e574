"""The documentation's pictures are small, and what makes them so loses nothing that is there."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from tests.pages.pictures import COLOURS, decoded, smaller

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + b"\0" * 4


def png(kind: int, rows: list[bytes], width: int, colour: int = 2) -> bytes:
    """Each row filtered by `kind`, as it stands in the file."""
    data = b"".join(bytes([kind]) + row for row in rows)
    header = struct.pack(">IIBBBBB", width, len(rows), 8, colour, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data))


@pytest.mark.parametrize(
    ("kind", "second"),
    [
        (0, [11, 22, 33, 41, 52, 63]),
        (1, [11, 22, 33, 30, 30, 30]),
        (2, [1, 2, 3, 1, 2, 3]),
        (3, [6, 12, 18, 16, 16, 17]),
        (4, [1, 2, 3, 1, 2, 3]),
    ],
)
def test_every_filter_of_a_png_is_undone(kind: int, second: list[int]) -> None:
    first = {
        0: [10, 20, 30, 40, 50, 60],
        1: [10, 20, 30, 30, 30, 30],
        2: [10, 20, 30, 40, 50, 60],
        3: [10, 20, 30, 35, 40, 45],
        4: [10, 20, 30, 30, 30, 30],
    }[kind]
    pixels = decoded(png(kind, [bytes(first), bytes(second)], 2))
    assert pixels.tolist() == [
        [[10, 20, 30], [40, 50, 60]],
        [[11, 22, 33], [41, 52, 63]],
    ]


def test_a_picture_of_few_colours_stays_as_it_was_and_alpha_goes() -> None:
    rows = [bytes([1, 2, 3, 255, 250, 240, 230, 255]), bytes([1, 2, 3, 255, 9, 9, 9, 255])]
    small = smaller(png(0, rows, 2, colour=6))
    assert small.startswith(SIGNATURE)
    palette = small.partition(b"PLTE")[2][: 3 * 3]
    places = zlib.decompress(small.partition(b"IDAT")[2])
    colours = [tuple(palette[3 * at : 3 * at + 3]) for at in range(3)]
    shown = [[colours[place] for place in places[3 * row + 1 : 3 * row + 3]] for row in range(2)]
    assert shown == [[(1, 2, 3), (250, 240, 230)], [(1, 2, 3), (9, 9, 9)]]


def test_of_many_colours_the_most_frequent_are_kept() -> None:
    rng = np.random.default_rng(1)
    row = rng.integers(0, 256, 3 * 4_000, np.uint8).tobytes()
    small = smaller(png(0, [row, bytes([7, 7, 7] * 4_000)], 4_000))
    assert small.partition(b"PLTE")[2][:3] == bytes([7, 7, 7])
    (length,) = struct.unpack(">I", small.partition(b"PLTE")[0][-4:])
    assert length == 3 * COLOURS


def test_another_kind_of_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="not a PNG"):
        decoded(b"GIF89a")
    with pytest.raises(ValueError, match="another kind"):
        decoded(png(0, [bytes(2)], 2, colour=0))
