"""Dry runs through the engine: what orders take when they come, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from trader.execution.interfaces.intents import QuoteIntent, Side, TimeInForce
from trader.strategy.context import Runner, StrategyContext
from trader.strategy.edges.base import Edge, EdgeConfig, Place, Proposal
from trader.testing import QUOTED, Scene

RUNNER = Runner("1.1", 1, 0.0, 0)
TAKEN = "select intent_id, price_centi, size_centi, ts_ms from fills order by rowid"


class Script(Edge[EdgeConfig]):
    """Wants what the test says, each once."""

    name = "passive_maker"
    config_class = EdgeConfig

    def __init__(self) -> None:
        super().__init__(EdgeConfig(enabled=True, priority=100))
        self.wishes: list[Proposal] = []
        self.asked = 0

    def decide(self, ctx: StrategyContext, runner: Runner) -> Sequence[Proposal]:
        self.asked += 1
        if runner != RUNNER or ctx.market.stale:
            return ()
        wishes, self.wishes = self.wishes, []
        return wishes


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    script = Script()
    monkeypatch.setattr("trader.reconfigure.EDGES", {"passive_maker": lambda _: script})
    return script


@pytest.fixture
def scene(tmp_path: Path, script: Script) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    scene.define(rc=QUOTED)
    assert script.asked, "the session has this edge"
    yield scene
    scene.blotter.close()


def lay(price_centi: int, size_centi: int) -> Place:
    return Place(Side.LAY, price_centi, 0.5, 60_000, max_size_centi=size_centi)


def offer(size: float) -> list[dict[str, Any]]:
    """How much can be laid at 3.20."""
    return [{"id": 1, "atl": [[3.2, size]]}]


def fill_or_kill(scene: Scene, size_centi: int, min_fill_centi: int | None = None) -> str:
    """A FILL_OR_KILL lay at 3.20, sent as the desk sends; its intent id."""
    intent = QuoteIntent.place(
        intent_id=f"fok-{size_centi}",
        ts_ms=scene.session.engine.now_ms,
        edge="passive_maker",
        market_id="1.1",
        selection_id=1,
        side=Side.LAY,
        price_centi=320,
        size_centi=size_centi,
        ttl_ms=60_000,
        dry_run=True,
        time_in_force=TimeInForce.FILL_OR_KILL,
        min_fill_size_centi=min_fill_centi,
    )
    scene.session.desk._send(RUNNER, intent)
    scene.session.engine._tell_executor()
    return intent.intent_id


def statuses(scene: Scene, intent_id: str) -> list[Any]:
    return scene.rows(
        f"select status, reject_code from reports where intent_id = '{intent_id}' order by seq"
    )


def test_an_order_that_crosses_takes_at_once_and_at_the_offers_price(
    scene: Scene, script: Script
) -> None:
    script.wishes = [lay(330, 400)]
    scene.change(QUOTED)
    ((_, price, size, ts_ms),) = scene.rows(TAKEN)
    assert (price, size, ts_ms) == (320, 400, scene.pt), "in the turn of the message, not the next"
    assert scene.open_sides() == []
    position = scene.session.ledger.position(RUNNER)
    assert position is not None
    assert position.lay_stake_centi == 400


def test_what_is_left_of_it_rests(scene: Scene, script: Script) -> None:
    scene.change(offer(3))
    script.wishes = [lay(320, 400)]
    scene.change(offer(3.5))
    assert [(row[1], row[2]) for row in scene.rows(TAKEN)] == [(320, 350)]
    (order,) = scene.session.router.open_orders()
    assert (order.remaining_centi, order.matched_centi) == (50, 350)


def test_an_offer_that_was_taken_is_there_again_when_it_went_and_came_back(
    scene: Scene, script: Script
) -> None:
    script.wishes = [lay(320, 400)]
    scene.change(offer(4))
    assert scene.open_sides() == [], "and so nothing of ours rests anywhere"
    script.wishes = [lay(320, 300)]
    scene.change([{"id": 1, "atb": [[2.9, 5.0]]}])
    assert scene.open_sides() == ["LAY"], "the offer still stands, and is taken"
    scene.session.engine.finish("nothing rests")
    scene.change(offer(0))
    script.wishes = [lay(320, 300)]
    scene.change(offer(4))
    assert [(row[1], row[2]) for row in scene.rows(TAKEN)] == [(320, 400), (320, 300)]


def test_what_was_taken_is_followed_while_the_market_is_suspended(
    scene: Scene, script: Script
) -> None:
    script.wishes = [lay(320, 400)]
    scene.change(offer(4))
    scene.define("SUSPENDED", rc=offer(0))
    scene.define("SUSPENDED", rc=offer(4))
    script.wishes = [lay(320, 300)]
    scene.define("OPEN")
    assert [(row[1], row[2]) for row in scene.rows(TAKEN)] == [(320, 400), (320, 300)]


def test_an_order_sent_when_a_stale_market_is_good_again_takes_at_once(
    scene: Scene, script: Script
) -> None:
    script.wishes = [lay(310, 300)]
    scene.change(QUOTED)
    assert scene.open_sides() == ["LAY"]
    scene.tell(ct="HEARTBEAT", status=503)
    script.wishes = [lay(320, 400)]
    scene.tell(ct="HEARTBEAT")
    assert [(row[1], row[2], row[3]) for row in scene.rows(TAKEN)] == [
        (320, 400, scene.session.engine.now_ms)
    ]


def test_nothing_is_kept_of_what_was_taken_in_a_market_that_closed(
    scene: Scene, script: Script
) -> None:
    script.wishes = [lay(320, 400)]
    scene.change(QUOTED)
    matcher = scene.session.desk._matcher
    assert matcher is not None
    kept = [matcher.is_idle]
    scene.define("CLOSED", winner=1)
    kept.append(matcher.is_idle)
    assert kept == [False, True]


def test_a_fill_or_kill_is_filled_before_it_is_killed(scene: Scene) -> None:
    intent_id = fill_or_kill(scene, 5000)
    assert statuses(scene, intent_id) == [("PLACED", None), ("FILLED", None)]
    assert [row[:3] for row in scene.rows(TAKEN)] == [(intent_id, 320, 5000)]


def test_a_fill_or_kill_that_cannot_be_filled_is_killed_with_nothing(scene: Scene) -> None:
    intent_id = fill_or_kill(scene, 5001)
    scene.change(offer(60))
    assert statuses(scene, intent_id) == [("PLACED", None), ("EXPIRED", "FOK_KILLED")]
    assert scene.rows(TAKEN) == []


def test_a_fill_or_kill_with_a_minimum_gets_what_is_there_and_no_more(scene: Scene) -> None:
    intent_id = fill_or_kill(scene, 6000, 5000)
    scene.change(offer(90))
    assert statuses(scene, intent_id) == [
        ("PLACED", None),
        ("PARTIALLY_FILLED", None),
        ("EXPIRED", "FOK_KILLED"),
    ]
    assert [row[:3] for row in scene.rows(TAKEN)] == [(intent_id, 320, 5000)]


def test_a_fill_or_kill_that_is_moved_before_it_is_killed_is_still_one(scene: Scene) -> None:
    intent_id = fill_or_kill(scene, 9000)
    _, placed_by = scene.session.desk._intents[intent_id]
    move = placed_by.replace(
        intent_id="moved", ts_ms=placed_by.ts_ms, price_centi=330, ttl_ms=placed_by.ttl_ms
    )
    scene.session.desk._send(RUNNER, move)
    scene.session.engine._tell_executor()
    scene.change(offer(90))
    assert scene.rows(TAKEN) == [], "it takes all or nothing"
    assert statuses(scene, "moved") == [("PLACED", None), ("EXPIRED", "FOK_KILLED")]
