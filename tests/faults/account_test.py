"""The account: its session, its currency, its funds, bets of strangers, and the venue's own dead
man's switch."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.faults.desk import DESKS, Desk, desk
from tests.faults.sidecar import Sidecar, fails_to_start
from tests.faults.trader import RUNNER
from tests.faults.venue import Scene, scene, secret
from trader.execution.executor_py.venue_client import VenueAddress, VenueClient
from trader.execution.interfaces.intents import Side
from trader.execution.orders import facts
from trader.execution.orders.kinds import Kind
from trader.execution.orders.request import Place, Request
from trader.execution.scripts_for_tests import intent
from trader.simulator.exchange.testing import MARKET

FUNDS = {"funds_tolerance_centi": 100}
SOON = {"look_up_ms": 400, "look_up_every_ms": 50, "backoff_ms": 20, "funds_ms": 300}


def stranger(stage: Scene) -> VenueClient:
    """Somebody else with the account."""
    url = stage.exchange.api_url
    client = VenueClient(VenueAddress(url, url, "paper-app-key", "hotloop", "paper-money"))
    client.login()
    return client


def bets_by_hand(client: VenueClient, strategy_ref: str) -> str:
    """Places 5.00 at 3.30; the bet."""
    wish = intent(
        "by-hand",
        market_id=MARKET,
        selection_id=RUNNER,
        price_centi=330,
        size_centi=500,
        strategy_ref=strategy_ref,
    )
    answer = client.change(Request(1, Kind.PLACE, "by-hand", MARKET, [Place(wish)]))
    assert isinstance(answer, facts.Replied)
    (done,) = answer.told
    assert isinstance(done, facts.Done) and done.bet_id is not None
    return done.bet_id


@pytest.mark.parametrize("backend", DESKS)
def test_the_tripwire_is_quiet_while_the_account_is_as_we_know_it(backend: str) -> None:
    windows = SOON | {"funds_ms": 1_500}
    with DESKS[backend](betfair={"funds_s": 1}, limits=FUNDS, reconcile=windows) as trading:
        trading.place()
        trading.place(price_centi=298, size_centi=900, selection_id=102)  # matched in part
        trading.place(side=Side.LAY, price_centi=200)
        trading.wait_for("i1", "PLACED")
        turn(trading, 4.5)
        trading.place()
        trading.wait_for("i4", "PLACED")
        trading.close_down()


@pytest.mark.parametrize("backend", DESKS)
def test_the_tripwire_stops_what_is_new_when_the_account_differs(backend: str) -> None:
    with DESKS[backend](betfair={"funds_s": 1}, limits=FUNDS, reconcile=SOON) as trading:
        trading.place()
        trading.wait_for("i1", "PLACED")
        client = stranger(trading.scene)
        bet_id = bets_by_hand(client, "somebody")
        turn(trading, 3.5)
        trading.place()
        trading.wait_for("i2", "REJECTED")
        assert trading.by_intent["i2"][-1].reject_code == "FUNDS_MISMATCH"
        trading.cancel("i1")  # what is there can still be ended
        trading.wait_for("i1", "PLACED", "CANCELLED")
        trading.scene.cancel(bet_id)
        trading.link.control("resume", "it was mine")
        trading.place()
        trading.wait_for("i4", "PLACED")
        trading.link.control("cancel_all", "enough")
        trading.wait_for("i4", "PLACED", "CANCELLED")


@pytest.mark.parametrize("backend", DESKS)
@pytest.mark.parametrize("policy", ["cancel", "adopt", "leave"])
def test_a_bet_of_our_strategy_that_no_order_has(policy: str, backend: str) -> None:
    with DESKS[backend](reconcile=SOON | {"unknown_bets": policy}) as trading:
        bet_id = bets_by_hand(stranger(trading.scene), "hotloop")
        trading.restart()
        if policy == "cancel":
            trading.wait(lambda: trading.scene.remaining(bet_id) == 0)
        elif policy == "adopt":
            trading.wait_for("by-hand", "PLACED")
            trading.link.control("cancel_all", "enough")
            trading.wait_for("by-hand", "PLACED", "CANCELLED")
            assert trading.scene.remaining(bet_id) == 0
        else:
            turn(trading, 0.5)
            assert trading.scene.remaining(bet_id) == 500


def turn(trading: Desk, seconds: float) -> None:
    """Turns as an engine does for so long."""
    until = time.monotonic() + seconds
    trading.wait(lambda: time.monotonic() >= until)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"currency": "EUR"}, "betfair.currency: the account's is GBP"),
        ({"session": "wrong password"}, "the venue refuses the log-in"),
    ],
)
def test_an_account_that_is_not_ours_is_refused_at_the_start(
    change: dict[str, Any], words: str
) -> None:
    with scene() as stage:
        if "session" in change:
            wrong = secret(stage.folder, "wrong", "not-the-password")
            change = {"session": stage.betfair["session"] | {"password_file": wrong}}
        sidecar = Sidecar(stage.folder, stage.betfair | change)
        code, said = fails_to_start(sidecar)
        assert code == 3
        assert words in said
        assert "not-the-password" not in sidecar.log()


def test_a_session_of_somebody_else_is_taken_from_its_file() -> None:
    with desk() as trading:
        token = secret(trading.scene.folder, "session", stranger(trading.scene).token)
        trading.sidecar.kill()
        trading.sidecar.betfair = trading.sidecar.betfair | {"session": {"token_file": token}}
        trading.sidecar.start()
        trading.place()
        trading.wait_for("i1", "PLACED")
        trading.close_down()


def test_the_session_is_prolonged() -> None:
    with desk(betfair={"keep_alive_s": 1}) as trading:
        turn(trading, 2.5)
        trading.place()
        trading.wait_for("i1", "PLACED")
        assert trading.scene.sessions() == 1, "the first one is still good"
        trading.close_down()


@pytest.mark.parametrize("backend", DESKS)
def test_the_venue_cancels_when_the_executor_is_gone_if_it_was_asked_to(backend: str) -> None:
    with DESKS[backend](betfair={"heartbeat_s": 10}) as trading:
        trading.place()
        trading.wait_for("i1", "PLACED")
        trading.go_away()
        gone = trading.scene.bets()[0]["id"]
        trading.wait(lambda: trading.scene.remaining(gone) == 0, polls=False)
        trading.come_back()
        trading.wait_for("i1", "PLACED", "CANCELLED")
        assert trading.by_intent["i1"][-1].reject_code == "BY_THE_VENUE"
        trading.close_down()


@pytest.mark.parametrize("backend", DESKS)
def test_orders_out_of_scope_are_dry_and_have_their_reports_in_the_same_row(backend: str) -> None:
    with DESKS[backend](live_scope={"market_ids": ["1.999"]}) as trading:
        trading.place()
        trading.place(market_id="1.999", dry_run=True)
        trading.wait_for("i1", "PLACED")
        trading.wait_for("i2", "PLACED")
        assert all(report.dry_run for report in trading.reports)
        trading.cancel("i1")
        trading.wait_for("i1", "PLACED", "CANCELLED")
        assert trading.scene.bets() == []
        trading.restart()
        trading.wait_for("i2", "PLACED", "CANCELLED")
        assert trading.by_intent["i2"][-1].reject_code == "RESTARTED"
        trading.close_down()


@pytest.mark.parametrize("backend", DESKS)
def test_a_dry_order_and_a_live_one_side_by_side(backend: str) -> None:
    with DESKS[backend]() as trading:
        trading.place(dry_run=True)
        trading.place()
        trading.wait_for("i1", "PLACED")
        trading.wait_for("i2", "PLACED")
        trading.move("i1", 340)
        trading.move("i2", 340)
        trading.wait_for("i1", "PLACED", "REPLACED")
        trading.wait_for("i2", "PLACED", "REPLACED")
        assert {bet["ref"] for bet in trading.scene.bets()} == {"i2"}
        trading.close_down()
