"""The folder a run writes to: staged while it runs, put in place at its end.

`--out DIR` holds `summary.json` and `blotter.sqlite` of one run, the `report.html` made of them,
and with the Rust executor the folder `executor` with the sidecar's configuration and log. The run
works in `DIR/.running` and moves its files into place when it ends, the summary last, so that what
stands in DIR is always one whole run; the page comes after. The same run again (same command,
inputs, backends, feed and profile) replaces its former files; a different run is refused (unless
the folder is the program's own choice), as is a folder with other things under these names.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

SUMMARY: Final = "summary.json"
BLOTTER: Final = "blotter.sqlite"
REPORT: Final = "report.html"
LIVE_DRY_BLOTTER: Final = "dry-run.sqlite"
LIVE_LOCK: Final = "lock"
RELOAD: Final = "reload.json"
STAGING: Final = ".running"
EXECUTOR: Final = "executor"
PARTS: Final = "parts"
MANIFEST: Final = "manifest.json"
TOKEN: Final = "executor.token"
SIDECAR_FILES: Final = ("executor.json", "executor.log", TOKEN)
IDENTITY_KEY: Final = "run"
LAST_START: Final = "start"
"""In a live trader's summary: the `blotter` it is of, and the `run` in it."""


class OutputError(Exception):
    """The folder cannot be used; one line with the folder and the reason."""


class OutputFolder:
    """Opened before the run, `commit`ted after it, closed in any case."""

    def __init__(
        self,
        folder: Path,
        identity: Mapping[str, Any],
        shown_name: str | None = None,
        *,
        replaces_any: bool = False,
        keeps_parts: bool = False,
    ) -> None:
        """`replaces_any`: a different run there is replaced as well, not refused. `keeps_parts`:
        what is in `parts` stays until a commit that is complete."""
        self.folder = folder
        self._replaces_any = replaces_any
        self._keeps_parts = keeps_parts
        self.name = shown_name if shown_name is not None else str(folder)
        self.identity = dict(identity)
        self._lock: int | None = None  # the folder's own descriptor, locked
        if not self.name:
            raise OutputError("--out: is empty; name a folder")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise OutputError(f"--out {self.name}: is not a folder") from None
        except OSError as error:
            raise self._unwritable(error) from None
        try:
            self._take_lock()
        except OSError as error:
            raise self._unwritable(error) from None
        try:
            # Only now: another run may have been putting its files in place.
            self._check_former()
        except OutputError:
            self._unlock()
            raise
        try:
            self._clear_staging()
            (self.parts if self._keeps_parts else self.staging).mkdir(parents=True, exist_ok=True)
            for name in SIDECAR_FILES:
                for place in self._sidecar_folders():
                    (place / name).unlink(missing_ok=True)
        except OSError as error:
            self.close()
            raise self._unwritable(error) from None

    @property
    def staging(self) -> Path:
        """Where the run writes; gone after `close`."""
        return self.folder / STAGING

    @property
    def parts(self) -> Path:
        """Where a run that `keeps_parts` keeps the inputs that are finished."""
        return self.staging / PARTS

    @property
    def blotter(self) -> Path:
        """Where the blotter is written during the run."""
        return self.staging / BLOTTER

    @property
    def run_dir(self) -> Path:
        """Where the sidecar keeps its files; stays, but for the token."""
        return self.folder / EXECUTOR

    def commit(self, summary: Mapping[str, Any], *, is_complete: bool = True) -> Path:
        """Puts the closed blotter and the summary in place; returns the summary's path. Unless it
        `is_complete` the parts stay, for the same run to go on with."""
        staged = self.staging / SUMMARY
        document = {IDENTITY_KEY: self.identity, **summary}
        try:
            staged.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
            for path in (self.blotter, staged):
                sync(path)  # before the parts they were made of go
            # A summary stands only beside its own blotter, a report too: the old ones go first.
            for former in (SUMMARY, REPORT):
                (self.folder / former).unlink(missing_ok=True)
            self.blotter.replace(self.folder / BLOTTER)
            staged.replace(self.folder / SUMMARY)
        except OSError as error:
            raise self._unwritable(error) from None
        if is_complete:
            self._keeps_parts = False
        return self.folder / SUMMARY

    def put_report(self, page: bytes) -> None:
        """Puts the page made of the committed run beside it."""
        try:
            replace_file(self.folder / REPORT, page, staged=self.staging / REPORT)
        except OSError as error:
            raise self._unwritable(error) from None

    def close(self) -> None:
        """Takes the staging folder away, but for parts that are kept and not empty, and lets the
        next run in; safe to call twice."""
        if self._lock is None:
            return
        with suppress(OSError):
            self._clear_staging()
        for place in self._sidecar_folders():
            with suppress(OSError):
                (place / TOKEN).unlink(missing_ok=True)
        self._unlock()

    def _clear_staging(self) -> None:
        """Empties the staging folder and removes it, unless there are parts to keep in it."""
        if not (self._keeps_parts and self._has_parts()):
            shutil.rmtree(self.staging, ignore_errors=True)
            return
        for entry in self.staging.iterdir():
            if entry.name == PARTS:
                continue
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()

    def _has_parts(self) -> bool:
        """Whether there is anything to keep: a manifest, and something beside it."""
        manifest = self.parts / MANIFEST
        return manifest.exists() and any(path != manifest for path in self.parts.iterdir())

    def _sidecar_folders(self) -> list[Path]:
        """Where sidecars keep their files: one folder, with one in it for each worker."""
        return [self.run_dir, *(path for path in self.run_dir.glob("worker-*") if path.is_dir())]

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _check_former(self) -> None:
        """Refuses a folder that holds anything but a former run of the same identity."""
        former, unfinished = self.folder / SUMMARY, self.parts / MANIFEST
        if self._has_parts():
            self._check_identity(unfinished)
        if former.exists():
            self._check_identity(former)
        elif (self.folder / BLOTTER).exists():
            # A run that was killed while it put its files in place left its summary staged.
            staged = self.staging / SUMMARY
            if staged.exists():
                self._check_identity(staged)
            elif not unfinished.exists():
                raise OutputError(
                    f"--out {self.name}: holds a {BLOTTER} without a summary; "
                    "choose another folder or remove it"
                )

    def _check_identity(self, former: Path) -> None:
        """Refuses what the summary or manifest of a different run is of."""
        try:
            document = json.loads(former.read_text())
        except OSError as error:
            raise self._unwritable(error) from None
        except ValueError:
            document = None
        run = document.get(IDENTITY_KEY) if isinstance(document, dict) else None
        if not isinstance(run, dict):
            raise OutputError(
                f"--out {self.name}: holds a {former.name} that is not of this program; "
                "choose another folder"
            )
        different = _difference(run, self.identity)
        if different is not None and not self._replaces_any:
            key, theirs, ours = different
            raise OutputError(
                f"--out {self.name}: holds a different run ({key} {_shown(theirs)}, "
                f"not {_shown(ours)}); choose another folder or remove it"
            )

    def _take_lock(self) -> None:
        lock = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise OutputError(
                f"--out {self.name}: another run is writing there now; name another folder"
            ) from None
        self._lock = lock

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(f"--out {self.name}: cannot be written: {error.strerror}")


def replace_file(path: Path, content: bytes, *, staged: Path | None = None) -> None:
    """Puts a file in place whole, by way of `staged` on the same file system: a file of its own
    beside it unless one is named. Raises `OSError`."""
    if staged is None:
        staged = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        staged.write_bytes(content)
        staged.replace(path)
    except OSError:
        staged.unlink(missing_ok=True)
        raise


def sync(path: Path) -> None:
    """Has a file's or a folder's contents on the disk. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _difference(
    former: Mapping[str, Any], now: Mapping[str, Any], above: str = ""
) -> tuple[str, object, object] | None:
    """The first key, dotted, at which two identities differ, and both values (None: not there)."""
    for key in dict.fromkeys([*now, *former]):
        theirs, ours = former.get(key), now.get(key)
        if isinstance(theirs, Mapping) and isinstance(ours, Mapping):
            found = _difference(theirs, ours, f"{above}{key}.")
            if found is not None:
                return found
        elif theirs != ours:
            return f"{above}{key}", theirs, ours
    return None


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"
