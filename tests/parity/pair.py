"""Both backends fed the same, as tests need it: what they refuse, what that changes, who is stale.

What "the same" means is `trader.strategy.hotloop.comparison`, as for `trader parity`.
"""

from collections.abc import Callable
from typing import Any

import hotloop
import pytest

from tests.parity.streams import Fed, Json
from trader.strategy.hotloop import reference
from trader.strategy.hotloop.comparison import Comparison
from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.interface import HotloopApi, Touched
from trader.strategy.hotloop.questions import Question, Refused

State = dict[Question, object]


class Pair(Comparison):
    """The Rust Hotloop and the Python reference with the same configuration."""

    def __init__(self, config: Json | None = None, *, queues_only: bool = False) -> None:
        rust, python = hotloop.Hotloop(config), reference.Hotloop(config)
        super().__init__(rust, python, queues_only=queues_only)
        self.books: tuple[HotloopApi, HotloopApi] = (rust, python)

    def take(self, fed: Fed, ts_ms: int = 0) -> list[Touched]:
        """Apply what neither may refuse."""
        answer = self.apply(fed, ts_ms)
        assert not isinstance(answer, Refused), answer
        return answer

    def refuse(self, call: Callable[[HotloopApi], object]) -> HotloopError:
        """Both refuse it, naming the same, and change nothing else; the reference's error."""
        before = [_without_marks(self.state(book)) for book in self.books]
        errors = []
        for book in self.books:
            with pytest.raises(HotloopError) as caught:
                call(book)
            errors.append(caught.value)
        ours, theirs = errors
        for name in ("market_id", "field", "line", "resubscribe"):
            assert getattr(ours, name) == getattr(theirs, name), name
        assert ours.offset is not None or theirs.offset is None
        for book, old in zip(self.books, before, strict=True):
            assert _without_marks(self.state(book)) == old
        self.check_all()
        return theirs

    def configure(self, config: Json) -> None:
        """Give both another configuration."""
        self.check(Question("update_config", (config,)))

    def stale(self) -> set[str]:
        """The markets marked stale, the same in both."""
        marked = {*self.check(Question("stale_markets"))}
        for book in self.books:
            infos = {market_id: book.market(market_id) for market_id in book.markets()}
            assert {market for market, info in infos.items() if info and info["stale"]} == marked
        return marked


def _without_marks(state: State) -> State:
    """Without what a refused message may change: the counts of errors and the stale marks."""
    kept = {}
    for question, answer in state.items():
        if question.method == "stats":
            kept[question] = _without(answer, "errors", "emit_errors")
        elif question.method == "market" and answer is not None:
            kept[question] = _without(answer, "stale")
        elif question.method != "stale_markets":
            kept[question] = answer
    return kept


def _without(answer: Any, *keys: str) -> object:
    return {key: value for key, value in answer.items() if key not in keys}
