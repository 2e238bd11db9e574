"""Betfair market stream to order books and signals (API version 1).

`Hotloop` takes the lines of a market stream and answers questions about the books they build. The
rules are docs/signals.md of the repository.

Units: prices are decimal odds and sizes stakes, floats with at most two decimals; times are
milliseconds since the epoch, of the venue's publish time (`pt`) unless said otherwise.

Names: `m` is a market id ("1.234567890"), `r` a runner's selection id; `handicap` tells runners
of one selection id apart (0.0 where the market has none).

A getter asked for a market or runner that is not held answers None, empty or its neutral value. Its
`now_ms` is a publish time; None is the last one of that market. Every method may be called from any
thread. `apply_batch` applies its lines with the interpreter lock released, the others keep it.
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
    resubscribe: bool
    """Changes may have been lost: the markets of `stale_markets()` need an image."""

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
    ts: int | None
    number_of_winners: int | None
    mbr: float | None
    runners: list[_RunnerInfo]

@final
class Hotloop:
    """Books of every market of one stream, and what is read from them.

    `config` is the `hotloop:` block of the configuration. Absent and null keys take their
    defaults; keys, ranges and defaults are the table of docs/signals.md, "Configuration".

    Raises `HotloopError` with the dotted path of the key for an unknown key or a bad value.
    """

    def __new__(cls, config: Mapping[str, Any] | None = None) -> Hotloop: ...

    # --- ingest -------------------------------------------------------------------------------

    def apply_delta(
        self, raw: bytes | str | Mapping[str, Any], ts_ms: int
    ) -> list[tuple[str, int, float]]:
        """Apply one stream line, or the mapping it decodes to.

        `ts_ms` is the time of receipt, kept for `market()` and `last_ts_ms`. Returns the runners
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

        `raw=False` leaves out the own size of tracked orders. Raises `HotloopError` (field `side`,
        or `n` when negative).
        """

    def traded_ladder(self, m: str, r: int, handicap: float = 0.0) -> list[tuple[float, float]]:
        """(price, size traded) of every price traded at, ascending price; off-ladder prices too."""

    def last_traded(self, m: str, r: int, handicap: float = 0.0) -> float | None:
        """The last traded price (`ltp`)."""

    def last_traded_ts_ms(self, m: str, r: int, handicap: float = 0.0) -> int | None:
        """`pt` of the last message with a trade of the runner: a rise of its traded volume that is
        neither a baseline (its first message, an image) nor a revaluation."""

    def last_trades(
        self, m: str, r: int, handicap: float = 0.0
    ) -> list[tuple[float, float, float]]:
        """What the market's last message (the last applied with an entry of it) matched of the
        runner: (price, stake of the backs that rested there, stake of the lays that rested there),
        ascending price. Empty when that message had no trade of it."""

    def book_upset(self, m: str) -> bool:
        """Whether the market's last message had an image of it (a snapshot is one) or turned it
        in-play: sizes before that message and after it do not compare."""

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
        to back. With `order_id`: what is ahead of that tracked order, which must rest just there.
        Raises `HotloopError` for another side, and (field `order_id`) for an order that is not
        tracked or rests elsewhere.
        """

    # --- queue positions ------------------------------------------------------------------------

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
        """Start the queue position of an order resting on `side` at `price`, or start it again.

        `size` is the own size that stands in the book; 0.0 where it does not (paper trading).
        Returns what is ahead: the visible size now. Raises `HotloopError` (with the argument as
        `field`) for a market that is not held, a price or size out of range, an `order_id` not of
        1 to 64 characters, and more orders than `state.max_orders`.
        """

    def reseed_queue(
        self, order_id: str, ahead: float | None = None, size: float | None = None
    ) -> float:
        """Set what is ahead (None: the visible size now) and, where given, the own size; what is
        ahead then. Raises `HotloopError` for an order that is not tracked."""

    def untrack_order(self, order_id: str) -> bool:
        """Forget a queue position; whether there was one."""

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

    def clocks(self) -> tuple[str | None, str | None]:
        """(initialClk, clk) to resubscribe with, None where not known.

        After a loss both stay at the last good ones until a SUB_IMAGE or RESUB_DELTA.
        """

    def stale_markets(self) -> list[str]:
        """Ids of the markets whose book may be untrue: they lost changes, or the venue says 503."""

    def last_ts_ms(self) -> int | None:
        """Receipt time of the last line, mapping or snapshot taken without error."""

    # --- signals --------------------------------------------------------------------------------

    def match_rate_ema(
        self,
        m: str,
        r: int,
        side: str | None = None,
        price: float | None = None,
        handicap: float = 0.0,
        now_ms: int | None = None,
    ) -> float:
        """Matched stake per second of orders that rested on `side` (None: both) at `price` (None:
        all), averaged over `queue.window_s` and decayed to `now_ms`."""

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
        """(probability of a fill within the horizon, expected milliseconds to it) of an order of
        `size` that joins now at the tail of what is visible at `price`.

        `horizon_ms` None is `pfill.horizon_ms`. (0.0, `max_ttf_ms`) without trades there, and
        within `min_obs_s` of the runner's first message or the in-play turn. Raises `HotloopError`
        for another side, a `size` out of range, a negative `horizon_ms`.
        """

    def sweep_sniffer(
        self, m: str, r: int, handicap: float = 0.0, now_ms: int | None = None
    ) -> bool:
        """Whether trading consumed `sweep.levels` price levels of one side within
        `sweep.window_ms`."""

    def sweep_side(
        self, m: str, r: int, handicap: float = 0.0, now_ms: int | None = None
    ) -> str | None:
        """The side rested that is being swept ("BACK": prices move up), None without a sweep."""

    def big_move_trigger(
        self, m: str, r: int, handicap: float = 0.0, now_ms: int | None = None
    ) -> bool:
        """Whether the last traded price or the mid moved `big_move.ticks` within
        `big_move.window_ms`."""

    def big_move_direction(
        self, m: str, r: int, handicap: float = 0.0, now_ms: int | None = None
    ) -> int:
        """1 up, -1 down, 0 when there is no big move."""

    def rf_seen_recently(self, m: str, now_ms: int | None = None) -> bool:
        """Whether a runner was removed with a reduction factor within `rf.window_s`."""

    def trend_lens(self, m: str, r: int, handicap: float = 0.0, now_ms: int | None = None) -> float:
        """Drift of the microprice in ticks per second, up is positive."""

    # --- the seam itself ----------------------------------------------------------------------

    def capabilities(self) -> dict[str, bool | int | str]:
        """{method: bool} for the methods of API version 1; `api_version` 1; `backend` "rust".

        A method that is False answers the neutral value it documents.
        """

    def stats(self) -> dict[str, int]:
        """Counts since the object was made: `messages` (lines read without error),
        `market_changes`, `runner_changes`, `images`, `heartbeats`, `ignored`,
        `definitions_ignored`, `errors`, `emit_errors`."""

    def update_config(self, config: Mapping[str, Any]) -> None:
        """Take a whole `hotloop:` block: absent keys go back to their defaults.

        Raises `HotloopError` with the dotted path and changes nothing if any of it is refused.
        """

    def set_emit(self, emit: Callable[[dict[str, Any]], object] | None) -> None:
        """Where diagnostics go, as dicts; None turns it off.

        {"event": "error", "message", "market_id", "field", "offset", "resubscribe"} before each
        `HotloopError` of ingest; {"event": "counters", ...} with all of `stats()` each time
        `messages` reaches a multiple of `emit.counters_every` (from a batch once, at its end). A
        callback that raises is counted in `stats()["emit_errors"]` and changes nothing else.
        """
