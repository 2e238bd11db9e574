"""Which versions of trader, executor, configuration and class `Hotloop` work together.

The rules are those of proto_wire/SPEC.md (S2, V4, V5). proto_wire/compatibility.yaml holds what
they come to for every pair that was ever published; tests/compat holds one against the other, and
the programs against both.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from trader import __version__
from trader.config.loading import repository_root
from trader.execution.interfaces.messages import BUNDLE_VERSION, WIRE_VERSION
from trader.strategy.hotloop.interface import API_VERSION

WORKS: Final = "works"
REFUSED: Final = "refused:"
UPGRADE: Final = "docs/upgrade.md says what goes with what, and in which order to upgrade"
VERSION_TIMEOUT_S: Final = 10.0

_EXECUTOR_LINE: Final = re.compile(
    r"executor (?P<version>\S+) "
    r"\(wire (?P<wire>\d+(?:, \d+)*); bundles (?P<bundles>\d+(?:, \d+)*)\)"
)


class UnknownVersionError(Exception):
    """A program does not say which version it is; one line that names it and why."""


class IncompatibleError(Exception):
    """Two versions do not work together; `code` is the one of the matrix."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code: Final = code
        self.what: Final = message


@dataclass(frozen=True, slots=True)
class ExecutorVersions:
    """What an executor says of itself: `executor --version`."""

    version: str
    wire_versions: tuple[int, ...]
    bundle_versions: tuple[int, ...]

    @classmethod
    def read(cls, line: str) -> ExecutorVersions:
        """Raises `ValueError` for a line of something else."""
        found = _EXECUTOR_LINE.fullmatch(line.strip())
        if found is None:
            raise ValueError(f"not the version line of an executor: {line.strip()[:80]!r}")
        wire, bundles = (_numbers(found[name]) for name in ("wire", "bundles"))
        return cls(found["version"], wire, bundles)


def ask_executor(binary: Path, timeout_s: float = VERSION_TIMEOUT_S) -> ExecutorVersions:
    """What a binary says of itself. Raises `UnknownVersionError`; it is not running any more
    then."""
    try:
        done = subprocess.run(
            [binary, "--version"],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
            check=True,
        )
        return ExecutorVersions.read(done.stdout.decode(errors="replace"))
    except subprocess.TimeoutExpired:
        why = f"no answer within {timeout_s:g} s"
    except subprocess.CalledProcessError as error:
        why = f"it ended with code {error.returncode}"
    except OSError as error:
        why = error.strerror or str(error)
    except ValueError as error:
        why = str(error)
    raise UnknownVersionError(f"{binary} --version: {why}")


def check_installed(binary: Path, bundle: int) -> ExecutorVersions:
    """That this trader, with a configuration of that version, works with that executor.

    Raises `IncompatibleError` with one line that names both versions and what to do, and
    `UnknownVersionError`.
    """
    versions = ask_executor(binary)
    try:
        check_executor((WIRE_VERSION,), bundle, versions.wire_versions, versions.bundle_versions)
    except IncompatibleError as error:
        raise IncompatibleError(
            error.code,
            f"trader {__version__} does not work with executor {versions.version} ({binary}): "
            f"{error.what}; install both from one release ({UPGRADE})",
        ) from None
    return versions


def check_executor(
    offered: Collection[int], bundle: int, spoken: Collection[int], taken: Collection[int]
) -> None:
    """A trader that offers these wire versions with a configuration of this bundle version, at an
    executor that speaks and takes those. Raises `IncompatibleError` with HELLO's code."""
    if not set(offered) & set(spoken):
        what = f"the trader offers wire {_list(offered)}, the executor speaks {_list(spoken)}"
        raise IncompatibleError("UNSUPPORTED_WIRE", what)
    if bundle not in taken:
        what = f"the configuration is of version {bundle}, the executor takes {_list(taken)}"
        raise IncompatibleError("UNSUPPORTED_BUNDLE", what)


def matrix_path() -> Path:
    """Where this trader's compatibility.yaml is."""
    return repository_root() / "proto_wire" / "compatibility.yaml"


@dataclass(frozen=True, slots=True)
class Matrix:
    """compatibility.yaml: `releases` newest last, the rows of `wire` and `hotloop`."""

    releases: list[dict[str, Any]]
    wire: list[dict[str, Any]]
    hotloop: list[dict[str, Any]]

    @classmethod
    def read(cls, path: Path) -> Matrix:
        """Raises `OSError`, and `ValueError` for a file of another form."""
        parsed = yaml.safe_load(path.read_bytes())
        try:
            return cls(**parsed)
        except TypeError as error:
            raise ValueError(f"{path}: {error}") from None


def this_release() -> dict[str, Any]:
    """The row of `releases` that this trader is."""
    return {
        "version": __version__,
        "wire_versions": [WIRE_VERSION],
        "bundle_version": BUNDLE_VERSION,
        "hotloop_api": API_VERSION,
    }


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(", "))


def _list(numbers: Collection[int]) -> str:
    return " and ".join(str(number) for number in sorted(numbers))
