"""What a `Hotloop` is, whichever backend: the typed methods of API version 1.

Prices and sizes are decimal floats with at most two decimals; `handicap` tells runners of one
selection id apart. A market or runner that is not known gives None, empty or 0.0, never an error.
Meanings and rules are docs/signals.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, Protocol, TypeAlias, TypedDict

from trader.betfair.ladder import LadderType

API_VERSION: Final = 1

Touched: TypeAlias = tuple[str, int, float]
"""(market id, runner id, handicap)."""
BestPrices: TypeAlias = tuple[float | None, float | None, float | None, float | None]
"""(back price, back size, lay price, lay size)."""
Emit: TypeAlias = Callable[[dict[str, Any]], object]
Backend: TypeAlias = Literal["rust", "python"]


class RunnerInfo(TypedDict):
    """One runner of `MarketInfo`."""

    id: int
    handicap: float
    status: str
    sort_priority: int | None
    adjustment_factor: float | None


class MarketInfo(TypedDict):
    """What `market()` answers. `bet_delay` is seconds, `pt` milliseconds, `mbr` percent."""

    status: str | None
    in_play: bool
    version: int | None
    bet_delay: int
    ladder: LadderType
    bsp_reconciled: bool
    market_time: str | None
    event_type_id: str | None
    market_type: str | None
    turn_in_play: bool
    persistence: bool
    stale: bool
    pt: int | None
    number_of_winners: int | None
    mbr: float | None
    runners: list[RunnerInfo]


class HotloopApi(Protocol):
    """The seam. `m` is a market id, `r` a runner's selection id."""

    # --- ingest: raise HotloopError, and then nothing has changed ------------------------------

    def apply_delta(self, raw: bytes | str | Mapping[str, Any], ts_ms: int) -> list[Touched]:
        """Apply one stream line, or the mapping it decodes to; the runners it touched."""
        ...

    def apply_batch(self, lines: Sequence[bytes], ts_ms: int) -> int:
        """Apply lines in order; the number of runner changes.

        Stops at the first bad line with `HotloopError` whose `line` is its index; the lines before
        it stay applied.
        """
        ...

    def apply_snapshot(
        self, market_id: str, snapshot: Mapping[str, Any], ts_ms: int
    ) -> list[Touched]:
        """Replace one market whole by an object of the shape of an `mc` entry."""
        ...

    # --- books --------------------------------------------------------------------------------

    def best(self, m: str, r: int, handicap: float = 0.0) -> BestPrices: ...

    def best2_sum(self, m: str, r: int, side: str, handicap: float = 0.0) -> float:
        """Sizes at the best two prices of the side taken, summed."""
        ...

    def spread_ticks(self, m: str, r: int, handicap: float = 0.0) -> int | None:
        """Ladder ticks from best back to best lay; 0 or less when crossed."""
        ...

    def ladder_top(
        self,
        m: str,
        r: int,
        side: str,
        n: int | None = 3,
        raw: bool = True,
        handicap: float = 0.0,
    ) -> list[tuple[float, float]]:
        """The best `n` (price, size) of the side taken, best first; None for all."""
        ...

    def traded_ladder(self, m: str, r: int, handicap: float = 0.0) -> list[tuple[float, float]]:
        """(price, size traded), ascending price."""
        ...

    def last_traded(self, m: str, r: int, handicap: float = 0.0) -> float | None: ...

    def last_traded_ts_ms(self, m: str, r: int, handicap: float = 0.0) -> int | None:
        """`pt` of the last message in which the runner's traded volume rose."""
        ...

    def size_ahead(
        self,
        m: str,
        r: int,
        side: str,
        price: float,
        order_id: str | None = None,
        handicap: float = 0.0,
    ) -> float:
        """The visible size a new order resting on `side` at `price` would queue behind."""
        ...

    # --- markets ------------------------------------------------------------------------------

    def get_mbr(self, m: str) -> float | None:
        """The market base rate: commission, percent."""
        ...

    def market(self, m: str) -> MarketInfo | None: ...

    def markets(self) -> list[str]:
        """Ids of the markets held, in the order they were first seen."""
        ...

    def definition_seq(self, m: str) -> int:
        """Rises by one with each definition applied; 0 before the first."""
        ...

    def last_pt_ms(self) -> int | None: ...

    # --- signals of later stages: neutral values, `capabilities()` says False -------------------

    def match_rate_ema(
        self,
        m: str,
        r: int,
        side: str | None = None,
        price: float | None = None,
        handicap: float = 0.0,
        now_ms: int | None = None,
    ) -> float: ...

    def pfill_ttf(
        self,
        m: str,
        r: int,
        side: str,
        price: float,
        size: float = 0.0,
        horizon_ms: int | None = None,
        handicap: float = 0.0,
    ) -> tuple[float, float]: ...

    def sweep_sniffer(self, m: str, r: int, handicap: float = 0.0) -> bool: ...

    def big_move_trigger(self, m: str, r: int, handicap: float = 0.0) -> bool: ...

    def rf_seen_recently(self, m: str) -> bool: ...

    def trend_lens(self, m: str, r: int, handicap: float = 0.0) -> float: ...

    # --- the seam itself ----------------------------------------------------------------------

    def capabilities(self) -> dict[str, Any]:
        """{method: bool}, `api_version`, `backend`."""
        ...

    def stats(self) -> dict[str, int]: ...

    def update_config(self, config: Mapping[str, Any]) -> None:
        """Take a whole `hotloop:` block; raises `HotloopError` and changes nothing if refused."""
        ...

    def set_emit(self, emit: Emit | None) -> None:
        """Where diagnostics go, as dicts; a callback that raises is counted, never felt."""
        ...


LATER: Final = frozenset(
    {
        "match_rate_ema",
        "pfill_ttf",
        "sweep_sniffer",
        "big_move_trigger",
        "rf_seen_recently",
        "trend_lens",
    }
)
"""Methods that answer a neutral value in this stage."""
ABSENT: Final = frozenset({"track_order", "reseed_queue", "untrack_order"})
"""Methods of API version 1 that this stage does not have at all."""
METHODS: Final = tuple(
    name for name, value in vars(HotloopApi).items() if callable(value) and name[0] != "_"
)
"""Every method of the seam, in the order above."""
