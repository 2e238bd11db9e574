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
    """What `market()` answers. `bet_delay` is seconds, `mbr` percent; `pt` (publish time) and `ts`
    (receipt) are milliseconds, of the last message that changed the market."""

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
    ts: int | None
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
        """The best `n` (price, size) of the side taken, best first; None for all.

        `raw=False` leaves out the own size of tracked orders.
        """
        ...

    def traded_ladder(self, m: str, r: int, handicap: float = 0.0) -> list[tuple[float, float]]:
        """(price, size traded), ascending price."""
        ...

    def last_traded(self, m: str, r: int, handicap: float = 0.0) -> float | None: ...

    def last_traded_ts_ms(self, m: str, r: int, handicap: float = 0.0) -> int | None:
        """`pt` of the last message with a trade of the runner."""
        ...

    def last_trades(
        self, m: str, r: int, handicap: float = 0.0
    ) -> list[tuple[float, float, float]]:
        """(price, stake matched of resting backs, of resting lays) in the market's last message."""
        ...

    def book_upset(self, m: str) -> bool:
        """Whether the market's last message had an image of it or turned it in-play."""
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
        """The visible size a new order resting on `side` at `price` would queue behind.

        With `order_id` what is ahead of that tracked order, which must rest there.
        """
        ...

    # --- queue positions: raise HotloopError for bad arguments --------------------------------

    def track_order(
        self,
        order_id: str,
        m: str,
        r: int,
        side: str,
        price: float,
        size: float = 0.0,
        handicap: float = 0.0,
    ) -> float:
        """Start (again) the queue position of an order resting on `side`; what is ahead of it.

        `size` is the own size that stands in the book; 0.0 where it does not (paper trading).
        """
        ...

    def reseed_queue(
        self, order_id: str, ahead: float | None = None, size: float | None = None
    ) -> float:
        """Set what is ahead (None: the visible size now) and, where given, the own size."""
        ...

    def untrack_order(self, order_id: str) -> bool:
        """Forget a queue position; whether there was one."""
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

    def clocks(self) -> tuple[str | None, str | None]:
        """(initialClk, clk) to resubscribe with; held at the last good ones after a loss."""
        ...

    def stale_markets(self) -> list[str]:
        """Ids of the markets whose book may be untrue."""
        ...

    def last_ts_ms(self) -> int | None:
        """Receipt time of the last line taken without error."""
        ...

    # --- signals: `now_ms` is a publish time, None the market's own last one -------------------

    def match_rate_ema(
        self,
        m: str,
        r: int,
        side: str | None = None,
        price: float | None = None,
        handicap: float = 0.0,
        now_ms: int | None = None,
    ) -> float:
        """Matched stake per second of the orders resting on `side` at `price`; None for all."""
        ...

    def pfill_ttf(
        self,
        m: str,
        r: int,
        side: str,
        price: float,
        size: float = 0.0,
        horizon_ms: int | None = None,
        handicap: float = 0.0,
        now_ms: int | None = None,
    ) -> tuple[float, float]:
        """(probability of a fill within the horizon, expected ms to it) of an order joining now."""
        ...

    def sweep_sniffer(
        self, m: str, r: int, handicap: float = 0.0, now_ms: int | None = None
    ) -> bool:
        """Whether trading consumed several price levels of one side just now."""
        ...

    def sweep_side(
        self, m: str, r: int, handicap: float = 0.0, now_ms: int | None = None
    ) -> str | None:
        """The side rested that is being swept, None without a sweep."""
        ...

    def big_move_trigger(
        self, m: str, r: int, handicap: float = 0.0, now_ms: int | None = None
    ) -> bool:
        """Whether the last traded price or the mid moved far just now."""
        ...

    def big_move_direction(
        self, m: str, r: int, handicap: float = 0.0, now_ms: int | None = None
    ) -> int:
        """1 up, -1 down, 0 when there is no big move."""
        ...

    def rf_seen_recently(self, m: str, now_ms: int | None = None) -> bool:
        """Whether a runner was removed with a reduction factor of late."""
        ...

    def trend_lens(self, m: str, r: int, handicap: float = 0.0, now_ms: int | None = None) -> float:
        """Drift of the microprice, ticks per second, up is positive."""
        ...

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


METHODS: Final = tuple(
    name for name, value in vars(HotloopApi).items() if callable(value) and name[0] != "_"
)
"""Every method of the seam, in the order above."""
