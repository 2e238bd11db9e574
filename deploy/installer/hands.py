"""Everything that changes the machine, each act said before it is done.

A dry run is the same installer with hands that only say. Tests have hands that stop before any act.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from deploy.installer.errors import FailedError
from deploy.installer.layout import Layout

_LAST_CHARS: Final = 300


class Hands:
    """Each file comes into place whole: by a name beside it, and a rename."""

    def __init__(
        self, layout: Layout, say: Callable[[str], None], *, dry_run: bool = False
    ) -> None:
        self._layout = layout
        self._say = say
        self.dry_run = dry_run

    def begins(self, what: str) -> bool:
        """Says what is done next; whether to do it."""
        self._say(f"would {what}" if self.dry_run else what)
        return not self.dry_run

    def make_folder(self, path: Path, mode: int, owner: str, group: str) -> None:
        """Made where it is not there; mode and owner are set in any case."""
        if self.begins(f"make {path} ({mode:04o} {owner}:{group})"):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(mode)
            self._own(path, owner, group)

    def put(
        self, path: Path, content: bytes, mode: int, group: str = "root", owner: str = "root"
    ) -> None:
        """Writes a file. Owner and mode are set by its descriptor: in a folder that belongs to
        somebody else, its name may be exchanged meanwhile."""
        if self.begins(f"write {path} ({mode:04o} {owner}:{group})"):
            path.parent.mkdir(parents=True, exist_ok=True)
            staged = path.with_name(f".{path.name}.installing")
            staged.unlink(missing_ok=True)
            descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(descriptor, mode)
                if self._layout.is_system:
                    os.fchown(descriptor, *self._layout.owner_ids(owner, group))
                os.fsync(descriptor)
            staged.replace(path)

    def copy_tree(self, source: Path, names: Sequence[str], target: Path) -> None:
        """Copies these files of a folder; what could be run before can be run there, by all."""
        if self.begins(f"copy {len(names)} files to {target}"):
            for name in names:
                path = target / name
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / name, path)
                is_program = (source / name).stat().st_mode & 0o100
                path.chmod(0o755 if is_program else 0o644)
            for folder in (target, *(path for path in target.rglob("*") if path.is_dir())):
                folder.chmod(0o755)

    def move(self, source: Path, target: Path) -> None:
        if self.begins(f"move {source} to {target}"):
            source.rename(target)

    def link(self, path: Path, target: str) -> None:
        """Points a link somewhere else, in one step."""
        if self.begins(f"switch {path} to {target}"):
            staged = path.with_name(f".{path.name}.installing")
            staged.unlink(missing_ok=True)
            staged.symlink_to(target)
            staged.replace(path)

    def remove(self, path: Path) -> None:
        if self.begins(f"remove {path}"):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def run(self, *command: str | Path) -> None:
        """Raises `FailedError` with the last line of what the command says."""
        words = [str(word) for word in command]
        if not self.begins(f"run {' '.join(words)}"):
            return
        # Nothing of the caller's environment says where packages come from.
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
        try:
            done = subprocess.run(
                words,
                env=environment | {"PIP_CONFIG_FILE": os.devnull},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
        except OSError as error:
            raise FailedError(f"{words[0]} cannot be run: {error.strerror}") from None
        if done.returncode != 0:
            lines = done.stdout.decode(errors="replace").strip().splitlines() or ["it says nothing"]
            errors = [line for line in lines if line.startswith("ERROR")] or lines
            raise FailedError(
                f"{' '.join(words[:4])} … ended with code {done.returncode}:"
                f" {errors[-1][-_LAST_CHARS:]}"
            )

    def _own(self, path: Path, owner: str, group: str) -> None:
        if self._layout.is_system:
            shutil.chown(path, owner, group)
