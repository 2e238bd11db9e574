"""`trader compat`: what works with what, and whether what is installed here does."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from trader import __version__
from trader.apps.arguments import ArgumentError, user_path
from trader.apps.commands.common import configured
from trader.apps.interrupt import Interrupt
from trader.compatibility import (
    REFUSED,
    WORKS,
    IncompatibleError,
    Matrix,
    UnknownVersionError,
    ask_executor,
    check_executor,
    matrix_path,
    this_release,
)
from trader.config.schema import Config
from trader.execution.interfaces.executor import ExecutorStartError
from trader.execution.interfaces.messages import BUNDLE_VERSION, WIRE_VERSION
from trader.execution.supervisor import find_binary
from trader.session import StartError
from trader.strategy.hotloop.api import Hotloop, UnsupportedHotloopError
from trader.strategy.hotloop.interface import API_VERSION

NOT_INSTALLED: Final = "not installed"


@dataclass(frozen=True, slots=True)
class Found:
    """One part that is installed here, or not."""

    part: str
    versions: str
    outcome: str
    is_used: bool
    """The configuration asks for it."""

    @property
    def is_well(self) -> bool:
        return self.outcome == WORKS or (self.outcome == NOT_INSTALLED and not self.is_used)


def run(arguments: argparse.Namespace, _interrupt: Interrupt) -> int:
    """Exit code 0 when everything installed works together and nothing the configuration asks for
    is missing, 1 when not."""
    config = configured(arguments)
    named = arguments.executor
    found = [*_hotloops(config), _executor(config, user_path(named) if named else None)]
    matrix = _matrix()
    if arguments.json:
        print(json.dumps(_as_json(found, matrix), indent=2))
    else:
        _print(found, matrix)
    return 0 if all(part.is_well for part in found) else 1


def _hotloops(config: Config) -> Iterator[Found]:
    for backend in ("rust", "python"):
        part, used = f"Hotloop, {backend}", config.hotloop.backend == backend
        try:
            book = Hotloop(config.hotloop.seam_config(), rust=backend == "rust")
        except UnsupportedHotloopError as error:
            yield Found(part, str(error), f"{REFUSED}{error.code}", used)
        except ImportError:
            yield Found(part, "", NOT_INSTALLED, used)
        else:
            yield Found(part, f"API {book.capabilities()['api_version']}", WORKS, used)


def _executor(config: Config, named: Path | None) -> Found:
    """Raises `ArgumentError` for a binary that was named and cannot be asked, `StartError` for one
    that was found and cannot."""
    part, used = "executor", config.execution.backend == "rust"
    try:
        binary = named if named is not None else find_binary()
    except ExecutorStartError:
        return Found(part, "", NOT_INSTALLED, used)
    try:
        versions = ask_executor(binary)
    except UnknownVersionError as error:
        why = str(error)
        raise (ArgumentError(why) if named is not None else StartError(why)) from None
    wire, bundles = _list(versions.wire_versions), _list(versions.bundle_versions)
    shown = f"{versions.version}: wire {wire}, configurations {bundles}"
    try:
        check_executor(
            (WIRE_VERSION,),
            config.bundle_version,
            versions.wire_versions,
            versions.bundle_versions,
        )
    except IncompatibleError as error:
        return Found(part, shown, f"{REFUSED}{error.code}", used)
    return Found(part, shown, WORKS, used)


def _matrix() -> Matrix:
    path = matrix_path()
    try:
        return Matrix.read(path)
    except OSError as error:
        raise StartError(f"{path} cannot be read: {error.strerror}") from None


def _as_json(found: list[Found], matrix: Matrix) -> dict[str, Any]:
    return {
        "trader": this_release(),
        "installed": [asdict(part) for part in found],
        "releases": matrix.releases,
        "wire": matrix.wire,
        "hotloop": matrix.hotloop,
    }


def _print(found: list[Found], matrix: Matrix) -> None:
    print(
        f"trader {__version__}: wire {WIRE_VERSION}, configuration {BUNDLE_VERSION}, "
        f"Hotloop API {API_VERSION}"
    )
    for part in found:
        used = ", used" if part.is_used else ""
        print(f"  {part.part:<17} {part.versions:<36} {part.outcome}{used}")
    print("\nTrader and executor: what HELLO answers")
    print(f"  {'trader offers':<14} {'executor speaks':<16} {'configuration':<14} {'takes':<7}")
    for row in matrix.wire:
        print(
            f"  {_list(row['trader']):<14} {_list(row['executor']):<16} {row['bundle']:<14} "
            f"{_list(row['takes']):<7} {row['outcome']}"
        )
    print("\nTrader and class Hotloop: what the start answers")
    for row in matrix.hotloop:
        api, bundle = f"API {row['hotloop_api']}", f"configuration {row['bundle']}"
        print(f"  {api:<14} {bundle:<16} {row['outcome']}")


def _list(numbers: list[int] | tuple[int, ...]) -> str:
    return ", ".join(str(number) for number in numbers)
