"""A folder of packages for each contestant, with nothing in it that it did not ask for.

Peers are installed from their locks into the cache, once; ours anew in every run, from the wheel of
this tree. One environment for all of them would settle on versions that suit none.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.contestants import Contestant
from tests.bench.errors import CannotStartError
from tests.bench.locks import Lock, peer_lock
from trader.execution.interfaces.executor import ExecutorStartError
from trader.execution.supervisor import find_binary

Say = Callable[[str], None]

ENGINE_NEEDS: Final = ("msgspec", "prometheus_client", "yaml")
"""Packages that the engine imports, beside the trader and the extension."""


@dataclass(frozen=True)
class Environment:
    sites: tuple[Path, ...]
    """All there is to import from, beside the standard library."""
    version: str
    """What the worker must find; for the reference, what it is called."""


class Environments:
    """Makes what is asked for and remembers it for this run."""

    def __init__(self, cache: Path, work: Path, wheel: Path | None, say: Say) -> None:
        self._cache, self._work, self._wheel, self._say = cache, work, wheel, say
        self._made: dict[str, Path] = {}

    def of(self, contestant: Contestant) -> Environment:
        name = contestant.environment
        if name == "reference":
            return Environment((_reference_root(),), "of this tree")
        if name == "hotloop":
            return self.hotloop()
        if name == "engine":
            return self.engine(sidecar=contestant.options.get("execution") == "rust")
        lock = peer_lock(name)
        if name not in self._made:
            self._made[name] = self._peer(name, lock)
        assert contestant.distribution is not None
        return Environment((self._made[name],), lock.version(contestant.distribution))

    def hotloop(self) -> Environment:
        if self._wheel is None or not self._wheel.is_file():
            raise CannotStartError(
                "no wheel of hotloop here: run it with ./bazelw run //tests/bench"
            )
        named = re.match(r"hotloop-([^-]+)-", self._wheel.name)
        assert named is not None, self._wheel.name
        if "hotloop" not in self._made:
            target = self._work / "hotloop"
            _pip_install(["--no-index", str(self._wheel)], target, "hotloop")
            self._made["hotloop"] = target
        return Environment((self._made["hotloop"],), named[1])

    def engine(self, *, sidecar: bool) -> Environment:
        """The trader of this tree with the extension of the wheel, which comes first; its packages
        are those of this process. `sidecar`: the executor's binary must be there, too."""
        if sidecar:
            try:
                find_binary()
            except ExecutorStartError as error:
                raise CannotStartError(f"{error}: leave out what needs it with --only") from None
        ours = self.hotloop()
        needs = dict.fromkeys(map(_site_of, ENGINE_NEEDS))
        return Environment((*ours.sites, _reference_root(), *needs), ours.version)

    def _peer(self, name: str, lock: Lock) -> Path:
        folder = self._cache / f"{name}-{lock.digest}"
        if folder.is_dir():
            return folder
        self._say(f"installing {name}: {len(lock.pins)} packages into {folder}")
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=self._cache))
        except OSError as error:
            raise CannotStartError(
                f"{self._cache}: {error.strerror}: choose another with --envs"
            ) from None
        try:
            pinned = ["--require-hashes", "--only-binary", ":all:", "-r", str(lock.path)]
            _pip_install(pinned, temporary, name)
            try:
                temporary.rename(folder)
            except OSError:
                # Another run was quicker; what it made is the same.
                if not folder.is_dir():
                    raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return folder


def _pip_install(what: list[str], target: Path, name: str) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-input"]
    quiet = ["--disable-pip-version-check", "--no-warn-script-location"]
    done = subprocess.run(
        [*pip, *quiet, "--target", str(target), *what],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        why = said[0].removeprefix("ERROR: ") if said else done.stderr.strip()[-200:]
        raise CannotStartError(f"pip cannot install {name} ({why}): leave it out with --only")


def _site_of(module: str) -> Path:
    """The folder that a package of this process is imported from."""
    spec = importlib.util.find_spec(module)
    assert spec is not None and spec.origin is not None, module
    return Path(spec.origin).parents[1]


def _reference_root() -> Path:
    spec = importlib.util.find_spec("trader.strategy.hotloop.reference")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parents[3]
