"""The wheel under test, and what its check needs: virtual environments, its files, its symbols."""

import functools
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from wheel_by_script import built_by_script

MODULE = "hotloop/hotloop.abi3.so"


@functools.cache
def wheel_under_test(scratch: Path) -> Path:
    """The wheel of `HOTLOOP_WHEEL`; without it, the one that scripts/build_hotloop.sh makes."""
    given = os.environ.get("HOTLOOP_WHEEL")
    return Path(given).absolute() if given else built_by_script(scratch)


def contents(wheel: Path) -> dict[str, bytes]:
    """Its files by name."""
    with ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def in_dist_info(files: dict[str, bytes], name: str) -> str:
    """The one file `*.dist-info/<name>`, as text."""
    (found,) = (file for file in files if file.endswith(f".dist-info/{name}"))
    return files[found].decode()


def metadata(files: dict[str, bytes]) -> Message:
    return Parser().parsestr(in_dist_info(files, "METADATA"))


def newest_python() -> str | None:
    """The newest CPython with the GIL on the path that is newer than the oldest supported."""
    for minor in range(30, 11, -1):
        found = shutil.which(f"python3.{minor}")
        if found is not None:
            free = "import sysconfig; print(sysconfig.get_config_var('Py_GIL_DISABLED') or 0)"
            if run(found, "-I", "-c", free).strip() == "0":
                return found
    return None


def run(*command: str | Path, expect: int = 0, **options: Any) -> str:
    """The output of a command; an assertion with all it said where its exit code is another."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == expect, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the wheel in it and nothing else."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin/python"

    def runs(self, program: str) -> Any:
        """What `program` prints, as JSON; it sees the environment and nothing around it."""
        return json.loads(run(self.python, "-I", "-c", program, cwd=self.folder))


def installed(python: str, wheel: Path, folder: Path) -> Environment:
    """Installs the wheel with pip into a new virtual environment; no index may be asked."""
    run(python, "-I", "-m", "venv", "--without-pip", folder)
    environment = Environment(folder)
    # The build root's Python has no pip: ours works on the other environment, alone on the path.
    pip = importlib.util.find_spec("pip")
    assert pip is not None
    assert pip.origin is not None
    variables = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    run(
        *(sys.executable, "-m", "pip", "--python", environment.python, "--isolated"),
        *("install", "--quiet", "--no-index", "--no-cache-dir", wheel),
        env={**variables, "PYTHONPATH": str(Path(pip.origin).parents[1])},
    )
    return environment


@dataclass(frozen=True)
class Imports:
    """What a compiled module asks for when it is loaded."""

    libraries: frozenset[str]
    symbols: frozenset[str]
    """Names without their versions."""
    glibc: tuple[int, ...]
    """The newest version of glibc that one of them names."""


def imports(module: Path) -> Imports:
    dynamic = run("readelf", "--dynamic", "--wide", module)
    table = run("readelf", "--dyn-syms", "--wide", module)
    wanted = re.findall(r" UND (\S+)", table)
    versions = re.findall(r"@GLIBC_([\d.]+)", " ".join(wanted))
    return Imports(
        libraries=frozenset(re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic)),
        symbols=frozenset(name.split("@")[0] for name in wanted),
        glibc=max(tuple(map(int, version.split("."))) for version in versions),
    )
