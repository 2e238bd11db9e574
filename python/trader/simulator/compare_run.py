"""A run's folder as `trader compare` reads it: the summary, and the blotter opened read-only.

What cannot be compared is refused here: a folder that holds no whole run, and two runs that could
not be equal whatever the backends did (other inputs, another profile or configuration).
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from trader.execution.blotter import BATCH_ROWS
from trader.execution.blotter_schema import SCHEMA_VERSION
from trader.simulator.output import BLOTTER, STAGING, SUMMARY
from trader.strategy.hotloop.comparison import ABSOLUTE, RELATIVE

HOW_IT_RAN: Final = (
    *("hotloop.enabled", "hotloop.rust", "hotloop.emit", "book_builder"),
    *("execution.backend", "execution.transport", "execution.host", "execution.port"),
    *("execution.spin_us", "execution.log", "monitoring", "report"),
    *("simulator.feed", "simulator.demo.speed", "simulator.max_logged_seam_errors"),
    "edge_files",  # where they lie; what is in them is `own_edges`
)
"""Configuration that says with what a run is made, how fast and how observed: it may differ."""

_AGAIN: Final = "make it anew (trader replay FILE… --out DIR)"
_ABSENT: Final = "absent"


class CompareError(Exception):
    """Nothing can be compared; one line with the folder, the reason and what to do."""


class RunIdentity(msgspec.Struct, frozen=True):
    """What the folder's run was made of, and with what."""

    command: str
    inputs: list[str]
    hotloop: str
    execution: str
    feed: str
    profile: str


class InputCounts(msgspec.Struct, frozen=True):
    """One input of the summary; `results` are its markets' (P&L in account currency)."""

    lines: int
    runner_changes: int
    markets: int
    results: list[dict[str, Any]]


class Profit(msgspec.Struct, frozen=True):
    """Account currency."""

    gross: float
    commission: float
    net: float


class Durations(msgspec.Struct, frozen=True):
    """Percentiles in the unit of the summary's key."""

    count: int
    p50: float
    p95: float
    p99: float


class RunSummaryFile(msgspec.Struct, frozen=True):
    """What of `summary.json` is compared by name; the rest is compared as it stands."""

    run: RunIdentity
    version: str
    interrupted: bool
    executor_lost: str | None
    seam_lost: str | None
    lines: int
    runner_changes: int
    markets: int
    intents_by_action: dict[str, int]
    intents_per_minute_by_edge: dict[str, float | None]
    replace_place_ratio: float | None
    fee_share: float | None
    refused_by_reason: dict[str, int]
    cancels_by_reason: dict[str, int]
    rejects_by_code: dict[str, int]
    reports_by_status: dict[str, int]
    fills: int
    matched_stake: float
    pnl: Profit
    inputs: list[InputCounts]
    apply_delta_ns: Durations
    decision_us: Durations
    pfill_ttf_ns: Durations | None


@dataclass(frozen=True, slots=True)
class ReplayedRun:
    """One whole run. `name` is the folder as the person wrote it."""

    name: str
    summary: RunSummaryFile
    document: dict[str, Any]
    """The summary as it stands in the file."""
    config: dict[str, Any]
    blotter: sqlite3.Connection

    def select(self, query: str, values: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """The blotter's rows of a query. Raises `CompareError` where the file cannot be read."""
        return _selected(self.blotter, self.name, query, values)

    def input_of(self, run: int) -> str:
        """The input of a run of the blotter (from 1)."""
        inputs = self.summary.run.inputs
        return inputs[run - 1] if 0 < run <= len(inputs) else "no input of the summary"

    @property
    def ttf_cap_ms(self) -> int:
        """The cap of this run's times to fill (`hotloop.max_ttf_ms`). Raises `CompareError`."""
        cap = _at(self.config, "hotloop.max_ttf_ms")
        if not isinstance(cap, int) or cap <= 0:
            raise CompareError(
                f"{self.name}/{BLOTTER}: its configuration has no hotloop.max_ttf_ms; {_AGAIN}"
            )
        return cap


@contextmanager
def opened_run(folder: Path, name: str) -> Iterator[ReplayedRun]:
    """A folder's run, read from files that are never written to.

    Raises `CompareError`: no whole run is there, its files cannot be read, or they were replaced
    by another run in the meantime.
    """
    if not folder.is_dir():
        why = "is not a folder" if folder.exists() else "does not exist"
        raise CompareError(f"{name}: {why}; name the folder of a replay's --out")
    before = _identities(folder, name)
    summary, document = _summary(folder, name)
    _check_whole(summary, name)
    blotter = _connected(folder / BLOTTER, name)
    try:
        config = _config(blotter, summary, name)
        yield ReplayedRun(name, summary, document, config, blotter)
    finally:
        blotter.close()
    if _identities(folder, name) != before:
        raise CompareError(f"{name}: was replaced by another run meanwhile; compare again")


def check_comparable(a: ReplayedRun, b: ReplayedRun) -> None:
    """Raises `CompareError` when the two were given different things to do."""
    one, other = a.summary.run, b.summary.run
    refuse = f"{b.name} cannot be compared with {a.name}"
    if one.command != other.command:
        raise CompareError(f"{refuse}: it is a run of `{other.command}`, not of `{one.command}`")
    if len(one.inputs) != len(other.inputs):
        counts = f"{len(other.inputs)}, not {len(one.inputs)}"
        raise CompareError(f"{refuse}: its inputs are {counts}; replay the same files")
    for number, (mine, theirs) in enumerate(zip(one.inputs, other.inputs, strict=True), start=1):
        if mine != theirs:
            raise CompareError(
                f"{refuse}: input {number} is {theirs}, not {mine}; replay the same files"
            )
    if one.profile != other.profile:
        raise CompareError(
            f"{refuse}: its profile is '{other.profile}', not '{one.profile}'; "
            "replay both with the same --profile"
        )
    difference = first_difference(_decisive(a.config), _decisive(b.config))
    if difference is not None:
        key, value_a, value_b = difference
        raise CompareError(
            f"{refuse}: {key} is {shown(value_b)}, not {shown(value_a)}; "
            "replay both with the same configuration (backends and feed may differ)"
        )


def same(a: object, b: object) -> bool:
    """Whether two values are equal, and alike flags or numbers."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def same_signal(a: object, b: object) -> bool:
    """Whether two signals are equal as docs/signals.md has it: floats to 1e-9 relative or 1e-12
    absolute, for two languages round the last digits differently; anything else exactly."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return same(a, b)


def first_difference(
    a: object, b: object, path: str = "", is_same: Callable[[object, object], bool] = same
) -> tuple[str, object, object] | None:
    """Where two JSON values differ first: dotted path and both values; None when they are equal.

    A key that one of them lacks is `absent` there.
    """
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for key in dict.fromkeys([*a, *b]):
            below = f"{path}.{key}" if path else str(key)
            found = first_difference(a.get(key, _ABSENT), b.get(key, _ABSENT), below, is_same)
            if found is not None:
                return found
        return None
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index in range(len(a)):
            found = first_difference(a[index], b[index], f"{path}[{index}]", is_same)
            if found is not None:
                return found
        return None
    return None if is_same(a, b) else (path, a, b)


def shown(value: object) -> str:
    """A value of a blotter or a summary in a message."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return value if value and value.isprintable() else repr(value)
    text = (
        repr(value) if not isinstance(value, list | dict) else msgspec.json.encode(value).decode()
    )
    return text if len(text) <= 80 else text[:77] + "…"


def _identities(folder: Path, name: str) -> list[tuple[int, int, int]]:
    """What tells both files from those another run would put there. Raises `CompareError`."""
    result = []
    for file in (SUMMARY, BLOTTER):
        try:
            stat = (folder / file).stat()
        except FileNotFoundError:
            raise CompareError(_no_run(folder, name, file)) from None
        except OSError as error:
            raise CompareError(f"{name}/{file}: cannot be read: {error.strerror}") from None
        result.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return result


def _no_run(folder: Path, name: str, missing: str) -> str:
    if (folder / STAGING).exists():
        return f"{name}: its run has not ended, or was killed; wait for it, or {_AGAIN}"
    if missing == BLOTTER:
        return f"{name}: holds a {SUMMARY} without its {BLOTTER}; {_AGAIN}"
    return f"{name}: holds no run (no {SUMMARY}); {_AGAIN}"


def _summary(folder: Path, name: str) -> tuple[RunSummaryFile, dict[str, Any]]:
    """Raises `CompareError` for a file that is not this program's."""
    where = f"{name}/{SUMMARY}"
    try:
        document = msgspec.json.decode((folder / SUMMARY).read_bytes(), type=dict[str, Any])
        return msgspec.convert(document, RunSummaryFile), document
    except OSError as error:
        raise CompareError(f"{where}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CompareError(
            f"{where}: is not a summary of this version: {error}; {_AGAIN}"
        ) from None


def _check_whole(summary: RunSummaryFile, name: str) -> None:
    how = None
    if summary.interrupted:
        how = "was interrupted"
    elif summary.executor_lost is not None:
        how = f"lost its executor ({summary.executor_lost})"
    elif summary.seam_lost is not None:
        how = f"lost its hotloop ({summary.seam_lost})"
    if how is not None:
        raise CompareError(f"{name}: its run is partial: it {how}; {_AGAIN}")


def _connected(path: Path, name: str) -> sqlite3.Connection:
    """Raises `CompareError` for a file that is no blotter, or one of another version."""
    where = f"{name}/{BLOTTER}"
    try:
        blotter = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise CompareError(f"{where}: cannot be opened: {error}; {_AGAIN}") from None
    try:
        version = blotter.execute("PRAGMA user_version").fetchone()[0]
        tables = {row[0] for row in blotter.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error as error:
        blotter.close()
        raise CompareError(f"{where}: cannot be read: {error}; {_AGAIN}") from None
    problem = None
    if "runs" not in tables:
        problem = "is not a blotter (no table `runs`)"
    elif version > SCHEMA_VERSION:
        problem = (
            f"is of a newer version (schema {version}, known are those up to {SCHEMA_VERSION})"
        )
    elif version < SCHEMA_VERSION or "estimates" not in tables:
        problem = f"is of an older version (schema {version}, without what is compared)"
        if "estimates" not in tables:
            problem = f"is of an older version (schema {version}, no table `estimates`)"
    if problem is not None:
        blotter.close()
        raise CompareError(f"{where}: {problem}; {_AGAIN}")
    return blotter


def _selected(
    blotter: sqlite3.Connection, name: str, query: str, values: tuple[Any, ...]
) -> Iterator[tuple[Any, ...]]:
    cursor = blotter.cursor()
    batch = _fetched(name, lambda: cursor.execute(query, values).fetchmany(BATCH_ROWS))
    while batch:
        yield from batch
        batch = _fetched(name, lambda: cursor.fetchmany(BATCH_ROWS))


def _fetched(name: str, fetch: Callable[[], list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    try:
        return fetch()
    except sqlite3.Error as error:
        raise CompareError(f"{name}/{BLOTTER}: cannot be read: {error}; {_AGAIN}") from None


def _config(blotter: sqlite3.Connection, summary: RunSummaryFile, name: str) -> dict[str, Any]:
    """The configuration of all runs of a blotter, each of which must have come to its end."""
    where = f"{name}/{BLOTTER}"
    query = "SELECT run, config, ended FROM runs ORDER BY run"
    rows = list(_selected(blotter, name, query, ()))
    inputs = len(summary.inputs)
    if not rows or len(rows) != inputs or inputs != len(summary.run.inputs):
        raise CompareError(
            f"{where}: has {len(rows)} runs, the {SUMMARY} beside it {inputs} of "
            f"{len(summary.run.inputs)} inputs: they are not of one whole run; {_AGAIN}"
        )
    for run, _, ended in rows:
        if ended != "done":
            how = f"ended as '{ended}'" if ended is not None else "has no end"
            raise CompareError(f"{where}: its run is partial: input {run} {how}; {_AGAIN}")
    if len({config for _, config, _ in rows}) > 1:
        raise CompareError(f"{where}: its runs have different configurations; {_AGAIN}")
    try:
        return msgspec.json.decode(rows[0][1], type=dict[str, Any])
    except (msgspec.DecodeError, TypeError) as error:
        raise CompareError(f"{where}: its configuration cannot be read: {error}") from None


def _decisive(config: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """The configuration without what may differ."""
    result: dict[str, Any] = {}
    for key, value in config.items():
        below = f"{path}.{key}" if path else key
        if below in HOW_IT_RAN:
            continue
        result[key] = _decisive(value, below) if isinstance(value, dict) else value
    return result


def _at(config: Mapping[str, Any], path: str) -> object:
    value: object = config
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
