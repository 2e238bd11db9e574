# ruff: noqa: ARG002 - methods keep the arguments of the seam, also where they compute nothing yet
"""The reference `Hotloop`: pure Python, written to be read, equal to the Rust one in every answer.

It is a translation layer over `BookBuilder`: lines and mappings in, hundredths out as decimals.
What a message does to the books is in `trader.betfair` (`normalize`: what is accepted;
`books`, `book_builder`: what it changes); what a signal means is here and in docs/signals.md.

Invariants: no clock, no randomness, no I/O; a refused message changes nothing but the count of
errors and the stale marks; getters never raise for what is not known.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from trader.betfair.book_builder import BookBuilder
from trader.betfair.books import Depth, MarketBook, RunnerBook, TakenSide
from trader.betfair.messages import UNDEFINED, Definition, RunnerDefinition
from trader.betfair.normalize import MessageError, decode_line, round_centi
from trader.strategy.hotloop.config import HotloopConfig, read_config
from trader.strategy.hotloop.errors import HotloopError, hotloop_error
from trader.strategy.hotloop.interface import (
    ABSENT,
    API_VERSION,
    LATER,
    METHODS,
    BestPrices,
    Emit,
    MarketInfo,
    RunnerInfo,
    Touched,
)

_TAKEN: Final[dict[str, TakenSide]] = {"BACK": "BACK", "LAY": "LAY"}
_RESTED: Final[dict[str, TakenSide]] = {"BACK": "LAY", "LAY": "BACK"}
"""A resting BACK waits among what is available to lay, which a layer would take; and so on."""


class Hotloop:
    """See `trader.strategy.hotloop.interface.HotloopApi` for each method's meaning."""

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        self._builder = BookBuilder()
        self._emit: Emit | None = None
        self._emit_errors = 0
        self._use(read_config(config))

    # --- ingest -------------------------------------------------------------------------------

    def apply_delta(self, raw: bytes | str | Mapping[str, Any], ts_ms: int) -> list[Touched]:
        """Apply one stream line or decoded message. Raises `HotloopError`, and changes nothing."""
        try:
            return self._apply(raw)
        except MessageError as error:
            raise self._reported(error) from None

    def apply_batch(self, lines: Sequence[bytes], ts_ms: int) -> int:
        """Apply lines in order; the number of runner changes applied."""
        before = self._builder.counts.runner_changes
        for index, line in enumerate(lines):
            try:
                self._apply(line)
            except MessageError as error:
                raise self._reported(error, line=index) from None
        return self._builder.counts.runner_changes - before

    def apply_snapshot(
        self, market_id: str, snapshot: Mapping[str, Any], ts_ms: int
    ) -> list[Touched]:
        """Replace one market whole. Raises `HotloopError`, and changes nothing."""
        try:
            return self._builder.apply_snapshot(market_id, snapshot)
        except MessageError as error:
            raise self._reported(error) from None

    def _apply(self, raw: bytes | str | Mapping[str, Any]) -> list[Touched]:
        if isinstance(raw, Mapping):
            # The bound on segments counts bytes; a mapping weighs what its line would.
            segmented = raw.get("segmentType") is not None
            size_bytes = len(json.dumps(raw, separators=(",", ":"))) if segmented else 0
            return self._builder.apply_delta(raw, size_bytes=size_bytes)
        try:
            decoded = decode_line(raw)
        except MessageError:
            self._builder.lost(None)
            raise
        return self._builder.apply_delta(decoded, size_bytes=len(raw))

    def _reported(self, error: MessageError, line: int | None = None) -> HotloopError:
        """The error as the seam raises it, after the emit callback has heard of it."""
        if self._emit is not None:
            event = {
                "event": "error",
                "message": error.message,
                "market_id": error.market_id,
                "field": error.field,
                "offset": error.offset,
            }
            try:
                self._emit(event)
            except Exception:  # diagnostics must never break ingest
                self._emit_errors += 1
        return hotloop_error(
            error.message,
            market_id=error.market_id,
            field=error.field,
            offset=error.offset,
            line=line,
        )

    # --- books --------------------------------------------------------------------------------

    def best(self, m: str, r: int, handicap: float = 0.0) -> BestPrices:
        """(back price, back size, lay price, lay size); None where that side is empty."""
        back = self._ladder(m, r, handicap, "BACK")[:1]
        lay = self._ladder(m, r, handicap, "LAY")[:1]
        back_price, back_size = _decimals(back[0]) if back else (None, None)
        lay_price, lay_size = _decimals(lay[0]) if lay else (None, None)
        return back_price, back_size, lay_price, lay_size

    def best2_sum(self, m: str, r: int, side: str, handicap: float = 0.0) -> float:
        """Sizes at the best two prices of the side taken, summed; 0.0 when empty."""
        ladder = self._ladder(m, r, handicap, _side(_TAKEN, side))
        return sum(size for _, size in ladder[:2]) / 100

    def spread_ticks(self, m: str, r: int, handicap: float = 0.0) -> int | None:
        """Ladder ticks from best back to best lay; 0 or less when crossed.

        None when one-sided, when a best price is off the market's ladder, and when the market
        gives no ladder.
        """
        market = self._builder.market(m)
        back = self._ladder(m, r, handicap, "BACK")[:1]
        lay = self._ladder(m, r, handicap, "LAY")[:1]
        if market is None or market.ladder is None or not back or not lay:
            return None
        return market.ladder.ticks_between(back[0][0], lay[0][0])

    def ladder_top(
        self,
        m: str,
        r: int,
        side: str,
        n: int | None = 3,
        raw: bool = True,
        handicap: float = 0.0,
    ) -> list[tuple[float, float]]:
        """The best `n` (price, size) of the side taken, best first; all with None.

        `raw` makes no difference until own orders are tracked.
        """
        taken = _side(_TAKEN, side)
        if n is not None and n < 0:
            raise hotloop_error("n: is negative", field="n")
        return [_decimals(row) for row in self._ladder(m, r, handicap, taken)[:n]]

    def traded_ladder(self, m: str, r: int, handicap: float = 0.0) -> list[tuple[float, float]]:
        """(price, size traded), ascending price."""
        book = self._runner(m, r, handicap)
        traded = {} if book is None else book.prices["trd"]
        return [_decimals(row) for row in sorted(traded.items())]

    def last_traded(self, m: str, r: int, handicap: float = 0.0) -> float | None:
        """The last traded price the venue named."""
        book = self._runner(m, r, handicap)
        return None if book is None or book.ltp_centi is None else book.ltp_centi / 100

    def last_traded_ts_ms(self, m: str, r: int, handicap: float = 0.0) -> int | None:
        """`pt` of the last message in which the runner's traded volume rose."""
        book = self._runner(m, r, handicap)
        return None if book is None else book.last_traded_ms

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
        taken = _side(_RESTED, side)
        if order_id is not None:
            raise hotloop_error(
                "order_id: queue positions are not tracked by this version", field="order_id"
            )
        book = self._runner(m, r, handicap)
        if book is None or not math.isfinite(price):
            return 0.0
        return book.size_at(taken, self._depth(self._builder.markets[m]), round_centi(price)) / 100

    # --- markets ------------------------------------------------------------------------------

    def get_mbr(self, m: str) -> float | None:
        """The market base rate: commission, percent; None when not known."""
        market = self._builder.market(m)
        if market is None or market.definition is None:
            return None
        return market.definition.base_rate_percent

    def market(self, m: str) -> MarketInfo | None:
        """The market's definition and marks; None when the market is not held."""
        market = self._builder.market(m)
        if market is None:
            return None
        definition = market.definition or UNDEFINED
        return {
            "status": definition.status,
            "in_play": definition.in_play,
            "version": definition.version,
            "bet_delay": definition.bet_delay_s,
            "ladder": definition.ladder_type,
            "bsp_reconciled": definition.bsp_reconciled,
            "market_time": definition.market_time,
            "event_type_id": definition.event_type_id,
            "market_type": definition.market_type,
            "turn_in_play": definition.turn_in_play,
            "persistence": definition.persistence,
            "stale": self._builder.is_stale(market),
            "pt": market.pt_ms,
            "number_of_winners": definition.number_of_winners,
            "mbr": definition.base_rate_percent,
            "runners": _runner_infos(market, definition),
        }

    def markets(self) -> list[str]:
        """Ids of the markets held, in the order they were first seen."""
        return list(self._builder.markets)

    def definition_seq(self, m: str) -> int:
        """Rises by one with each definition applied; 0 before the first."""
        market = self._builder.market(m)
        return 0 if market is None else market.definition_seq

    def last_pt_ms(self) -> int | None:
        """`pt` of the last message applied."""
        return self._builder.last_pt_ms

    # --- signals of later stages: documented neutral values -------------------------------------

    def match_rate_ema(
        self,
        m: str,
        r: int,
        side: str | None = None,
        price: float | None = None,
        handicap: float = 0.0,
        now_ms: int | None = None,
    ) -> float:
        """Not computed in this version: 0.0."""
        if side is not None:
            _side(_RESTED, side)
        return 0.0

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
        """Not computed in this version: (0.0, `max_ttf_ms`)."""
        _side(_RESTED, side)
        return 0.0, float(self._config.max_ttf_ms)

    def sweep_sniffer(self, m: str, r: int, handicap: float = 0.0) -> bool:
        """Not computed in this version: False."""
        return False

    def big_move_trigger(self, m: str, r: int, handicap: float = 0.0) -> bool:
        """Not computed in this version: False."""
        return False

    def rf_seen_recently(self, m: str) -> bool:
        """Not computed in this version: False."""
        return False

    def trend_lens(self, m: str, r: int, handicap: float = 0.0) -> float:
        """Not computed in this version: 0.0."""
        return 0.0

    # --- the seam itself ------------------------------------------------------------------------

    def capabilities(self) -> dict[str, Any]:
        """{method: whether it is computed}, `api_version`, `backend`."""
        methods = {name: name not in LATER for name in METHODS}
        return {
            **methods,
            **dict.fromkeys(ABSENT, False),
            "api_version": API_VERSION,
            "backend": "python",
        }

    def stats(self) -> dict[str, int]:
        """Counts since construction (docs/signals.md, "Counts")."""
        return {**asdict(self._builder.counts), "emit_errors": self._emit_errors}

    def update_config(self, config: Mapping[str, Any]) -> None:
        """Take a whole `hotloop:` block. Raises `HotloopError`, and changes nothing."""
        self._use(read_config(config))

    def set_emit(self, emit: Emit | None) -> None:
        """Where diagnostics go; None for nowhere."""
        self._emit = emit

    # --- helpers --------------------------------------------------------------------------------

    def _use(self, config: HotloopConfig) -> None:
        self._config = config
        self._builder.markets_max = config.max_markets
        self._builder.closed_retention_ms = config.closed_retention_ms
        self._builder.segments.bytes_max = config.max_segment_bytes

    def _runner(self, m: str, r: int, handicap: float) -> RunnerBook | None:
        return self._builder.runner(m, r, handicap) if math.isfinite(handicap) else None

    def _depth(self, market: MarketBook) -> Depth:
        source = self._config.book_source
        return market.depth if source == "auto" else source

    def _ladder(self, m: str, r: int, handicap: float, taken: TakenSide) -> list[tuple[int, int]]:
        book = self._runner(m, r, handicap)
        if book is None:
            return []
        return book.ladder(taken, self._depth(self._builder.markets[m]))


def _side(sides: Mapping[str, TakenSide], side: str) -> TakenSide:
    taken = sides.get(side)
    if taken is None:
        raise hotloop_error(f'side: "BACK" or "LAY", not {side!r}', field="side")
    return taken


def _decimals(row: tuple[int, int]) -> tuple[float, float]:
    return row[0] / 100, row[1] / 100


def _runner_infos(market: MarketBook, definition: Definition) -> list[RunnerInfo]:
    """The definition's runners in its order; without one, the known runners."""
    runners = definition.runners
    if market.definition is None:
        runners = tuple(RunnerDefinition(key, None, None, None) for key in market.runners)
    return [
        {
            "id": runner.key[0],
            "handicap": runner.key[1] / 100,
            "status": runner.status or "UNKNOWN",
            "sort_priority": runner.sort_priority,
            "adjustment_factor": runner.adjustment_factor,
        }
        for runner in runners
    ]
