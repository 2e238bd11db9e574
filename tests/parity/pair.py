"""Both backends fed the same; every answer compared."""

from collections.abc import Callable

import hotloop
import pytest

from tests.parity.signals import (
    Answers,
    all_answers,
    market_answers,
    runner_answers,
    stream_answers,
)
from tests.parity.streams import Fed, Json
from trader.strategy.hotloop import reference
from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.interface import HotloopApi, Touched


class Pair:
    """The same input to both; every answer compared."""

    def __init__(self, config: Json | None = None) -> None:
        self.rust: HotloopApi = hotloop.Hotloop(config)
        self.python: HotloopApi = reference.Hotloop(config)
        self.seen: set[Touched] = set()

    def apply(self, fed: Fed, where: str = "") -> list[Touched]:
        """Apply to both; the touched runners, which are equal and answer alike."""
        touched = self.python.apply_delta(fed, 0)
        assert self.rust.apply_delta(fed, 0) == touched, where
        self.seen.update(touched)
        for runner in touched:
            ours, theirs = (runner_answers(book, runner) for book in (self.rust, self.python))
            assert ours == theirs, f"{where}: {runner}"
        for market_id in {runner[0] for runner in touched}:
            ours, theirs = (market_answers(book, market_id) for book in (self.rust, self.python))
            assert ours == theirs, f"{where}: {market_id}"
        assert stream_answers(self.rust) == stream_answers(self.python), where
        return touched

    def refuse(self, call: Callable[[HotloopApi], object]) -> HotloopError:
        """Both refuse it, naming the same, and change nothing else; the reference's error."""
        before = [_without_marks(self.answers(book)) for book in (self.rust, self.python)]
        errors = []
        for book in (self.rust, self.python):
            with pytest.raises(HotloopError) as caught:
                call(book)
            errors.append(caught.value)
        ours, theirs = errors
        assert (ours.market_id, ours.field) == (theirs.market_id, theirs.field)
        assert ours.offset is not None or theirs.offset is None
        assert before == [_without_marks(self.answers(book)) for book in (self.rust, self.python)]
        self.compare()
        return theirs

    def apply_or_refuse(self, fed: Fed) -> None:
        """For streams in which some messages are errors: both agree on which."""
        try:
            reference_answer: object = self.python.apply_delta(fed, 0)
        except HotloopError as error:
            reference_answer = (error.market_id, error.field)
        try:
            answer: object = self.rust.apply_delta(fed, 0)
        except HotloopError as error:
            answer = (error.market_id, error.field)
        assert answer == reference_answer
        if isinstance(answer, list):
            self.seen.update(answer)
        self.compare()

    def stale(self) -> set[str]:
        """The markets marked stale, the same in both."""
        marks = []
        for book in (self.rust, self.python):
            infos = {market_id: book.market(market_id) for market_id in book.markets()}
            marks.append({market_id for market_id, info in infos.items() if info and info["stale"]})
        assert marks[0] == marks[1]
        return marks[0]

    def answers(self, book: HotloopApi) -> Answers:
        return all_answers(book, self.seen)

    def compare(self) -> None:
        """Everything that can be seen, for every runner ever seen."""
        assert self.answers(self.rust) == self.answers(self.python)


def _without_marks(answers: Answers) -> Answers:
    """Without what a refused message may change: the counts of errors and the stale marks."""
    for count in ("errors", "emit_errors"):
        del answers["stream"]["stats"][count]
    for market in answers["markets"].values():
        del market["market"]["stale"]
    return answers
