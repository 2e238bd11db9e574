"""What the last message of a market matched is told alike, also of what the message did not touch.

`Comparison` asks it of touched runners after each message. Here every runner ever seen and every
market is asked each time: trades have to be gone after a message of their market that names other
runners, and to stay through messages of other markets.
"""

import random
from collections import Counter
from typing import Final

from tests.parity.pair import Pair
from tests.parity.recordings import per_recording, read_lines
from tests.parity.sessions import Session
from trader.strategy.hotloop.interface import Touched
from trader.strategy.hotloop.questions import Question

SESSIONS: Final = 25
STEPS: Final = 60
LINES: Final = 1_500
"""Of a recording, from its end, where most is matched."""
WITHOUT_TRADES: Final = frozenset({"betfair_parser__1.242971311.bz2"})
"""In the whole of it nothing was matched."""
CASES: Final = ("backs", "lays", "both", "upset", "kept", "forgotten")

Told = dict[Touched, list[tuple[float, float, float]]]


def told(pair: Pair) -> Told:
    """What both say was matched, by runner; nothing of those nothing was matched of."""
    for market_id in pair.theirs.markets():
        pair.check(Question("book_upset", (market_id,), market_id))
    rows = {
        runner: pair.check(Question("last_trades", runner, runner)) for runner in dict(pair.seen)
    }
    return {runner: found for runner, found in rows.items() if found}


def take(pair: Pair, step: Question) -> list[Touched] | None:
    """One step of a session; what it touched, None where it was no message or a refused one."""
    answer: object = None
    if step.method == "apply_delta":
        answer = pair.apply(*step.args)  # type: ignore[arg-type]
    elif step.method == "apply_snapshot":
        answer = pair.apply_snapshot(*step.args)  # type: ignore[arg-type]
    else:
        pair.check(step)
    return answer if isinstance(answer, list) else None


def test_sessions_of_two_markets_are_told_alike() -> None:
    """With every case there is: either side, both, an upset, and trades that were kept or forgotten
    without their runner being touched."""
    seen: Counter[str] = Counter()
    for seed in range(SESSIONS):
        pair, before = Pair(), Told()
        for step in Session(random.Random(seed)).steps(STEPS):
            touched = take(pair, step)
            after = told(pair)
            if touched is None:
                assert after == before
            else:
                seen += cases(before, after, touched)
                seen["upset"] += sum(map(pair.theirs.book_upset, {m for m, *_ in touched}))
            before = after
    assert min(seen[case] for case in CASES) > 20, seen


def cases(before: Told, after: Told, touched: list[Touched]) -> Counter[str]:
    """What a message shows of the rule, counted."""
    found: Counter[str] = Counter()
    markets = {market_id for market_id, *_ in touched}
    for runner in touched:
        for _, backs, lays in after.get(runner, ()):
            found["both" if backs and lays else "backs" if backs else "lays"] += 1
    for runner in before.keys() - touched:
        if runner[0] in markets:
            found["forgotten"] += 1
            assert runner not in after
        elif runner in after:  # its market may have been dropped, or named without a runner
            found["kept"] += 1
            assert after[runner] == before[runner]
    return found


@per_recording
def test_recordings_are_told_alike(name: str) -> None:
    pair, traded = Pair(), False
    for line in read_lines(name)[-LINES:]:
        for book in pair.books:
            pair.seen.update(dict.fromkeys(book.apply_delta(line, 0)))
        traded |= bool(told(pair))
    assert traded is (name not in WITHOUT_TRADES)
