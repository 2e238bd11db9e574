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
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, Literal, cast

MAX_LINE_BYTES: Final = 64 << 20
PEEK_LINES: Final = 20
_SHOWN_BYTES: Final = 40
_ZIP_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")
_TAR_MAGIC_AT: Final = 257
_DEEPEST: Final = 2
"""So deep within others no archive is opened."""
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


class _TooDeepError(Exception):
    """An archive within as many others as are opened."""


class NotARecordingError(RecordingError):
    """Whole and readable, but not the market stream: a note, a table, an order stream."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file within an archive: its name there, the bytes it takes there, and, in a .tar, the
    place of its first byte (None: the archive is a .zip)."""

    name: str
    size: int
    offset: int | None


class Recording:
    """One file's lines. Use as a context manager, iterate once.

    - `member`: read this member of the archive at `path` instead of the file itself;
    - `lines_read`: lines given so far, blank ones not counted;
    - `position`, `size`: bytes of the (compressed) file read so far and in all, for progress; of a
      member of a .zip, bytes of its contents.

    Raises `RecordingError`: on opening when the file is missing, a folder, empty, unreadable or no
    recording; while reading when it is truncated or damaged.
    """

    def __init__(
        self, path: Path, shown_name: str | None = None, *, member: Member | None = None
    ) -> None:
        self.path = path
        self.name = shown_name if shown_name is not None else str(path)
        self.lines_read = 0
        self._depth = 0 if member is None else _DEEPEST
        self._files = ExitStack()
        self._raw = self._open()
        try:
            self.size = path.stat().st_size
            if member is not None:
                self._raw, self.size = self._open_member(self._raw, member)
            if self.size == 0:
                raise NotARecordingError(self.name, None, "is empty")
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

    def _open_member(self, archive: BinaryIO, member: Member) -> tuple[BinaryIO, int]:
        """The member's bytes as a file, and how many they are."""
        try:
            if member.offset is not None:
                part = _Slice(archive, member.offset, member.size)
                return cast(BinaryIO, io.BufferedReader(part)), member.size
            opened = self._files.enter_context(zipfile.ZipFile(archive))
            info = opened.getinfo(member.name)
            return cast(BinaryIO, self._files.enter_context(opened.open(info))), info.file_size
        except (*_BROKEN, KeyError) as error:
            raise RecordingError(self.name, None, _broken(error, 0)) from None

    def _lines(self) -> Iterator[bytes]:
        number = 0
        try:
            for stream in _streams(self._raw, self._depth):
                for raw in iter(partial(stream.readline, MAX_LINE_BYTES + 1), b""):
                    number += 1
                    if len(raw) > MAX_LINE_BYTES:
                        reason = f"is longer than {MAX_LINE_BYTES:,} bytes"
                        raise RecordingError(self.name, number, reason)
                    line = (raw.removeprefix(_BOM) if number == 1 else raw).strip()
                    if line:
                        yield line
        except _TooDeepError:
            reason = "is an archive within an archive; unpack the outer one first"
            raise RecordingError(self.name, None, reason) from None
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
            raise NotARecordingError(self.name, None, "has no lines in it")
        if "ocm" in ops:
            reason = "holds order stream messages (op ocm), no market data (op mcm)"
        elif ops:
            reason = f"has no market data (op mcm) in its first lines, but op {ops[0]}"
        elif first[_TAR_MAGIC_AT:].startswith(b"ustar"):
            reason = "is a tar archive: only `trader replay` reads those, and only as plain .tar"
        else:
            shown = first[:_SHOWN_BYTES].decode("ascii", "backslashreplace")
            more = "…" if len(first) > _SHOWN_BYTES else ""
            reason = f"is not a recording of the market stream: it begins with {shown!r}{more}"
        raise NotARecordingError(self.name, None, reason)


class _Slice(io.RawIOBase):
    """Some of a file's bytes as a file of their own."""

    def __init__(self, file: BinaryIO, offset: int, size: int) -> None:
        super().__init__()
        self._file = file
        self._offset = offset
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Raises `EOFError` when the file ends before the part does."""
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        self._file.seek(self._offset + self._at)
        data = self._file.read(wanted)
        if not data:
            raise EOFError("the archive ends within it")
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def archive_kind(path: Path) -> Literal["tar", "zip"] | None:
    """Which archive a file is by how it begins; None: another kind of file."""
    with path.open("rb") as file:
        head = file.read(_TAR_MAGIC_AT + 5)
    if head.startswith(_ZIP_MAGIC):
        return "zip"
    return "tar" if head[_TAR_MAGIC_AT:] == b"ustar" else None


def _streams(raw: IO[bytes], depth: int) -> Iterator[IO[bytes]]:
    """The plain stream of a file, or those of every member of an archive, in name order."""
    raw.seek(0)
    magic = raw.read(4)
    raw.seek(0)
    if magic.startswith(b"BZh"):
        yield io.BufferedReader(bz2.BZ2File(raw))
    elif magic.startswith(b"\x1f\x8b"):
        yield io.BufferedReader(gzip.GzipFile(fileobj=raw))
    elif magic.startswith(_ZIP_MAGIC):
        if depth >= _DEEPEST:
            raise _TooDeepError
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
