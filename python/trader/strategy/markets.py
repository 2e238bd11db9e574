"""The markets as the engine last read them from the seam, and when they must be read again.

Reading a definition builds a dict of every runner, so it is done when `definition_seq` rises, when
a line was refused, and for the stale mark (which no count announces) at intervals of stream time.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from trader.execution.interfaces.messages import (
    Ladder,
    MarketState,
    MarketStatus,
    RunnerState,
    RunnerStatus,
)
from trader.strategy.context import MarketView, Runner
from trader.strategy.hotloop.interface import HotloopApi

_MARKET_STATUS = {status.value: status for status in MarketStatus}
_RUNNER_STATUS = {status.value: status for status in RunnerStatus}


class Markets:
    """Views by market id. Markets the seam no longer holds keep their last view until forgotten."""

    def __init__(self, book: HotloopApi) -> None:
        self.feed_lost = False
        """While nobody tells what happens, every market is stale, whatever the seam says."""
        self.silent: set[str] = set()
        """Markets that the last image of everything did not have: stale until they are heard of."""
        self._book = book
        self._views: dict[str, MarketView] = {}
        self._seqs: dict[str, int] = {}
        self._runners: dict[tuple[str, int, float], Runner] = {}

    def views(self) -> list[MarketView]:
        """Every market ever read, in the order of first reading."""
        return list(self._views.values())

    def get(self, market_id: str) -> MarketView | None:
        """The last view; None when the market was never read."""
        return self._views.get(market_id)

    def runner(self, touched: tuple[str, int, float]) -> Runner:
        """The runner a touched entry names; the same object each time."""
        runner = self._runners.get(touched)
        if runner is None:
            market_id, selection_id, handicap = touched
            runner = Runner(market_id, selection_id, handicap, round(handicap * 100))
            self._runners[touched] = runner
        return runner

    def definition_changed(self, market_id: str) -> bool:
        """Whether a definition was applied since the market was last read (cheap)."""
        return self._seqs.get(market_id) != self._book.definition_seq(market_id)

    def is_stale(self, market_id: str) -> bool:
        """Whether a market's book may be untrue, read from the seam."""
        return self.feed_lost or market_id in self.silent or market_id in self._book.stale_markets()

    def keep(self, view: MarketView) -> None:
        """A market as somebody else than the seam knows it."""
        self.silent.discard(view.market_id)
        self._views[view.market_id] = view

    def forget(self, market_id: str) -> None:
        """A market that is over is held no more."""
        self.silent.discard(market_id)
        self._views.pop(market_id, None)
        self._seqs.pop(market_id, None)
        self._runners = {k: r for k, r in self._runners.items() if k[0] != market_id}

    def reload(self, market_id: str) -> MarketView | None:
        """Reads a market from the seam; None when the seam does not hold it."""
        info = self._book.market(market_id)
        if info is None:
            return None
        runners = {
            self.runner((market_id, entry["id"], entry["handicap"])): entry["status"]
            for entry in info["runners"]
        }
        view = MarketView(
            market_id=market_id,
            status=info["status"],
            in_play=info["in_play"],
            stale=info["stale"] or self.feed_lost or market_id in self.silent,
            version=info["version"],
            bet_delay=info["bet_delay"],
            ladder=info["ladder"],
            mbr=info["mbr"],
            number_of_winners=info["number_of_winners"],
            runners=runners,
            market_type=info["market_type"],
            event_type_id=info["event_type_id"],
            off_ms=_off_ms(info["market_time"]),
        )
        self._views[market_id] = view
        self._seqs[market_id] = self._book.definition_seq(market_id)
        return view


def closed_market(market_id: str, last: MarketView | None) -> MarketView:
    """A market that is over, which nobody but the venue's money has told; `last`: as it was last
    seen, if it was."""
    if last is not None:
        return replace(last, status="CLOSED", stale=False)
    return MarketView(
        market_id=market_id,
        status="CLOSED",
        in_play=False,
        stale=False,
        version=None,
        bet_delay=0,
        ladder="CLASSIC",
        mbr=None,
        number_of_winners=None,
        runners={},
    )


def _off_ms(market_time: str | None) -> int | None:
    """The scheduled start; None where the venue writes what is no time."""
    if market_time is None:
        return None
    try:
        start = datetime.fromisoformat(market_time)
    except ValueError:
        return None
    return round(start.replace(tzinfo=start.tzinfo or UTC).timestamp() * 1000)


def market_state(view: MarketView) -> MarketState:
    """A market's view as the executor's pre-checks take it.

    A status this version does not know is told as one that takes no orders, so that a word new at
    the exchange stops trading there instead of the trader.
    """
    return MarketState(
        market_id=view.market_id,
        status=_MARKET_STATUS.get(view.status or "", MarketStatus.SUSPENDED),
        in_play=view.in_play,
        version=view.version,
        bet_delay=view.bet_delay,
        ladder=Ladder(view.ladder),
        runners=tuple(
            RunnerState(
                selection_id=runner.selection_id,
                handicap_centi=runner.handicap_centi,
                status=_RUNNER_STATUS.get(status, RunnerStatus.HIDDEN),
            )
            for runner, status in view.runners.items()
            if status != "UNKNOWN"
        ),
        winners=view.number_of_winners or 0,
        event_type_id=view.event_type_id,
    )
