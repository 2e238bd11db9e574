"""What there is to play: every file that was named, and of an archive every market recording in it.

Betfair's official archives of historic data hold each market twice: in a file of its own
(`…/EVENT/1.23456.bz2`) and in the file of its event (`…/EVENT/EVENT.bz2`). Such an event file is
left out; so is what is no recording of the market stream. What was left out is told.
"""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from trader.simulator.recording import (
    Member,
    NotARecordingError,
    Recording,
    RecordingError,
    archive_kind,
)

MEMBERS_MAX: Final = 200_000
"""Of one archive; Betfair's largest months hold some tens of thousands."""
PEEK_BYTES: Final = 1 << 20
"""How much of a file with an unusual name is read to see which markets it tells of."""
_SHOWN: Final = 3
_MARKET_FILE: Final = re.compile(r"(1\.\d+)(\.json)?(\.bz2|\.gz)?")
_MARKET_ID: Final = re.compile(rb'"id"\s*:\s*"(1\.\d+)"')


@dataclass(frozen=True, slots=True)
class ReplayInput:
    """One recording to play. `path` is absolute; `member` is what of an archive is meant; `name`
    is what stands in the results; `file_size` and `mtime_ns` are those of the file at `path`."""

    name: str
    path: str
    file_size: int
    mtime_ns: int
    member: Member | None = None

    @property
    def size(self) -> int:
        """Bytes that are read for it, as they are stored."""
        return self.file_size if self.member is None else self.member.size

    def open(self) -> Recording:
        """Its lines. Raises `RecordingError`."""
        return Recording(Path(self.path), self.name, member=self.member)


@dataclass(slots=True)
class Found:
    """The inputs in the order they are played, and a line for each kind of thing left out."""

    inputs: list[ReplayInput] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_inputs(files: Iterable[tuple[str, Path]]) -> Found:
    """The inputs that files (shown name, path) come to; an archive's members in the order of their
    names.

    Plain files are looked into, and so are members whose names are not a market's.
    Raises `RecordingError`: for a file that is no recording, a damaged archive, and one without any
    recording.
    """
    found = Found()
    for name, path in files:
        if path.is_file() and _kind(name, path) is not None:
            _Archive(name, path).into(found)
        else:
            with Recording(path, name):
                found.inputs.append(_input(name, path))
    return found


def _kind(name: str, path: Path) -> Literal["tar", "zip"] | None:
    try:
        return archive_kind(path)
    except OSError as error:
        raise RecordingError(name, None, f"cannot be read: {error.strerror}") from None


def _input(name: str, path: Path, member: Member | None = None) -> ReplayInput:
    state = path.stat()
    return ReplayInput(name, str(path.resolve()), state.st_size, state.st_mtime_ns, member)


class _Archive:
    """One .tar or .zip and what its members are."""

    def __init__(self, name: str, path: Path) -> None:
        self._name = name
        self._path = path
        members = _members(name, path)
        self._members = sorted(members, key=lambda member: member.name)
        of_each = (_market_of(member.name) for member in members)
        self._markets = {market for market in of_each if market is not None}

    def into(self, found: Found) -> None:
        """Adds its recordings, and a note for each kind of thing left out."""
        events: list[str] = []
        strangers: list[str] = []
        without_own_file: set[str] = set()
        count = len(found.inputs)
        for member in self._members:
            one = _input(f"{self._name}!{member.name}", self._path, member)
            if _market_of(member.name) is None:
                try:
                    markets = _markets_in(one)
                except NotARecordingError:
                    strangers.append(member.name)
                    continue
                if markets & self._markets:
                    events.append(member.name)
                    without_own_file |= markets - self._markets
                    continue
            found.inputs.append(one)
        if len(found.inputs) == count:
            reason = f"holds no recording of the market stream, but {_some(strangers, 'file')}"
            raise RecordingError(self._name, None, reason)
        if events:
            shown = _some(events, "event file")
            found.notes.append(f"{self._name}: left out {shown}: their markets have own files")
        if without_own_file:
            shown = _some(sorted(without_own_file), "market")
            found.notes.append(f"{self._name}: left out {shown}: in an event file only")
        if strangers:
            shown = _some(strangers, "file")
            found.notes.append(f"{self._name}: left out {shown}: no market stream in them")


def _market_of(name: str) -> str | None:
    """The market whose own file this is, by its name."""
    match = _MARKET_FILE.fullmatch(PurePosixPath(name).name)
    return match.group(1) if match else None


def _markets_in(one: ReplayInput) -> set[str]:
    """The markets that the beginning of a recording tells of. Raises `RecordingError`."""
    markets: set[str] = set()
    read = 0
    with one.open() as lines:
        for line in lines:
            markets.update(found.decode() for found in _MARKET_ID.findall(line))
            read += len(line)
            if read > PEEK_BYTES:
                break
    return markets


def _members(name: str, path: Path) -> list[Member]:
    """The regular files in an archive. Raises `RecordingError`."""
    size = path.stat().st_size
    members: list[Member] = []
    names: set[str] = set()
    try:
        for member in _zip_members(path) if _kind(name, path) == "zip" else _tar_members(path):
            if len(members) == MEMBERS_MAX:
                raise RecordingError(name, None, f"holds more than {MEMBERS_MAX:,} files; split it")
            if member.offset is not None and member.offset + member.size > size:
                raise RecordingError(name, None, f"is truncated: it ends within {member.name}")
            if member.name in names:
                raise RecordingError(name, None, f"holds {member.name} twice; unpack it first")
            names.add(member.name)
            members.append(member)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        last = f" after {members[-1].name}" if members else ""
        raise RecordingError(name, None, f"is a damaged archive{last}: {error}") from None
    if not members:
        raise RecordingError(name, None, "is an archive with nothing in it")
    return members


def _zip_members(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield Member(info.filename, info.compress_size, None)


def _tar_members(path: Path) -> Iterator[Member]:
    with tarfile.open(path, "r:") as archive:
        kept: list[tarfile.TarInfo] = vars(archive)["members"]
        while (info := archive.next()) is not None:
            kept.clear()  # all of them would be tens of megabytes
            if info.issparse():
                raise ValueError(f"{info.name} is stored with holes")
            if info.isreg():
                yield Member(info.name, info.size, info.offset_data)
        end = archive.offset
    # The module takes whatever it does not understand for the end.
    with path.open("rb") as file:
        file.seek(end)
        block = file.read(tarfile.BLOCKSIZE)
    if block != bytes(tarfile.BLOCKSIZE):
        raise ValueError("no header of a file and no end mark follow")


def _some(names: list[str], kind: str) -> str:
    """How many of a kind, and the first few by name."""
    more = ", …" if len(names) > _SHOWN else ""
    plural = "" if len(names) == 1 else "s"
    return f"{len(names):,} {kind}{plural} ({', '.join(names[:_SHOWN])}{more})"
