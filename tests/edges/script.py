"""A market of our making, line by line, whose answer can be worked out by hand."""

from __future__ import annotations

import json
from typing import Any, Final, TypeAlias

MARKET: Final = "1.1"
START_MS: Final = 1_700_000_000_000
OFF: Final = "2023-11-14T23:00:00.000Z"
"""The scheduled start, well after everything that happens."""

Levels: TypeAlias = list[list[float]]
"""(price, size) pairs; size 0 takes a price away."""


class Script:
    """Stream lines of one market; time goes on by `after_ms` before each."""

    def __init__(self, runners: int, *, base_rate: float = 5.0, **definition: Any) -> None:
        self.lines: list[bytes] = []
        self._pt = START_MS
        self._version = 0
        self._runners = range(1, runners + 1)
        self._more = {"marketBaseRate": base_rate, "marketTime": OFF, **definition}
        self.define()

    def define(
        self, status: str = "OPEN", winner: int | None = None, after_ms: int = 1_000, **more: Any
    ) -> None:
        """A definition; with a `winner` the market is decided."""
        self._version += 1
        decided = {True: "WINNER", False: "LOSER"}
        definition = {
            "status": status,
            "inPlay": False,
            "version": self._version,
            "betDelay": 0,
            "numberOfWinners": 1,
            "bettingType": "ODDS",
            "marketType": "WIN",
            "runners": [
                {
                    "id": runner,
                    "sortPriority": runner,
                    "status": "ACTIVE" if winner is None else decided[runner == winner],
                }
                for runner in self._runners
            ],
            **self._more,
            **more,
        }
        self._tell({"id": MARKET, "marketDefinition": definition, "rc": []}, after_ms)

    def change(self, after_ms: int = 1_000, **runners: dict[str, Levels]) -> None:
        """Changes of runners, `r1={"atb": …, "atl": …, "trd": …}`."""
        rc = [{"id": int(name[1:]), **levels} for name, levels in runners.items()]
        self._tell({"id": MARKET, "rc": rc}, after_ms)

    def close(self, winner: int) -> None:
        self.define("SUSPENDED")
        self.define("CLOSED", winner)

    def _tell(self, change: dict[str, Any], after_ms: int) -> None:
        self._pt += after_ms
        message = {"op": "mcm", "pt": self._pt, "mc": [change]}
        self.lines.append(json.dumps(message).encode())


def ladder(backs: dict[float, float], lays: dict[float, float]) -> dict[str, Levels]:
    """A runner's offers: sizes by price, to back and to lay."""
    return {"atb": [[p, s] for p, s in backs.items()], "atl": [[p, s] for p, s in lays.items()]}
