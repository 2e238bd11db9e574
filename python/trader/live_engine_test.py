"""The loop as it runs live: answers take their time, and something goes wrong meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.reports import Status
from trader.testing import QUOTED, LiveScene

RESTS = (Status.ACCEPTED, Status.PLACED)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[LiveScene]:
    scene = LiveScene(tmp_path)
    yield scene
    scene.blotter.close()


def quoted(scene: LiveScene) -> tuple[QuoteIntent, QuoteIntent]:
    """A market with both sides on their way."""
    scene.define(rc=QUOTED)
    first, second = scene.venue.sent
    return first, second


def test_an_order_that_comes_to_rest_while_the_feed_is_away_is_taken_away(scene: LiveScene) -> None:
    first, second = quoted(scene)
    scene.venue.says(first, *RESTS)
    scene.turns(1)
    scene.session.engine.feed_lost()
    assert scene.venue.cancels() == [first.intent_id]
    scene.venue.says(second, *RESTS)
    scene.turns(4)
    assert scene.venue.cancels() == [first.intent_id, second.intent_id]


def test_a_cancel_that_fails_while_the_feed_is_away_is_sent_again(scene: LiveScene) -> None:
    first, second = quoted(scene)
    scene.venue.says(first, *RESTS)
    scene.venue.says(second, Status.REJECTED, code="NO")
    scene.turns(1)
    scene.session.engine.feed_lost()
    scene.venue.says(scene.venue.sent[-1], Status.REJECTED, code="BUSY")
    scene.turns(4)
    assert scene.venue.cancels() == [first.intent_id] * 2


def test_nothing_is_hedged_on_a_lost_feed(tmp_path: Path) -> None:
    scene = LiveScene(tmp_path, "hedge.edges=[passive_maker]")
    first, second = quoted(scene)
    scene.session.engine.feed_lost()
    scene.venue.says(second, Status.REJECTED, code="NO")
    scene.venue.says(first, *RESTS, Status.FILLED)
    scene.turns(4)
    assert not [intent for intent in scene.venue.sent if intent.edge == "hedge"]
    scene.session.engine.feed_back()
    scene.turns(1)
    (hedge,) = [intent for intent in scene.venue.sent if intent.edge == "hedge"]
    assert hedge.hedge_of == first.intent_id
    scene.blotter.close()


def test_a_kill_that_nobody_hears_is_told_again(tmp_path: Path) -> None:
    scene = LiveScene(tmp_path, "risk.max_loss=0.01", "risk.check_every_ms=1000")
    first, _ = quoted(scene)
    scene.venue.says(first, *RESTS, Status.FILLED)
    scene.turns(1)
    scene.venue.lost = True
    scene.change([{"id": 1, "atb": [[3.0, 0], [9.0, 10.0]], "atl": [[3.2, 0], [9.4, 10.0]]}])
    scene.turns(6)
    assert scene.venue.controls == []
    scene.venue.lost = False
    scene.turns(6)
    assert scene.venue.controls == ["kill"]
    assert scene.metrics.kills_total == 1
    scene.blotter.close()


def test_a_market_gone_from_the_stream_is_asked_about_and_ends_with_its_money(
    scene: LiveScene,
) -> None:
    first, _ = quoted(scene)
    scene.venue.says(first, *RESTS, Status.FILLED)
    scene.turns(1)
    assert scene.session.results.unpaid() == []
    scene.session.engine.imaged(scene.pt + 1)
    assert scene.session.results.unpaid() == ["1.1"]
    scene.session.engine.paid_out("1.1", 100, 0)
    view = scene.session.engine.markets.get("1.1")
    assert view is not None
    assert view.status == "CLOSED"
    assert scene.session.results.unpaid() == []


def test_orders_of_a_run_before_in_a_market_nobody_tells_of_are_taken_away(
    scene: LiveScene,
) -> None:
    first, _ = quoted(scene)
    scene.venue.says(first, *RESTS)
    scene.turns(1)
    scene.session.engine.markets.forget("1.1")  # as after a restart: the order is known, no line
    scene.turns(18)
    assert scene.venue.cancels() == []
    scene.turns(8)
    assert scene.venue.cancels() == [first.intent_id]


def test_a_report_is_kept_together_with_its_fills(scene: LiveScene) -> None:
    first, _ = quoted(scene)
    scene.venue.says(first, *RESTS, Status.FILLED)
    scene.turns(1)
    kept = scene.rows("select (select count(*) from fills), max(seq) from reports")
    assert kept == [(1, 3)]
