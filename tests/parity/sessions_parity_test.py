"""Sessions that hang together give equal answers: streams of trading markets, orders, settings.

`HOTLOOP_EXAMPLES_FACTOR` multiplies the examples; the target tagged `long` runs 50 times as many.
"""

import os
import random
from collections import defaultdict
from typing import Any, Final

from hypothesis import Phase, given, settings

from tests.parity.pair import Pair
from tests.parity.sessions import Session, play, reduced, sessions
from trader.strategy.hotloop.comparison import Difference
from trader.strategy.hotloop.questions import Question, Refused

EXAMPLES: Final = 200 * int(os.environ.get("HOTLOOP_EXAMPLES_FACTOR", "1"))


@settings(max_examples=EXAMPLES, phases=[Phase.generate])
@given(sessions)
def test_sessions_give_equal_answers(steps: list[Question]) -> None:
    try:
        play(steps, Pair())
    except Difference:
        fewer, difference = reduced(steps, Pair)
        script = "\n".join(f"{step.method}{step.args}" for step in fewer)
        raise AssertionError(f"{difference}\nafter\n{script}") from None


class Listening(Pair):
    """Remembers the different answers of each method."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: defaultdict[str, set[Any]] = defaultdict(set)

    def check(self, question: Question) -> Any:
        answer = super().check(question)
        if question.method == "last_trades":
            self.heard[question.method].update(answer)
        elif isinstance(answer, str | int | float | tuple | None):
            self.heard[question.method].add(answer)
        return answer


def test_sessions_come_to_every_kind_of_answer() -> None:
    """Else what they compare would be neutral values."""
    heard: defaultdict[str, set[Any]] = defaultdict(set)
    counts: defaultdict[str, int] = defaultdict(int)
    for seed in range(60):
        pair = Listening()
        play([*Session(random.Random(seed)).steps(40)], pair)
        for method, answers in pair.heard.items():
            heard[method] |= answers
        for name, count in pair.ours.stats().items():
            counts[name] += count
    assert heard["sweep_side"] == {None, "BACK", "LAY"}
    assert heard["sweep_sniffer"] == heard["big_move_trigger"] == {False, True}
    assert heard["rf_seen_recently"] == heard["book_upset"] == {False, True}
    assert {(backs > 0, lays > 0) for _, backs, lays in heard["last_trades"]} == {
        *((True, False), (False, True), (True, True)),
    }
    assert heard["big_move_direction"] == {-1, 0, 1}
    assert min(heard["trend_lens"]) < 0 < max(heard["trend_lens"])
    assert len(heard["match_rate_ema"]) > 1_000
    assert sum(0 < p_fill < 1 for p_fill, _ in heard["pfill_ttf"]) > 100
    assert len({ttf_ms for _, ttf_ms in heard["pfill_ttf"]}) > 100
    positions = [answer for answer in heard["size_ahead"] if isinstance(answer, float)]
    assert sum(abs(100 * ahead - round(100 * ahead)) > 1e-6 for ahead in positions) > 20, "split"
    for method in ("size_ahead", "reseed_queue", "track_order", "apply_delta", "apply_snapshot"):
        assert any(isinstance(answer, Refused) for answer in heard[method]), method
    assert len(heard["clocks"]) > 5
    for name in ("images", "heartbeats", "ignored", "definitions_ignored", "errors"):
        assert counts[name] > 5, name
