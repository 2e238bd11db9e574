"""Where everything lies on a machine, and with which owners and modes."""

from __future__ import annotations

import grp
import os
import pwd
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.installer.errors import RefusedError

USER: Final = "hotloop"
KEPT_VERSIONS: Final = 3
COMPLETE: Final = ".complete"
"""The file in a version's folder that is written last."""
VERSION_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}")
UNITS: Final = ("hotloop-trader.service", "hotloop-executor.service", "hotloop.target")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as it has to be; `owner` and `group` are names."""

    path: Path
    mode: int
    owner: str = "root"
    group: str = "root"


@dataclass(frozen=True, slots=True)
class Copied:
    """A file that a release lays out: from its `deploy/systemd`, to `path`."""

    source: str
    path: Path
    mode: int
    group: str = "root"
    owner: str = "root"


@dataclass(frozen=True, slots=True)
class Layout:
    """All of it below `root`. Below any other than `/` everything belongs to whoever installs, and
    no command of the system is called."""

    root: Path

    @property
    def is_system(self) -> bool:
        return self.root == Path("/")

    @property
    def opt(self) -> Path:
        return self.root / "opt/hotloop"

    @property
    def current(self) -> Path:
        return self.opt / "current"

    @property
    def history(self) -> Path:
        """The versions that were switched to, a line each, the last one last."""
        return self.opt / "history"

    @property
    def etc(self) -> Path:
        return self.root / "etc/hotloop"

    @property
    def secrets(self) -> Path:
        return self.etc / "secrets"

    @property
    def state(self) -> Path:
        return self.root / "var/lib/hotloop"

    def folders(self) -> list[Folder]:
        """Parents first."""
        return [
            Folder(self.opt, 0o755),
            Folder(self.etc, 0o750, group=USER),
            Folder(self.etc / "profiles", 0o750, USER, USER),
            Folder(self.secrets, 0o700, USER, USER),
            Folder(self.state, 0o700, USER, USER),
        ]

    def system_files(self) -> list[Copied]:
        """What is the release's, replaced with each version."""
        units = [Copied(name, self.root / "etc/systemd/system" / name, 0o644) for name in UNITS]
        return [
            *units,
            Copied("hotloop.sysusers.conf", self.root / "etc/sysusers.d/hotloop.conf", 0o644),
            Copied("hotloop.tmpfiles.conf", self.root / "etc/tmpfiles.d/hotloop.conf", 0o644),
        ]

    def own_files(self) -> list[Copied]:
        """What belongs to the people here once it is there, and is never replaced."""
        return [
            Copied("hotloop.env", self.etc / "hotloop.env", 0o640, USER),
            Copied("live.yaml", self.etc / "profiles/live.yaml", 0o640, USER, USER),
        ]

    def version(self, name: str) -> Path:
        """A version's folder."""
        return self.opt / name

    def current_version(self) -> str | None:
        """The version in use. Raises `RefusedError` when `current` is something else than a link to
        one."""
        if not self.current.is_symlink():
            if self.current.exists():
                raise RefusedError(f"{self.current} is no symbolic link; move it away")
            return None
        name = str(self.current.readlink())
        if not VERSION_NAME.fullmatch(name):
            raise RefusedError(f"{self.current} leads to {name!r}, which is no version beside it")
        return name

    def versions(self) -> list[str]:
        """The complete versions that were switched to and are still there, the newest last."""
        try:
            names = self.history.read_text().split()
        except FileNotFoundError:
            return []
        return [
            name
            for name in names
            if VERSION_NAME.fullmatch(name) and (self.version(name) / COMPLETE).is_file()
        ]

    def owner_ids(self, owner: str, group: str) -> tuple[int, int]:
        """Numbers of the names; -1 for a user that is not there yet."""
        if not self.is_system:
            return os.getuid(), os.getgid()
        try:
            uid = pwd.getpwnam(owner).pw_uid
        except KeyError:
            uid = -1
        try:
            gid = grp.getgrnam(group).gr_gid
        except KeyError:
            gid = -1
        return uid, gid
