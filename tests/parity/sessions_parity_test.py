"""Sessions that hang together give equal answers: streams of trading markets, orders, settings.

`HOTLOOP_EXAMPLES_FACTOR` multiplies the examples; the target tagged `long` runs 50 times as many.
"""

import os
from typing import Final

from hypothesis import Phase, given, settings

from tests.parity.pair import Pair
from tests.parity.sessions import play, reduced, sessions
from trader.strategy.hotloop.comparison import Difference
from trader.strategy.hotloop.questions import Question

EXAMPLES: Final = 250 * int(os.environ.get("HOTLOOP_EXAMPLES_FACTOR", "1"))


@settings(max_examples=EXAMPLES, phases=[Phase.generate])
@given(sessions)
def test_sessions_give_equal_answers(steps: list[Question]) -> None:
    try:
        play(steps, Pair())
    except Difference:
        fewer, difference = reduced(steps, Pair)
        script = "\n".join(f"{step.method}{step.args}" for step in fewer)
        raise AssertionError(f"{difference}\nafter\n{script}") from None
