"""Recordings of the market stream as lines: plain, .gz, .bz2 or .zip, told apart by content.

A recording is lines of JSON, of which some of the first carry `"op": "mcm"`. A line that cannot
be understood further on is the seam's affair (counted, the market goes stale); a file that ends
within its compression is an error that names the last line read, and nothing is kept of the run.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

MAX_LINE_BYTES: Final = 64 << 20
PEEK_LINES: Final = 20
_SHOWN_BYTES: Final = 40
_BOM: Final = b"\xef\xbb\xbf"
_BROKEN: Final = (
    EOFError,
    OSError,
    ValueError,
    RuntimeError,  # zipfile: a password or an unknown method
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)


class RecordingError(Exception):
    """A file that cannot be replayed; `str()` is one line with the file, the line and why."""

    def __init__(self, file: str, line: int | None, reason: str) -> None:
        place = f"{file}: line {line:,}" if line is not None else file
        super().__init__(f"{place}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason


class Recording:
    """One file's lines. Use as a context manager, iterate once.

    - `lines_read`: lines given so far, blank ones not counted;
    - `position`, `size`: bytes of the (compressed) file read so far and in all, for progress.

    Raises `RecordingError`: on opening when the file is missing, a folder, empty, unreadable or no
    recording; while reading when it is truncated or damaged.
    """

    def __init__(self, path: Path, shown_name: str | None = None) -> None:
        self.path = path
        self.name = shown_name if shown_name is not None else str(path)
        self.lines_read = 0
        self._files = ExitStack()
        self._raw = self._open()
        try:
            self.size = path.stat().st_size
            if self.size == 0:
                raise RecordingError(self.name, None, "is empty")
            self._check_first_lines()
        except BaseException:
            self._files.close()
            raise

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    @property
    def position(self) -> int:
        return min(self._raw.tell(), self.size)

    def __iter__(self) -> Iterator[bytes]:
        """The lines without their ends, blank ones left out."""
        self._raw.seek(0)
        self.lines_read = 0
        for line in self._lines():
            self.lines_read += 1
            yield line

    def _open(self) -> BinaryIO:
        if self.path.is_dir():
            raise RecordingError(self.name, None, "is a folder, not a recording")
        if self.path.exists() and not self.path.is_file():
            raise RecordingError(self.name, None, "is not a regular file")
        try:
            return cast(BinaryIO, self._files.enter_context(self.path.open("rb")))
        except FileNotFoundError:
            raise RecordingError(self.name, None, "does not exist") from None
        except OSError as error:
            raise RecordingError(self.name, None, f"cannot be read: {error.strerror}") from None

    def _lines(self) -> Iterator[bytes]:
        number = 0
        try:
            for stream in _streams(self._raw, 0):
                for raw in iter(partial(stream.readline, MAX_LINE_BYTES + 1), b""):
                    number += 1
                    if len(raw) > MAX_LINE_BYTES:
                        reason = f"is longer than {MAX_LINE_BYTES:,} bytes"
                        raise RecordingError(self.name, number, reason)
                    line = (raw.removeprefix(_BOM) if number == 1 else raw).strip()
                    if line:
                        yield line
        except _BROKEN as error:
            raise RecordingError(self.name, None, _broken(error, number)) from None

    def _check_first_lines(self) -> None:
        """Refuses what is no market recording, by the ops of its first lines."""
        ops: list[str] = []
        first = b""
        for count, line in enumerate(self._lines()):
            if count == PEEK_LINES:
                break
            first = first or line
            op = _op(line)
            if op == "mcm":
                return
            if op is not None:
                ops.append(op)
        if not first:
            raise RecordingError(self.name, None, "has no lines in it")
        if "ocm" in ops:
            reason = "holds order stream messages (op ocm), no market data (op mcm)"
        elif ops:
            reason = f"has no market data (op mcm) in its first lines, but op {ops[0]}"
        else:
            shown = first[:_SHOWN_BYTES].decode("ascii", "backslashreplace")
            more = "…" if len(first) > _SHOWN_BYTES else ""
            reason = f"is not a recording of the market stream: it begins with {shown!r}{more}"
        raise RecordingError(self.name, None, reason)


def _streams(raw: IO[bytes], depth: int) -> Iterator[IO[bytes]]:
    """The plain stream of a file, or those of every member of an archive, in name order."""
    raw.seek(0)
    magic = raw.read(4)
    raw.seek(0)
    if depth > 2:
        raise ValueError("archives within archives within archives")
    if magic.startswith(b"BZh"):
        yield io.BufferedReader(bz2.BZ2File(raw))
    elif magic.startswith(b"\x1f\x8b"):
        yield io.BufferedReader(gzip.GzipFile(fileobj=raw))
    elif magic.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        with zipfile.ZipFile(raw) as archive:
            for info in sorted(archive.infolist(), key=lambda member: member.filename):
                if not info.is_dir():
                    with archive.open(info) as member:
                        yield from _streams(member, depth + 1)
    else:
        yield raw


def _op(line: bytes) -> str | None:
    """The `op` of a stream message; None for anything else."""
    try:
        # Decoded here: left to itself, `loads` takes UTF-16 as well, which the seam does not.
        message = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    op = message.get("op") if isinstance(message, dict) else None
    return op if isinstance(op, str) else None


def _broken(error: BaseException, line: int) -> str:
    if isinstance(error, EOFError):
        return f"is truncated: its compressed data ends after line {line:,}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"cannot be read after line {line:,}: {error.strerror}"
    return f"is damaged after line {line:,}: {error}"
