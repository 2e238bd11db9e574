"""Who is measured: each a worker in `workers/`, an environment, and what its answer must be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

WORKERS: Final = Path(__file__).parent / "workers"

OURS: Final = "hotloop"
"""The contestant all ratios are against."""
REFERENCE: Final = "trader.strategy.hotloop.reference"
"""Module of the pure-Python Hotloop."""


@dataclass(frozen=True)
class Contestant:
    """Something that takes every line of a file."""

    name: str
    what: str
    """One line for people."""
    worker: str
    """File of `workers/`, without its ending."""
    environment: str
    """The lock of `peers/`, or `hotloop` and `reference` for the two that this tree has."""
    imports: str
    """The module whose file shows where the library came from."""
    distribution: str | None
    """Name of the package whose version is asserted; None where there is no package."""
    options: Mapping[str, Any] = field(default_factory=dict)
    ours: bool = False
    """Whether a wrong count is a failure of the run, and not a note about a peer."""
    unit: str = "line"
    """What a time is of: a line of the file, or a call."""


@dataclass(frozen=True)
class Measurement:
    """Something measured of ours alone, once a run, whose answer is its own."""

    name: str
    what: str
    worker: str
    options: Mapping[str, Any] = field(default_factory=dict)


def _hotloop(name: str, what: str, worker: str, unit: str = "line", **options: Any) -> Contestant:
    return Contestant(name, what, worker, "hotloop", "hotloop", "hotloop", options, True, unit)


def _peer(name: str, what: str, worker: str, package: str, **options: Any) -> Contestant:
    """One whose lock, module and distribution have one name."""
    return Contestant(name, what, worker, package, package, package, options)


CONTESTANTS: Final = (
    _hotloop(OURS, "apply_delta(bytes, ts) for each line", "hotloop_lines", module="hotloop"),
    _hotloop("hotloop-batch", "apply_batch over all lines", "hotloop_batch"),
    _hotloop(
        "hotloop-pfill",
        "pfill_ttf, a call for each order one might place in mid-market",
        "hotloop_pfill",
        unit="call",
        warm_share=0.7,
        calls=20_000,
    ),
    Contestant(
        "reference",
        "the pure-Python Hotloop, apply_delta for each line",
        "hotloop_lines",
        "reference",
        REFERENCE,
        None,
        {"module": REFERENCE},
        ours=True,
    ),
    _peer("orjson", "orjson.loads alone: no books", "orjson_loads", "orjson"),
    _peer(
        "betfair_data",
        "its file iterator, mutable books (its fastest)",
        "betfair_data_file",
        "betfair_data",
        mutable=True,
    ),
    _peer(
        "betfair_data-immutable",
        "the same with a new book for each step (its default)",
        "betfair_data_file",
        "betfair_data",
        mutable=False,
    ),
    _peer(
        "betfair_parser",
        "typed decoding and its own cache",
        "betfair_parser_cache",
        "betfair_parser",
    ),
    _peer(
        "betfairlightweight",
        "listener and snap, lightweight",
        "bflw_snap",
        "betfairlightweight",
        lightweight=True,
    ),
    _peer(
        "betfairlightweight-resources",
        "listener and snap, resource objects",
        "bflw_snap",
        "betfairlightweight",
        lightweight=False,
    ),
    _peer("flumine", "its simulation, a strategy that does nothing", "flumine_noop", "flumine"),
)

MEASUREMENTS: Final = (
    Measurement(
        "memory",
        "resident size of 15-runner markets, and its growth over a million messages",
        "memory",
        {"markets": 400, "warm_markets": 50, "messages": 1_000_000},
    ),
    Measurement(
        "gil",
        "what another Python thread keeps of its speed, and what it costs our calls",
        "gil",
        {"seconds": 0.5, "repeats": 3, "paced_per_s": 2_000},
    ),
)

NAMES: Final = tuple(entry.name for entry in (*CONTESTANTS, *MEASUREMENTS))
