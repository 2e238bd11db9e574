"""For tests of calibration: a market of one runner, told line by line."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any, Final

from trader.betfair.books import RestedSide
from trader.betfair.signals.settings import SignalSettings
from trader.calibration.following import Follower, Outcome
from trader.strategy.context import Runner
from trader.strategy.hotloop.reference import Hotloop
from trader.strategy.markets import Markets

RUNNER: Final = Runner("1.1", 7, 0.0, 0)
START_MS: Final = 1_700_000_000_000


def definition(status: str = "OPEN", *, in_play: bool = False, runner: str = "ACTIVE") -> Any:
    return {
        "status": status,
        "inPlay": in_play,
        "bettingType": "ODDS",
        "numberOfWinners": 1,
        "runners": [{"id": 7, "sortPriority": 1, "status": runner}],
    }


def line(pt_ms: int, **change: Any) -> bytes:
    """One message of market 1.1."""
    message = {"op": "mcm", "pt": pt_ms, "clk": "a", "mc": [{"id": "1.1", **change}]}
    return json.dumps(message).encode()


class Street:
    """A market of one runner, 50 to back at 2.00 and 40 to lay at 2.02, with a `Follower`."""

    def __init__(self, queue_model: str = "risk_averse", follow_ms: int = 30_000) -> None:
        self.book = Hotloop({"queue": {"model": queue_model}})
        self.markets = Markets(self.book)
        self.told: dict[str, Outcome] = {}
        settings = SignalSettings(queue_model=queue_model)  # type: ignore[arg-type]
        self.follower: Follower[str] = Follower(self.book, settings, follow_ms, self._hear)
        self.now_ms = START_MS
        rows = {"id": 7, "atb": [[2.0, 50]], "atl": [[2.02, 40]], "trd": [[2.02, 2]]}
        self.tell(img=True, marketDefinition=definition(), rc=[rows])

    def _hear(self, name: str, outcome: Outcome) -> None:
        assert name not in self.told, "told once"
        self.told[name] = outcome

    def tell(self, after_ms: int = 0, **change: Any) -> None:
        """A message, so long after the one before."""
        self.now_ms += after_ms
        touched = self.book.apply_delta(line(self.now_ms, **change), 0)
        view = self.markets.reload("1.1")
        assert view is not None
        runners = [self.markets.runner(entry) for entry in touched]
        self.follower.message(view, runners, self.now_ms)

    def rows(self, after_ms: int = 1000, **rows: Any) -> None:
        """A message that changes the runner's rows."""
        self.tell(after_ms, rc=[{"id": 7, **rows}])

    def join(
        self, name: str, side: RestedSide = "BACK", price: int = 202, size: int = 1000
    ) -> None:
        assert self.follower.join(RUNNER, side, price, size, self.now_ms, name)


def poisson_market(
    *, seed: int, seconds: int, trades_per_s: float, queue: float, size: float
) -> Iterator[bytes]:
    """Lines of a market in which lays take `size` at 2.02 at the times of a Poisson process; ten
    milliseconds after each the queue is as long as before."""
    times = random.Random(seed)
    rows = {"id": 7, "atb": [[2.0, 50]], "atl": [[2.02, queue]], "trd": [[2.02, 2.0]]}
    yield line(START_MS, img=True, marketDefinition=definition(), rc=[rows])
    at_s, traded = 0.0, 2.0
    while (at_s := at_s + times.expovariate(trades_per_s) + 0.02) < seconds:
        traded = round(traded + 2 * size, 2)  # both sides of a match count
        now_ms = START_MS + round(at_s * 1000)
        trade = {"id": 7, "atl": [[2.02, round(queue - size, 2)]], "trd": [[2.02, traded]]}
        yield line(now_ms, rc=[trade])
        yield line(now_ms + 10, rc=[{"id": 7, "atl": [[2.02, queue]]}])


def write_lines(path: Any, lines: Sequence[bytes]) -> None:
    path.write_bytes(b"\n".join(lines) + b"\n")
