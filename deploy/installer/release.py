"""A release, as it was unpacked: its version, and that nothing in it was changed."""

from __future__ import annotations

import hashlib
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.installer.errors import RefusedError
from deploy.installer.layout import COMPLETE, VERSION_NAME

SUMS: Final = "SHA256SUMS"
NEEDED: Final = (
    *("VERSION", "requirements.txt", "bin/trader", "bin/executor", "python", "configs", "wheels"),
    *("deploy/systemd", "deploy/installer", "install"),
)
_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *](?:\./)?(.+)")
_COMMIT: Final = re.compile(r" (?:[0-9a-f]{40}(?:-changed)?|unknown)$")
"""What a version was made of, after it in `VERSION`."""
_MADE_HERE: Final = ("venv", COMPLETE)
"""What the installer adds to an installed release, beside compiled Python."""
_READ_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Release:
    """A release whose files are what its sums say."""

    folder: Path
    version: str
    files: dict[str, str]
    """Each file, relative, and its SHA-256."""

    @property
    def size(self) -> int:
        return sum((self.folder / name).stat().st_size for name in self.files)


def read(folder: Path) -> Release:
    """Checks every file of an unpacked release. Raises `RefusedError`."""
    wrong = differences(folder)
    if wrong:
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise RefusedError(
            f"{folder}: {wrong[0]}{more}; this is not the release as it was made: unpack it anew"
        )
    for name in NEEDED:
        if not (folder / name).exists():
            raise RefusedError(f"{folder}: {name} is missing: this is no release")
    told = (folder / "VERSION").read_text(errors="replace").strip()
    version = _COMMIT.sub("", told)
    if not VERSION_NAME.fullmatch(version) or version in ("current", "history"):
        raise RefusedError(f"{folder}/VERSION: {told[:80]!r} is no version")
    return Release(folder, version, _sums(folder))


def differences(folder: Path) -> list[str]:
    """What is not as `SHA256SUMS` says: changed, missing, not listed, links."""
    listed = _sums(folder)
    wrong = []
    there = set()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name == SUMS or name.split("/")[0] in _MADE_HERE or "__pycache__" in path.parts:
            continue
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            continue
        there.add(name)
        if not stat.S_ISREG(mode):
            wrong.append(f"{name} is no file")
        elif name not in listed:
            wrong.append(f"{name} is not in {SUMS}")
        elif _hash(path) != listed[name]:
            wrong.append(f"{name} was changed")
    return wrong + [f"{name} is missing" for name in sorted(listed.keys() - there)]


def _sums(folder: Path) -> dict[str, str]:
    path = folder / SUMS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedError(f"{path} cannot be read: {error}") from None
    sums = {}
    for number, line in enumerate(lines, 1):
        found = _LINE.fullmatch(line)
        if found is None or found[2].startswith("/") or ".." in found[2].split("/"):
            raise RefusedError(f"{path}:{number}: {line[:80]!r} is not a sum and a file")
        sums[found[2]] = found[1]
    if not sums:
        raise RefusedError(f"{path} is empty")
    return sums


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_READ_BYTES):
            digest.update(data)
    return digest.hexdigest()
