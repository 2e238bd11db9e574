"""Betfair market stream to order books and signals (API version 1).

`Hotloop` takes the lines of a market stream and answers questions about the books they build. The
rules are docs/signals.md of the repository.

Units: prices are decimal odds and sizes stakes, floats with at most two decimals; times are
milliseconds since the epoch, of the venue's publish time (`pt`) unless said otherwise.

Names: `m` is a market id ("1.234567890"), `r` a runner's selection id; `handicap` tells runners
of one selection id apart (0.0 where the market has none).

A getter asked for a market or runner that is not held answers None, empty or 0.0. Every method may
be called from any thread. Lines of 8 KiB and more, and batches, are applied with the interpreter
lock released.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypedDict, final, type_check_only

__all__ = ["Hotloop", "HotloopError", "__version__"]

__version__: str

class HotloopError(ValueError):
    """A refused line, configuration or argument; nothing was changed by it."""

    message: str
    """What is wrong, in words."""
    market_id: str | None
    """The market concerned, where it is known."""
    field: str | None
    """Path of the bad value (`mc[0].rc[1].atb[0][1]`), of the configuration key (`queue.model`), or
    name of the argument; None when the line could not be read at all."""
    offset: int | None
    """Byte in the line, where one can be named."""
    line: int | None
    """Index of the line in the batch; only from `apply_batch`."""

@type_check_only
class _RunnerInfo(TypedDict):
    id: int
    handicap: float
    status: str
    sort_priority: int | None
    adjustment_factor: float | None

@type_check_only
class _MarketInfo(TypedDict):
    status: str | None
    in_play: bool
    version: int | None
    bet_delay: int
    ladder: Literal["CLASSIC", "FINEST", "LINE_RANGE"]
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
    runners: list[_RunnerInfo]

@final
class Hotloop:
    """Books of every market of one stream, and what is read from them.

    `config` is the `hotloop:` block of the configuration. Absent and null keys take their
    defaults: `queue.window_s` 10.0, `queue.model` "prob_power" ("risk_averse", "prob_log"),
    `min_obs_s` 5.0, `max_ttf_ms` 600000, `book.source` "auto" ("full", "best", "display"),
    `state.max_markets` 5000, `state.closed_retention_s` 3600.0, `state.max_segment_bytes`
    67108864; `enabled` and `rust` are checked and left to the caller.

    Raises `HotloopError` with the dotted path of the key for an unknown key or a bad value.
    """

    def __new__(cls, config: Mapping[str, Any] | None = None) -> Hotloop: ...

    # --- ingest -------------------------------------------------------------------------------

    def apply_delta(
        self, raw: bytes | str | Mapping[str, Any], ts_ms: int
    ) -> list[tuple[str, int, float]]:
        """Apply one stream line, or the mapping it decodes to.

        `ts_ms` is the time of receipt; it changes nothing in this version. Returns the runners
        touched, as (market id, runner id, handicap), each once: those named in `rc` by first
        appearance; then, for each market with an image or a definition, its other runners, and
        those the image removed. Empty for heartbeats, other `op`, and segments before the last.

        Raises `HotloopError` for a line that cannot be read, a bad value (with `field`, and with
        `market_id` where it is known), or more markets than `state.max_markets`. Nothing has
        changed then but `stats()["errors"]` and the stale marks: every market the message carries,
        and every one of the segments thrown away with it, is stale until an image of it arrives;
        all markets are where that cannot be told. Raises `TypeError` for anything but bytes, str
        and mappings, `ValueError` for a mapping nested deeper than 64 levels.
        """

    def apply_batch(self, lines: Sequence[bytes], ts_ms: int) -> int:
        """Apply lines in order; the number of runner changes (`rc` entries) applied.

        Stops at the first bad line with the `HotloopError` of `apply_delta`, its index in `line`;
        the lines before it stay applied, those after it are not looked at.
        """

    def apply_snapshot(
        self, market_id: str, snapshot: Mapping[str, Any], ts_ms: int
    ) -> list[tuple[str, int, float]]:
        """Replace one market whole by an object of the shape of an `mc` entry, as an image does.

        The market keeps its `pt` and its definition (unless the snapshot has one). Returns and
        raises as `apply_delta`, also when the snapshot's `id` is another market's; paths in
        `field` are relative to the snapshot.
        """

    # --- books --------------------------------------------------------------------------------

    def best(
        self, m: str, r: int, handicap: float = 0.0
    ) -> tuple[float | None, float | None, float | None, float | None]:
        """(back price, back size, lay price, lay size): highest available to back, lowest
        available to lay; None where that side is empty."""

    def best2_sum(self, m: str, r: int, side: str, handicap: float = 0.0) -> float:
        """Sizes at the best two prices of the side taken, summed; 0.0 when it is empty.

        `side`: "BACK" reads what is available to back, "LAY" what is available to lay; raises
        `HotloopError` (field `side`) for anything else.
        """

    def spread_ticks(self, m: str, r: int, handicap: float = 0.0) -> int | None:
        """Ticks of the market's ladder from best back to best lay; 0 or less when crossed.

        None when one side is empty or a price is off the ladder.
        """

    def ladder_top(
        self, m: str, r: int, side: str, n: int | None = 3, raw: bool = True, handicap: float = 0.0
    ) -> list[tuple[float, float]]:
        """The best `n` (price, size) of the side taken, best first; None for all.

        `raw=False` leaves out the trader's own orders: none are tracked in this version, so it
        is the same. Raises `HotloopError` (field `side`, or `n` when negative).
        """

    def traded_ladder(self, m: str, r: int, handicap: float = 0.0) -> list[tuple[float, float]]:
        """(price, size traded) of every price traded at, ascending price; off-ladder prices too."""

    def last_traded(self, m: str, r: int, handicap: float = 0.0) -> float | None:
        """The last traded price (`ltp`)."""

    def last_traded_ts_ms(self, m: str, r: int, handicap: float = 0.0) -> int | None:
        """`pt` of the last message after which the runner's traded volume was greater than before.

        The first message that names a runner, and every image, is a baseline and no trade.
        """

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

        A resting "BACK" stands in what is available to lay, a resting "LAY" in what is available
        to back. Raises `HotloopError` for another side, and (field `order_id`) when `order_id` is
        not None: this version tracks no orders.
        """

    # --- markets ------------------------------------------------------------------------------

    def get_mbr(self, m: str) -> float | None:
        """The market base rate: commission, percent."""

    def market(self, m: str) -> _MarketInfo | None:
        """What is known of a market; a new dict each time.

        `bet_delay` is seconds, `pt` that of the market's last message, `mbr` percent, `stale`
        whether its book may be untrue. Without a definition `status` is None and `runners` are
        those the stream named, in that order, with status "UNKNOWN"; else they are the
        definition's, in its order.
        """

    def markets(self) -> list[str]:
        """Ids of the markets held, in the order they were first seen."""

    def definition_seq(self, m: str) -> int:
        """Rises by one with each definition applied to the market; 0 before the first."""

    def last_pt_ms(self) -> int | None:
        """`pt` of the last message applied."""

    # --- signals of later versions: `capabilities()` says False ---------------------------------

    def match_rate_ema(
        self,
        m: str,
        r: int,
        side: str | None = None,
        price: float | None = None,
        handicap: float = 0.0,
        now_ms: int | None = None,
    ) -> float:
        """Matched stake per second: 0.0 in this version. Raises `HotloopError` for a bad `side`."""

    def pfill_ttf(
        self,
        m: str,
        r: int,
        side: str,
        price: float,
        size: float = 0.0,
        horizon_ms: int | None = None,
        handicap: float = 0.0,
    ) -> tuple[float, float]:
        """(fill probability, time to fill in ms): (0.0, `max_ttf_ms`) in this version.

        Raises `HotloopError` for a bad `side`.
        """

    def sweep_sniffer(self, m: str, r: int, handicap: float = 0.0) -> bool:
        """Whether a sweep was seen: False in this version."""

    def big_move_trigger(self, m: str, r: int, handicap: float = 0.0) -> bool:
        """Whether a big move was seen: False in this version."""

    def rf_seen_recently(self, m: str) -> bool:
        """Whether a runner was removed with a reduction factor of late: False in this version."""

    def trend_lens(self, m: str, r: int, handicap: float = 0.0) -> float:
        """Drift in ticks per second: 0.0 in this version."""

    # --- the seam itself ----------------------------------------------------------------------

    def capabilities(self) -> dict[str, bool | int | str]:
        """{method: bool} for the methods of API version 1; `api_version` 1; `backend` "rust".

        A method that is False answers the neutral value it documents, or (`track_order`,
        `reseed_queue`, `untrack_order`) is not there.
        """

    def stats(self) -> dict[str, int]:
        """Counts since the object was made: `messages` (lines read without error),
        `market_changes`, `runner_changes`, `images`, `heartbeats`, `ignored`, `errors`,
        `emit_errors`."""

    def update_config(self, config: Mapping[str, Any]) -> None:
        """Take a whole `hotloop:` block: absent keys go back to their defaults.

        Raises `HotloopError` with the dotted path and changes nothing if any of it is refused.
        """

    def set_emit(self, emit: Callable[[dict[str, Any]], object] | None) -> None:
        """Where diagnostics go, as dicts: {"event": "error", "message", "market_id", "field",
        "offset"} before each `HotloopError` of ingest. None turns it off.

        A callback that raises is counted in `stats()["emit_errors"]` and changes nothing else.
        """
