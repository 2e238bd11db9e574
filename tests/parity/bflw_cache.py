"""betfairlightweight's own market stream, fed message by message, and read without copying."""

from types import SimpleNamespace
from typing import Any, TypeAlias

from betfairlightweight.streaming.stream import MarketStream

Rows: TypeAlias = list[tuple[float, float]]

_LISTENER = SimpleNamespace(
    output_queue=None,  # no books are serialised for anyone
    update_clk=True,
    max_latency=None,
    lightweight=True,
    calculate_market_tv=False,
    cumulative_runner_tv=False,
    order_updates_only=False,
    conflate_ms=1,  # official files are conflated on every line: no warning for each
)


class BflwCache:
    """The books betfairlightweight keeps. `unique_id` 0 is what it gives historic streams."""

    def __init__(self, unique_id: int = 0) -> None:
        self._stream = MarketStream(_LISTENER, unique_id)

    def apply(self, decoded: dict[str, Any]) -> None:
        """One decoded line, as its listener hands it on."""
        kind = decoded.get("ct")
        if kind == "HEARTBEAT":
            self._stream.on_heartbeat(decoded)
        elif kind == "SUB_IMAGE":
            self._stream.on_subscribe(decoded)
        elif kind == "RESUB_DELTA":
            self._stream.on_resubscribe(decoded)
        else:
            self._stream.on_update(decoded)

    def market_ids(self) -> list[str]:
        return list(self._stream._caches)

    def market(self, market_id: str) -> Any:
        return self._stream._caches[market_id]

    def runner(self, market_id: str, selection_id: int, handicap: float) -> Any:
        """Its `RunnerBookCache`; its key holds `hc` as the line wrote it, and 0 equals 0.0."""
        return self.market(market_id).runner_dict[selection_id, handicap]


def full_depth(runner: Any) -> tuple[Rows, Rows, Rows]:
    """(atb, atl, trd) as (price, size): offers best first, traded ascending: its cache's order."""
    sides = (runner.available_to_back, runner.available_to_lay, runner.traded)
    back, lay, traded = ([(row[0], row[1]) for row in s.order_book.values()] for s in sides)
    return back, lay, traded


def offers(runner: Any, depth: str) -> tuple[Rows, Rows]:
    """(back, lay) of `batb`/`batl` ("best") or `bdatb`/`bdatl` ("display"), best price first."""
    prefix = {"best": "best_available_to_", "display": "best_display_available_to_"}[depth]
    read = []
    for side in ("back", "lay"):
        levels = getattr(runner, prefix + side).order_book
        rows = [(row[1], row[2]) for _, row in sorted(levels.items())]
        read.append(sorted(rows, key=lambda row: row[0], reverse=side == "back"))
    return read[0], read[1]


def published_best(runner: Any) -> tuple[Rows, Rows]:
    """The best (price, size) a side, at most one each, of the books it would hand a strategy."""
    sides = (runner.serialise_available_to_back(), runner.serialise_available_to_lay())
    back, lay = ([(row["price"], row["size"]) for row in side[:1]] for side in sides)
    return back, lay
