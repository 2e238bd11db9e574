"""The smallest PNG files that a browser draws."""

from __future__ import annotations

import struct
import zlib

from tools.docs.pictures import Image


def png(width: int, height: int, grey: int = 128) -> bytes:
    """A file of so many pixels of one grey, 0 to 255."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + bytes([grey]) * width) * height
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def image(width: int, height: int, grey: int = 128) -> Image:
    return Image(png(width, height, grey), width, height)
