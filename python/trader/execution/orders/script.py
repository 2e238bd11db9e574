"""Scripts: what a machine is told, step by step, and what it does then. Both machines, of either
language, have to do the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from trader.execution.orders.config import Config
from trader.execution.orders.event import Event
from trader.execution.orders.machine import Machine
from trader.execution.orders.record import Record, Shortened
from trader.execution.orders.request import Effect, Journal
from trader.execution.orders.snapshot import Snapshot
from trader.execution.orders.variants import Variant, from_plain, to_plain


@dataclass(frozen=True, slots=True)
class Tell(Variant):
    """The machine hears of something."""

    is_wrapper: ClassVar[bool] = True
    event: Event


@dataclass(frozen=True, slots=True)
class Recover(Variant):
    """Its process dies with so many records in the journal, and another begins."""

    kept: int
    now_ms: int


@dataclass(frozen=True, slots=True)
class Shorten(Variant):
    """The journal is shortened to what is known."""


Act: TypeAlias = Tell | Recover | Shorten


class Player:
    """Plays acts, as JSON, and gives steps, as JSON. Before the first recovery nothing follows from
    anything."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config: Config = from_plain(Config, config)
        self.machine: Machine | None = None
        self._journal: list[Record] = []

    def play(self, act: Any) -> dict[str, Any]:
        """Raises `ValueError` for what is no act."""
        done: Act = from_plain(Act, act)
        step: dict[str, Any] = {"act": act}
        effects: list[Effect] = []
        match done:
            case Recover():
                del self._journal[done.kept :]
                self.machine, effects = Machine.recover(self._config, done.now_ms, self._journal)
            case Tell() if self.machine is not None:
                effects = self.machine.step(done.event)
            case Shorten() if self.machine is not None:
                snapshot = Snapshot.of(self.machine.book)
                self._journal = [Shortened(snapshot)]
                step["snapshot"] = to_plain(snapshot)
            case _:
                pass
        self._journal += [effect.record for effect in effects if isinstance(effect, Journal)]
        if effects:
            step["effects"] = to_plain(effects)
        if self.machine is not None and self.machine.wake_ms is not None:
            step["wake_ms"] = self.machine.wake_ms
        return step
