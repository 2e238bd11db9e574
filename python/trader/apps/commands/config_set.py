"""`trader config set KEY=VALUE… --profile P`: edits a profile's file, when the whole stays valid.

The file is exchanged for the new one in one step, with the same mode, so that whoever reads it
(`trader reload`) finds the one or the other.
"""

from __future__ import annotations

import argparse
import difflib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from trader.apps.arguments import ArgumentError, user_path
from trader.apps.commands.common import edge_files_of, profile_of
from trader.config.editing import edited, setting
from trader.config.loading import ConfigError, load, profile_path, repository_root
from trader.config.tree import Problem

DONE: Final = 0
INVALID: Final = 2


def run(arguments: argparse.Namespace) -> int:
    """Exit code 0 when it was written (or would be, with `--dry-run`), 2 with nothing changed when
    it is not valid; then every problem is printed. Raises `ConfigError`, `ArgumentError`."""
    profile = profile_of(arguments.profile)
    if profile is None:
        raise ArgumentError("say which profile's file to edit: --profile P")
    path = profile_path(profile, repository_root() / "configs")
    before = _read(path)
    after = edited(before, str(path), [setting(one) for one in arguments.settings])
    try:
        load(
            profile,
            arguments.overrides,
            edge_files=edge_files_of(arguments),
            working_dir=user_path(""),
            instead={path: after.encode()},
        )
    except ConfigError as error:
        for problem in error.problems:
            print(f"trader: {problem}", file=sys.stderr)
        print("trader: nothing was changed", file=sys.stderr)
        return INVALID
    if after == before:
        print(f"{path}: is so already")
        return DONE
    _show(before, after, str(path))
    if not arguments.dry_run:
        _write(path, after)
    return DONE


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise _problem(path, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _problem(path, "is not UTF-8 text") from None


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and on the disk when this returns; through a link into its target."""
    target = path.resolve()
    staged: str | None = None
    try:
        handle, staged = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(target, staged)
        there = target.stat()
        if (there.st_uid, there.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(staged, there.st_uid, there.st_gid)
        Path(staged).replace(target)
    except OSError as error:
        if staged is not None:
            Path(staged).unlink(missing_ok=True)
        raise _problem(path, f"cannot be written: {error.strerror}") from None


def _show(before: str, after: str, name: str) -> None:
    old, new = before.splitlines(), after.splitlines()
    for line in difflib.unified_diff(old, new, name, name, lineterm="", n=1):
        print(line)


def _problem(path: Path, wrong: str) -> ConfigError:
    return ConfigError([Problem(str(path), "", wrong, "")])
