"""Install, roll back, check, uninstall: each can be stopped anywhere and run again."""

from __future__ import annotations

import fcntl
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from deploy.installer import checks, release
from deploy.installer.errors import FailedError, RefusedError
from deploy.installer.hands import Hands
from deploy.installer.layout import COMPLETE, KEPT_VERSIONS, UNITS, Copied, Layout
from deploy.installer.release import Release

_SYSTEMD: Final = Path("/run/systemd/system")
_STAGED: Final = ".installing"


@contextmanager
def locked(layout: Layout, hands: Hands) -> Iterator[None]:
    """One installer at a time. Raises `RefusedError`."""
    if hands.dry_run or not layout.opt.is_dir():
        yield
        return
    descriptor = os.open(layout.opt, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise RefusedError(f"{layout.opt}: another installer is at work") from None
    finally:
        os.close(descriptor)


def install(
    layout: Layout, source: Release, hands: Hands, *, while_running: bool = False
) -> list[str]:
    """Lays `source` out and switches to it; what to do next, in lines.

    With `while_running` and a trader at work everything is laid out but nothing switched: what runs
    loads modules by way of `current` until it ends. Raises `RefusedError`, `FailedError`.
    """
    checks.places(layout)
    _refuse_secrets(layout)
    checks.changed_units(layout, [*_shipped(layout), source.folder / "deploy/systemd"])
    _refuse_same_name(layout, source)
    checks.room(layout, source)
    working = checks.running(layout)
    if working and not while_running:
        raise RefusedError(
            f"a trader is running ({', '.join(working)}): stop it (systemctl stop hotloop.target), "
            "or lay the version out without switching to it (--while-running)"
        )
    _make_user(layout, source, hands)
    for folder in layout.folders():
        uid, gid = layout.owner_ids(folder.owner, folder.group)
        if not _is_as(folder.path, folder.mode, uid, gid):
            hands.make_folder(folder.path, folder.mode, folder.owner, folder.group)
    with locked(layout, hands):
        _lay_out(layout, source, hands)
        for file in layout.own_files():
            _put_own(file, source, hands)
        if working:
            return [f"{source.version} is laid out, and not in use: a trader is running",
                    "once it has stopped, run the same again"]  # fmt: skip
        # Laying out takes a while, in which systemd may have started one again.
        working = checks.running(layout)
        if working:
            raise FailedError(
                f"a trader was started meanwhile ({', '.join(working)}): {source.version} is laid "
                "out, and not in use; stop it (systemctl stop hotloop.target)"
            )
        _switch(layout, source.version, source.folder, hands)
        _prune(layout, hands)
    return _next_steps(layout)


def rollback(layout: Layout, hands: Hands) -> list[str]:
    """Switches to the version before the current one. Raises `RefusedError`, `FailedError`."""
    checks.places(layout)
    _refuse_running(layout)
    versions, current = layout.versions(), layout.current_version()
    if current not in versions or versions.index(current) == 0:
        kept = ", ".join(versions) or "none"
        raise RefusedError(f"no version before {current or 'the first'} is kept (there: {kept})")
    former = versions[versions.index(current) - 1]
    checks.changed_units(layout, _shipped(layout))
    with locked(layout, hands):
        _switch(layout, former, layout.version(former), hands, is_new=False)
    return [f"{former} is in use again, {current} is kept", "systemctl start hotloop.target"]


def check(layout: Layout) -> list[str]:
    """What differs from what was laid out, a line each."""
    wrong = []
    for folder in layout.folders():
        uid, gid = layout.owner_ids(folder.owner, folder.group)
        if not _is_as(folder.path, folder.mode, uid, gid):
            wanted = f"{folder.mode:04o} {folder.owner}:{folder.group}"
            wrong.append(f"{folder.path} is {_shown(folder.path)}; it was laid out {wanted}")
    current = layout.current_version()
    if current is None:
        return [*wrong, f"{layout.current} is not there: no version is in use"]
    there = layout.version(current)
    if not (there / COMPLETE).is_file():
        return [*wrong, f"{there} is not there in whole; install that version again"]
    wrong += [f"{there}: {one}" for one in release.differences(there)]
    for file in (*layout.system_files(), *layout.own_files()):
        uid, gid = layout.owner_ids(file.owner, file.group)
        if not _is_as(file.path, file.mode, uid, gid):
            wanted = f"{file.mode:04o} {file.owner}:{file.group}"
            wrong.append(f"{file.path} is {_shown(file.path)}; it was laid out {wanted}")
    for file in layout.system_files():
        shipped = there / "deploy/systemd" / file.source
        if file.path.is_file() and file.path.read_bytes() != shipped.read_bytes():
            wrong.append(f"{file.path} was changed by hand")
    return wrong + checks.secrets(layout)


def uninstall(layout: Layout, hands: Hands) -> list[str]:
    """Removes programs and units; configuration, secrets and state stay. Raises `RefusedError`."""
    checks.places(layout)
    _refuse_running(layout)
    with locked(layout, hands):
        # Of units that are not there, as after a call that was stopped, systemctl knows nothing.
        units = [f.path.name for f in layout.system_files()[: len(UNITS)] if f.path.exists()]
        if units and layout.is_system and _SYSTEMD.is_dir():
            hands.run("systemctl", "disable", *units)
        for file in layout.system_files():
            if file.path.exists():
                hands.remove(file.path)
        _reload(layout, hands)
        if layout.current.is_symlink():
            hands.remove(layout.current)
        if layout.opt.exists():
            hands.remove(layout.opt)
    return [f"{layout.etc} (with secrets), {layout.state} and the user hotloop are kept",
            "remove them by hand once nothing in the journal is open (trader orders)"]  # fmt: skip


# --- steps --------------------------------------------------------------------------------------


def _make_user(layout: Layout, source: Release, hands: Hands) -> None:
    if layout.is_system and -1 in layout.owner_ids("hotloop", "hotloop"):
        hands.run("systemd-sysusers", source.folder / "deploy/systemd/hotloop.sysusers.conf")


def _lay_out(layout: Layout, source: Release, hands: Hands) -> None:
    """The version's folder with its virtual environment. The environment knows its place by its
    path, so it is made where it stays; a folder without its last file was never finished."""
    target = layout.version(source.version)
    if (target / COMPLETE).is_file() and not release.differences(target):
        return
    staged = layout.opt / f".{source.version}{_STAGED}"
    for left in (staged, target):
        if left.exists():
            hands.remove(left)
    hands.copy_tree(source.folder, [*source.files, release.SUMS], staged)
    if not hands.dry_run and (wrong := release.differences(staged)):
        raise FailedError(f"{staged}: {wrong[0]}: the copy is not what was checked")
    hands.move(staged, target)
    python = target / "venv/bin/python"
    hands.run(sys.executable, "-m", "venv", target / "venv")
    hands.run(
        *(python, "-m", "pip", "install", "--isolated", "--disable-pip-version-check"),
        *("--no-index", "--find-links", target / "wheels", "--no-cache-dir", "--only-binary=:all:"),
        *("--require-hashes", "-r", target / "requirements.txt"),
    )
    hands.run(python, "-m", "compileall", "-q", target / "python")
    hands.put(target / COMPLETE, b"", 0o644)


def _put_own(file: Copied, source: Release, hands: Hands) -> None:
    """The first time as it is; later a default that differs is put beside."""
    content = (source.folder / "deploy/systemd" / file.source).read_bytes()
    beside = file.path.with_name(f"{file.path.name}.new")
    if not file.path.exists():
        hands.put(file.path, content, file.mode, file.group, file.owner)
    elif file.path.read_bytes() != content:
        if not beside.is_file() or beside.read_bytes() != content:
            hands.put(beside, content, file.mode, file.group, file.owner)
    elif beside.exists():
        hands.remove(beside)


def _switch(layout: Layout, name: str, folder: Path, hands: Hands, *, is_new: bool = True) -> None:
    """Units first: nothing is started by them, and a stop in between is mended by the next call."""
    for file in layout.system_files():
        content = (folder / "deploy/systemd" / file.source).read_bytes()
        if not file.path.exists() or file.path.read_bytes() != content:
            hands.put(file.path, content, file.mode)
    _reload(layout, hands)
    history = layout.versions()
    if is_new and history[-1:] != [name]:
        lines = [*(one for one in history if one != name), name]
        hands.put(layout.history, "".join(f"{one}\n" for one in lines).encode(), 0o644)
    if layout.current_version() != name:
        hands.link(layout.current, name)


def _reload(layout: Layout, hands: Hands) -> None:
    if layout.is_system and _SYSTEMD.is_dir():
        hands.run("systemctl", "daemon-reload")


def _prune(layout: Layout, hands: Hands) -> None:
    """The last versions are kept, and what was never finished goes."""
    kept = {*layout.versions()[-KEPT_VERSIONS:], layout.current_version(), layout.current.name}
    if hands.dry_run:
        return  # what is there now is not what would be there then
    for path in sorted(layout.opt.iterdir()):
        is_ours = path.name.endswith(_STAGED) or (path / release.SUMS).is_file()
        if is_ours and path.name not in kept:
            hands.remove(path)


# --- looking ------------------------------------------------------------------------------------


def _shipped(layout: Layout) -> list[Path]:
    return [path / "deploy/systemd" for path in layout.opt.glob("*") if not path.is_symlink()]


def _refuse_same_name(layout: Layout, source: Release) -> None:
    """Another content under a name that is there, or the same to be made anew below who uses it."""
    target = layout.version(source.version)
    if not (target / COMPLETE).is_file():
        return
    if (target / release.SUMS).read_bytes() != (source.folder / release.SUMS).read_bytes():
        raise RefusedError(
            f"{target} is there with other content; a release is never changed under its name"
        )
    wrong = release.differences(target)
    if wrong and layout.current_version() == source.version:
        raise RefusedError(f"{target}: {wrong[0]}, and it is in use; roll back, then install")


def _refuse_secrets(layout: Layout) -> None:
    wrong = checks.secrets(layout)
    if wrong:
        raise RefusedError(wrong[0])


def _refuse_running(layout: Layout) -> None:
    working = checks.running(layout)
    if working:
        raise RefusedError(
            f"a trader is running ({', '.join(working)}): stop it (systemctl stop hotloop.target)"
        )


def _is_as(path: Path, mode: int, uid: int, gid: int) -> bool:
    try:
        told = path.lstat()
    except FileNotFoundError:
        return False
    return (stat.S_IMODE(told.st_mode), told.st_uid, told.st_gid) == (mode, uid, gid)


def _shown(path: Path) -> str:
    try:
        told = path.lstat()
    except FileNotFoundError:
        return "missing"
    return f"{stat.S_IMODE(told.st_mode):04o} {told.st_uid}:{told.st_gid}"


def _next_steps(layout: Layout) -> list[str]:
    return [
        "installed; nothing was started. Next:",
        f"  1. secrets, each a file of mode 0600 of the user hotloop: {layout.secrets}",
        f"  2. what is traded: {layout.etc / 'profiles/live.yaml'} (a dry run until you change it)",
        f"  3. {layout.current}/bin/trader config check --profile {layout.etc}/profiles/live.yaml",
        "  4. systemctl enable hotloop.target hotloop-trader hotloop-executor",
        "  5. systemctl start hotloop.target; journalctl -fu 'hotloop-*'",
    ]
