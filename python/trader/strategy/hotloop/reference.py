"""The reference `Hotloop`: pure Python, written to be read, equal to the Rust one in every answer.

It is a translation layer over `BookBuilder`: lines and mappings in, hundredths out as decimals.
What a message does to the books is in `trader.betfair` (`normalize`: what is accepted; `books`,
`book_builder`: what it changes), what a signal is in `trader.betfair.signals`; the rules are
docs/signals.md. Here are ingest and the seam itself; the getters are in `reference_books` and
`reference_signals`.

Invariants: no clock, no randomness, no I/O; a refused message changes nothing but the count of
errors, the stale marks and the hold on the clocks; getters never raise for what is not known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from trader.betfair.book_builder import BookBuilder
from trader.betfair.normalize import MessageError
from trader.strategy.hotloop.config import HotloopConfig, read_config
from trader.strategy.hotloop.errors import HotloopError, hotloop_error
from trader.strategy.hotloop.interface import API_VERSION, METHODS, Emit, Touched
from trader.strategy.hotloop.reference_signals import Signals


class Hotloop(Signals):
    """See `trader.strategy.hotloop.interface.HotloopApi` for each method's meaning."""

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        checked = read_config(config)
        self._builder = BookBuilder(signal_settings=checked.signals)
        self._emit: Emit | None = None
        self._emit_errors = 0
        self._use(checked)

    # --- ingest -------------------------------------------------------------------------------

    def apply_delta(self, raw: bytes | str | Mapping[str, Any], ts_ms: int) -> list[Touched]:
        """Apply one stream line or decoded message. Raises `HotloopError`, and changes nothing."""
        messages = self._builder.counts.messages
        try:
            touched = self._apply(raw, ts_ms)
        except MessageError as error:
            raise self._reported(error) from None
        self._report_counters(messages)
        return touched

    def apply_batch(self, lines: Sequence[bytes], ts_ms: int) -> int:
        """Apply lines in order; the number of runner changes applied."""
        counts = self._builder.counts
        messages, before = counts.messages, counts.runner_changes
        for index, line in enumerate(lines):
            try:
                self._apply(line, ts_ms)
            except MessageError as error:
                reported = self._reported(error, line=index)
                self._report_counters(messages)
                raise reported from None
        applied = counts.runner_changes - before
        self._report_counters(messages)
        return applied

    def apply_snapshot(
        self, market_id: str, snapshot: Mapping[str, Any], ts_ms: int
    ) -> list[Touched]:
        """Replace one market whole. Raises `HotloopError`, and changes nothing."""
        messages = self._builder.counts.messages
        try:
            touched = self._builder.apply_snapshot(market_id, snapshot, ts_ms=ts_ms)
        except MessageError as error:
            raise self._reported(error) from None
        self._report_counters(messages)
        return touched

    def _apply(self, raw: bytes | str | Mapping[str, Any], ts_ms: int) -> list[Touched]:
        if isinstance(raw, Mapping):
            # The bound on segments counts bytes; a mapping weighs what its line would.
            segmented = raw.get("segmentType") is not None
            size_bytes = len(json.dumps(raw, separators=(",", ":"))) if segmented else 0
            return self._builder.apply_delta(raw, ts_ms=ts_ms, size_bytes=size_bytes)
        return self._builder.apply_line(raw, ts_ms=ts_ms)

    # --- diagnostics ----------------------------------------------------------------------------

    def _reported(self, error: MessageError, line: int | None = None) -> HotloopError:
        """The error as the seam raises it, after the emit callback has heard of it."""
        self._tell(
            {
                "event": "error",
                "message": error.message,
                "market_id": error.market_id,
                "field": error.field,
                "offset": error.offset,
                "resubscribe": error.resubscribe,
            }
        )
        return hotloop_error(
            error.message,
            market_id=error.market_id,
            field=error.field,
            offset=error.offset,
            line=line,
            resubscribe=error.resubscribe,
        )

    def _report_counters(self, messages_before: int) -> None:
        """The counters, where `messages` has reached a multiple of `emit.counters_every` since."""
        every = self._counters_every
        if every and self._builder.counts.messages // every > messages_before // every:
            self._tell({"event": "counters", **self.stats()})

    def _tell(self, event: dict[str, Any]) -> None:
        if self._emit is None:
            return
        try:
            self._emit(event)
        except Exception:  # diagnostics must never break ingest
            self._emit_errors += 1

    # --- the seam itself ------------------------------------------------------------------------

    def capabilities(self) -> dict[str, Any]:
        """{method: whether it is computed}, `api_version`, `backend`."""
        return {**dict.fromkeys(METHODS, True), "api_version": API_VERSION, "backend": "python"}

    def stats(self) -> dict[str, int]:
        """Counts since construction (docs/signals.md, "Counts")."""
        return {**asdict(self._builder.counts), "emit_errors": self._emit_errors}

    def update_config(self, config: Mapping[str, Any]) -> None:
        """Take a whole `hotloop:` block. Raises `HotloopError`, and changes nothing."""
        self._use(read_config(config))

    def set_emit(self, emit: Emit | None) -> None:
        """Where diagnostics go; None for nowhere."""
        self._emit = emit

    def _use(self, config: HotloopConfig) -> None:
        self._settings = config.signals
        self._counters_every = config.counters_every
        builder = self._builder
        builder.signal_settings = config.signals
        builder.book_source = config.book_source
        builder.markets_max = config.max_markets
        builder.closed_retention_ms = config.closed_retention_ms
        builder.segments.bytes_max = config.max_segment_bytes
        builder.orders.orders_max = config.max_orders
