"""Who is measured: each a worker in `workers/`, an environment, and what its answer must be."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

WORKERS: Final = Path(__file__).parent / "workers"

OURS: Final = "hotloop"
"""The contestant all ratios are against."""
REFERENCE: Final = "trader.strategy.hotloop.reference"
"""Module of the pure-Python Hotloop."""


@dataclass(frozen=True)
class Race:
    """Contestants that do the same work; `ours` is the one all ratios of the race are against."""

    name: str
    title: str
    """Of its table in the report; empty: the file's own."""
    ours: str
    equal: bool = False
    """Whether all of ours must give the very same counts: they are one program with parts changed.
    """


BOOKS: Final = Race("books", "", OURS)
REPLAY: Final = Race("replay", "Replay without orders", "replay", equal=True)
ORDERS: Final = Race("orders", "Replay with orders", "orders", equal=True)
RACES: Final = (BOOKS, REPLAY, ORDERS)


@dataclass(frozen=True)
class Contestant:
    """Something that takes every line of a file."""

    name: str
    what: str
    """One line for people."""
    worker: str
    """File of `workers/`, without its ending."""
    environment: str
    """The lock of `peers/`, or one that this tree has: `hotloop`, `reference`, or `engine` (the
    trader with everything it needs)."""
    imports: str
    """The module whose file shows where the library came from."""
    distribution: str | None
    """Name of the package whose version is asserted; None where there is no package."""
    options: Mapping[str, Any] = field(default_factory=dict)
    ours: bool = False
    """Whether a wrong count is a failure of the run, and not a note about a peer."""
    unit: str = "line"
    """What a time is of: a line of the file, or a call."""
    race: Race = BOOKS


@dataclass(frozen=True)
class Measurement:
    """Something measured of ours alone, once a run, whose answer is its own."""

    name: str
    what: str
    worker: str
    options: Mapping[str, Any] = field(default_factory=dict)
    environment: str = "hotloop"
    each_file: bool = False
    """Whether every file is measured, and not only the first."""

    @property
    def contestant(self) -> Contestant:
        """As one that runs alone."""
        return Contestant(
            self.name, self.what, self.worker, self.environment, OURS, OURS, self.options
        )


def _hotloop(name: str, what: str, worker: str, unit: str = "line", **options: Any) -> Contestant:
    return Contestant(name, what, worker, "hotloop", "hotloop", "hotloop", options, True, unit)


def _peer(name: str, what: str, worker: str, package: str, **options: Any) -> Contestant:
    """One whose lock, module and distribution have one name."""
    return Contestant(name, what, worker, package, package, package, options)


def _engine(
    race: Race, name: str, what: str, hotloop: str = "rust", execution: str = "python"
) -> Contestant:
    edge = "look" if race is REPLAY else "join"
    options = {"edge": edge, "hotloop": hotloop, "execution": execution}
    return Contestant(
        name, what, "engine_replay", "engine", OURS, OURS, options, ours=True, race=race
    )


def _flumine(race: Race, name: str, what: str) -> Contestant:
    peer = _peer(name, what, "flumine_engine", "flumine", orders=race is ORDERS)
    return replace(peer, race=race)


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
    _engine(REPLAY, "replay", "the engine; an edge that reads the best prices"),
    _engine(REPLAY, "replay-python", "the same on the Python Hotloop", hotloop="python"),
    _flumine(REPLAY, "replay-flumine", "its simulation; a strategy that reads the best prices"),
    _engine(ORDERS, "orders", "the engine; an edge that joins the best price and follows it"),
    _engine(ORDERS, "orders-sidecar", "the same with the Rust executor", execution="rust"),
    _engine(ORDERS, "orders-python", "the same on the Python Hotloop", hotloop="python"),
    _flumine(ORDERS, "orders-flumine", "its simulation; the same strategy"),
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
    Measurement(
        "decision",
        "from a line's bytes to its intents in the executor's socket, Rust and Python Hotloop",
        "engine_decision",
        {"overrides": [], "execution": "rust", "passes": 5, "python_passes": 2, "warm_lines": 500},
        environment="engine",
        each_file=True,
    ),
)

NAMES: Final = tuple(entry.name for entry in (*CONTESTANTS, *MEASUREMENTS))
