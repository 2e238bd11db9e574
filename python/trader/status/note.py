"""`status.json` in a run's folder: where the status page is, and the token it wants to hear."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

STATUS: Final = "status.json"
TOKEN_BYTES: Final = 32


class NoteError(Exception):
    """The note cannot be written, or is none; one line."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """`started`: milliseconds since the epoch."""

    url: str
    token: str
    pid: int
    profile: str
    started: int

    @property
    def link(self) -> str:
        """For a browser; what comes after # is not sent to anybody."""
        return f"{self.url}#{self.token}"


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def write_note(folder: Path, note: Note) -> Path:
    """Puts it in place of a former one, for its owner alone (0600). Raises `NoteError`."""
    path, staged = folder / STATUS, folder / f".{STATUS}.{os.getpid()}"
    try:
        staged.unlink(missing_ok=True)
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(note)) + b"\n")
        staged.replace(path)
    except OSError as error:
        raise NoteError(f"{path}: cannot be written: {error.strerror}") from None
    return path


def take_away(folder: Path, note: Note) -> None:
    """Removes it, unless another trader's is there by now."""
    with suppress(NoteError):
        if read_note(folder) == note:
            (folder / STATUS).unlink(missing_ok=True)


def read_note(folder: Path) -> Note | None:
    """The note of a folder; None where there is none. Raises `NoteError`."""
    path = folder / STATUS
    try:
        return msgspec.json.decode(path.read_bytes(), type=Note)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise NoteError(f"{path}: cannot be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise NoteError(f"{path}: is not a trader's status.json: {error}") from None
