"""What is looked at before anything is changed; each refusal is one line."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from deploy.installer.errors import RefusedError
from deploy.installer.layout import Layout
from deploy.installer.release import Release

OLDEST_PYTHON: Final = (3, 11)
SPARE_BYTES: Final = 256 << 20
WHEELS_UNPACKED: Final = 5
"""So many times the wheels' size is what they take, unpacked and compiled."""


def interpreter() -> None:
    """The Python that the virtual environment is made with is this one."""
    if sys.version_info < OLDEST_PYTHON:
        raise RefusedError(f"this is Python {sys.version.split()[0]}; 3.11 or newer is needed")
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise RefusedError(
                f"Python's module {module} is missing (on Debian: apt install python3-venv)"
            )


def rights(layout: Layout) -> None:
    """Root, unless it is for a tree of one's own."""
    if layout.is_system and os.geteuid() != 0:
        raise RefusedError("only root can install; for a tree elsewhere name it with --root DIR")


def places(layout: Layout) -> None:
    """No link and nobody else's hand in the way to what is laid out."""
    trusted = {0, os.geteuid()}
    for folder in layout.folders():
        own = trusted | {layout.owner_ids(folder.owner, folder.group)[0]} - {-1}
        _place(layout, folder.path, own)
    for file in (*layout.system_files(), *layout.own_files()):
        own = trusted | {layout.owner_ids(file.owner, file.group)[0]} - {-1}
        _place(layout, file.path.parent, own)
        _file(file.path, own)
    _file(layout.history, trusted)
    layout.current_version()


def _place(layout: Layout, path: Path, own: set[int]) -> None:
    """`path`, and every folder above it, where they are there."""
    above = [layout.root / name for name in reversed(path.relative_to(layout.root).parents)]
    for folder in (*above, path):
        try:
            told = folder.lstat()
        except FileNotFoundError:
            return
        if stat.S_ISLNK(told.st_mode):
            raise RefusedError(f"{folder} is a symbolic link; there must be a folder")
        if not stat.S_ISDIR(told.st_mode):
            raise RefusedError(f"{folder} is no folder")
        if told.st_uid not in (own if folder == path else {0, os.geteuid()}):
            raise RefusedError(f"{folder} belongs to user {told.st_uid}, who could change it")
        if told.st_mode & 0o022:
            mode = stat.S_IMODE(told.st_mode)
            raise RefusedError(f"{folder} has mode {mode:04o}: others could change it")


def _file(path: Path, own: set[int]) -> None:
    try:
        told = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(told.st_mode):
        raise RefusedError(f"{path} is no plain file; move it away")
    if told.st_uid not in own or told.st_mode & 0o022:
        raise RefusedError(f"{path}: others than root could change it")


def secrets(layout: Layout) -> list[str]:
    """What is wrong with the files of secrets; none are quoted. Whose they are counts once the
    user is there."""
    wrong = []
    owner, _ = layout.owner_ids("hotloop", "hotloop")
    for path in sorted(layout.secrets.glob("**/*")):
        told = path.lstat()
        if not stat.S_ISREG(told.st_mode):
            wrong.append(f"{path} is no plain file")
        elif stat.S_IMODE(told.st_mode) != 0o600:
            wrong.append(f"{path} has mode {stat.S_IMODE(told.st_mode):04o}; it must be 0600")
        elif owner not in (-1, told.st_uid):
            wrong.append(f"{path} belongs to user {told.st_uid}; it must be hotloop's")
    return wrong


def room(layout: Layout, release: Release) -> None:
    """Disk for the copy, the unpacked wheels, and some to spare."""
    wheels = sum(
        (release.folder / name).stat().st_size
        for name in release.files
        if name.startswith("wheels/")
    )
    needed = release.size + wheels * WHEELS_UNPACKED + SPARE_BYTES
    place = layout.opt
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < needed:
        raise RefusedError(
            f"{place}: {free >> 20} MiB are free, {needed >> 20} MiB are needed; "
            "make room (former versions may be removed)"
        )


def changed_units(layout: Layout, known: Iterable[Path]) -> None:
    """Refuses units that somebody changed. `known`: the `deploy/systemd` of versions."""
    shipped = list(known)
    for file in layout.system_files():
        if not file.path.exists():
            continue
        content = file.path.read_bytes()
        if not any(_is(folder / file.source, content) for folder in shipped):
            raise RefusedError(
                f"{file.path} was changed by hand; keep the change with `systemctl edit "
                f"{file.path.name}` and remove that file"
            )


def _is(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def running(layout: Layout, proc: Path = Path("/proc")) -> list[str]:
    """Processes whose program is one of an installed version: `pid name`."""
    place = f"{layout.opt}/"
    found = []
    for folder in proc.glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            program = str((folder / "exe").readlink())
        except OSError:
            continue  # it has just ended, or is the kernel's
        first = words[0].decode(errors="replace")
        if program.startswith(place) or first.startswith(place):
            found.append(f"{folder.name} {Path(first).name}")
    return sorted(found)
