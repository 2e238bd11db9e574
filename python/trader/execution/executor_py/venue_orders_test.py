"""Orders at a venue: replies and stream in any order come to the same end, and nothing is sent
twice."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from trader.execution.executor_py.venue_client import Outcome
from trader.execution.executor_py.venue_facts import BetState, VenueRequest
from trader.execution.executor_py.venue_orders import VenueOrders
from trader.execution.interfaces.intents import QuoteIntent, TimeInForce
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.scripts_for_tests import intent

LOOK_UP_MS = 20_000


def orders() -> VenueOrders:
    return VenueOrders(LOOK_UP_MS)


def place(intent_id: str = "a", **changes: Any) -> QuoteIntent:
    fields = {"price_centi": 300, "size_centi": 1000, "ts_ms": 0, "ttl_ms": 60_000} | changes
    return intent(intent_id, dry_run=False, **fields)


def bet(bet_id: str = "1", ref: str | None = "a", **changes: Any) -> BetState:
    fields: dict[str, Any] = {
        "size_centi": 1000,
        "matched_centi": 0,
        "cancelled_centi": 0,
        "lapsed_centi": 0,
        "voided_centi": 0,
        "average_price": 3.0,
    } | changes
    ended = ("matched_centi", "cancelled_centi", "lapsed_centi", "voided_centi")
    gone = sum(fields[name] for name in ended)
    remaining = fields["size_centi"] - gone
    fields.setdefault("remaining_centi", remaining)
    fields.setdefault("is_complete", remaining == 0)
    return BetState(bet_id=bet_id, order_ref=ref, **fields)


def success(bet_id: str = "1") -> Outcome:
    return Outcome({"status": "SUCCESS", "betId": bet_id})


def replaced_by(bet_id: str, size: float = 10.0) -> Outcome:
    instruction = {"limitOrder": {"size": size}}
    placed = {"status": "SUCCESS", "betId": bet_id, "instruction": instruction}
    return Outcome({"status": "SUCCESS", "placeInstructionReport": placed})


def told(reports: list[ExecutionReport]) -> list[tuple[str, Status]]:
    return [(report.intent_id, report.status) for report in reports]


def only_request(machine: VenueOrders) -> VenueRequest:
    (request,) = machine.take_requests()
    return request


def resting(machine: VenueOrders, **changes: Any) -> QuoteIntent:
    """An order that rests as bet 1."""
    wish = place(**changes)
    machine.intent(wish)
    machine.replied(only_request(machine), success())
    machine.take_reports()
    return wish


def test_an_order_is_placed_filled_in_parts_and_ends_once() -> None:
    machine = orders()
    machine.intent(place())
    request = only_request(machine)
    assert (request.kind, request.intent.intent_id) == ("place", "a")
    machine.replied(request, success())
    machine.order(bet(matched_centi=400, average_price=3.1))
    machine.order(bet(matched_centi=1000, average_price=3.04))
    reports = machine.take_reports()
    assert told(reports) == [
        ("a", Status.PLACED),
        ("a", Status.PARTIALLY_FILLED),
        ("a", Status.FILLED),
    ]
    fills = [(event.price, event.size) for report in reports for event in report.fill_events]
    assert fills == [(3.1, 4.0), (3.0, 6.0)]
    assert reports[-1].size_matched_centi == 1000
    assert reports[-1].bet_id == "1"
    assert len(machine) == 0


def test_every_order_of_reply_and_stream_tells_the_same() -> None:
    def reply(machine: VenueOrders, request: VenueRequest) -> None:
        machine.replied(request, success())

    def rests(machine: VenueOrders, _: VenueRequest) -> None:
        machine.order(bet())

    def part(machine: VenueOrders, _: VenueRequest) -> None:
        machine.order(bet(matched_centi=500))

    def whole(machine: VenueOrders, _: VenueRequest) -> None:
        machine.order(bet(matched_centi=1000))

    for facts in permutations((reply, rests, part, whole)):
        machine = orders()
        machine.intent(place())
        request = only_request(machine)
        for fact in facts:
            fact(machine, request)
        reports = machine.take_reports()
        assert told(reports)[0] == ("a", Status.PLACED)
        assert told(reports)[-1] == ("a", Status.FILLED)
        assert sum(event.size for report in reports for event in report.fill_events) == 10.0
        assert [report.status for report in reports].count(Status.FILLED) == 1
        assert machine.take_requests() == []


def test_a_refusal_ends_it_with_the_venues_code() -> None:
    machine = orders()
    machine.intent(place())
    machine.replied(only_request(machine), Outcome(None, "reject", "INVALID_ODDS"))
    (report,) = machine.take_reports()
    assert (report.status, report.reject_code, report.reject_class) == (
        Status.REJECTED,
        "INVALID_ODDS",
        "reject",
    )


def test_a_repeated_intent_makes_nothing() -> None:
    machine = orders()
    machine.intent(place())
    machine.take_requests()
    machine.intent(place())
    assert machine.take_requests() == []
    assert machine.duplicates == 1


def test_an_intent_past_its_deadline_is_not_sent() -> None:
    machine = orders()
    machine.advance(60_000)
    machine.intent(place())
    assert machine.take_requests() == []
    (report,) = machine.take_reports()
    assert (report.status, report.reject_code) == (Status.EXPIRED, "TTL_PREVENTED")


def test_a_cancel_ends_the_order_and_then_itself() -> None:
    machine = orders()
    wish = resting(machine)
    machine.intent(wish.cancel(intent_id="c", ts_ms=1))
    request = only_request(machine)
    assert (request.kind, request.bet_id) == ("cancel", "1")
    machine.replied(request, Outcome({"status": "SUCCESS", "sizeCancelled": 10.0}))
    assert machine.take_reports() == []
    machine.order(bet(matched_centi=250, cancelled_centi=750))
    reports = machine.take_reports()
    assert told(reports) == [("a", Status.CANCELLED), ("c", Status.CANCELLED)]
    assert reports[0].size_matched_centi == 250


def test_a_cancel_that_comes_too_late_is_told_so() -> None:
    machine = orders()
    wish = resting(machine)
    machine.intent(wish.cancel(intent_id="c", ts_ms=1))
    request = only_request(machine)
    machine.order(bet(matched_centi=1000))
    machine.replied(request, Outcome(None, "gone", "BET_TAKEN_OR_LAPSED"))
    assert told(machine.take_reports()) == [("a", Status.FILLED), ("c", Status.REJECTED)]


def test_a_cancel_waits_until_the_bet_is_known() -> None:
    machine = orders()
    wish = place()
    machine.intent(wish)
    placing = only_request(machine)
    machine.intent(wish.cancel(intent_id="c", ts_ms=1))
    assert machine.take_requests() == []
    machine.replied(placing, success("77"))
    request = only_request(machine)
    assert (request.kind, request.bet_id) == ("cancel", "77")


def test_a_cancel_of_an_order_that_never_was_is_told_so() -> None:
    machine = orders()
    wish = place()
    machine.intent(wish)
    placing = only_request(machine)
    machine.intent(wish.cancel(intent_id="c", ts_ms=1))
    machine.replied(placing, Outcome(None, "reject", "MARKET_SUSPENDED"))
    assert told(machine.take_reports()) == [("a", Status.REJECTED), ("c", Status.REJECTED)]


@pytest.mark.parametrize("stream_first", [True, False])
def test_a_replacement_is_an_order_of_its_own(*, stream_first: bool) -> None:
    machine = orders()
    wish = resting(machine)
    machine.intent(wish.replace(intent_id="r", ts_ms=1, price_centi=310, ttl_ms=60_000))
    request = only_request(machine)
    assert (request.kind, request.bet_id) == ("replace", "1")
    if stream_first:
        machine.order(bet(cancelled_centi=1000))
    machine.replied(request, replaced_by("2"))
    if not stream_first:
        machine.order(bet(cancelled_centi=1000))
    machine.order(bet("2", "a", matched_centi=1000))  # the venue may keep the old reference
    reports = machine.take_reports()
    assert set(told(reports)) == {
        ("a", Status.REPLACED),
        ("r", Status.PLACED),
        ("r", Status.FILLED),
    }
    assert told(reports)[-1] == ("r", Status.FILLED)
    assert len(machine) == 0


def test_a_replacement_whose_new_bet_is_not_placed_leaves_a_cancelled_order() -> None:
    machine = orders()
    wish = resting(machine)
    machine.intent(wish.replace(intent_id="r", ts_ms=1, price_centi=310, ttl_ms=60_000))
    request = only_request(machine)
    machine.order(bet(cancelled_centi=1000))
    assert machine.take_reports() == [], "whether there is a new bet is not known yet"
    machine.replied(request, Outcome(None, "reject", "CANCELLED_NOT_PLACED"))
    assert told(machine.take_reports()) == [("r", Status.REJECTED), ("a", Status.CANCELLED)]


def test_a_refused_replacement_leaves_the_order_as_it_was() -> None:
    machine = orders()
    wish = resting(machine)
    machine.intent(wish.replace(intent_id="r", ts_ms=1, price_centi=310, ttl_ms=60_000))
    machine.replied(only_request(machine), Outcome(None, "reject", "INVALID_ODDS"))
    assert told(machine.take_reports()) == [("r", Status.REJECTED)]
    machine.intent(wish.cancel(intent_id="c", ts_ms=2))
    assert only_request(machine).kind == "cancel"


def test_a_resting_order_is_cancelled_at_its_deadline() -> None:
    machine = orders()
    resting(machine)
    machine.advance(59_999)
    assert machine.take_requests() == []
    machine.advance(60_000)
    request = only_request(machine)
    assert (request.kind, request.bet_id) == ("cancel", "1")
    machine.order(bet(cancelled_centi=1000))
    (report,) = machine.take_reports()
    assert (report.status, report.reject_code) == (Status.EXPIRED, "TTL_EXPIRED")


def test_a_killed_fill_or_kill_has_expired() -> None:
    machine = orders()
    machine.intent(place(time_in_force=TimeInForce.FILL_OR_KILL))
    machine.replied(only_request(machine), success())
    machine.order(bet(cancelled_centi=1000))
    reports = machine.take_reports()
    assert (reports[-1].status, reports[-1].reject_code) == (Status.EXPIRED, "FOK_KILLED")


def test_what_is_in_doubt_is_looked_up_and_never_sent_again() -> None:
    machine = orders()
    machine.intent(place())
    machine.replied(only_request(machine), Outcome(None, "ambiguous", "TIMEOUT"))
    assert told(machine.take_reports()) == [("a", Status.UNKNOWN)]
    assert only_request(machine).kind == "look_up"
    machine.advance(1_000)
    assert only_request(machine).kind == "look_up"
    machine.order(bet(matched_centi=300))
    assert told(machine.take_reports()) == [("a", Status.PLACED), ("a", Status.PARTIALLY_FILLED)]


def test_what_is_not_found_in_time_was_not_placed() -> None:
    machine = orders()
    machine.intent(place())
    machine.replied(only_request(machine), Outcome(None, "ambiguous", "TIMEOUT"))
    machine.take_reports()
    machine.advance(LOOK_UP_MS)
    (report,) = machine.take_reports()
    assert (report.status, report.reject_code) == (Status.REJECTED, "NOT_PLACED")
    assert all(request.kind == "look_up" for request in machine.take_requests())


def test_lapsed_and_voided_bets_end_as_what_they_are() -> None:
    ends: tuple[tuple[dict[str, Any], Status], ...] = (
        ({"lapsed_centi": 1000}, Status.LAPSED),
        ({"matched_centi": 400, "lapsed_centi": 600}, Status.LAPSED),
        ({"voided_centi": 1000}, Status.VOIDED),
    )
    for changes, status in ends:
        machine = orders()
        resting(machine)
        machine.order(bet(**changes))
        assert told(machine.take_reports())[-1] == ("a", status)


def test_cancel_all_asks_for_each_order_once() -> None:
    machine = orders()
    resting(machine)
    machine.cancel_all()
    machine.cancel_all()
    assert [request.kind for request in machine.take_requests()] == ["cancel"]


def test_states_nobody_claims_are_bounded() -> None:
    machine = orders()
    for number in range(1_500):
        machine.order(bet(str(number), None))
    assert len(machine._unclaimed) == 1_000


def test_a_stream_that_begins_anew_has_known_bets_looked_up() -> None:
    machine = orders()
    resting(machine)
    machine.look_up_all()
    request = only_request(machine)
    assert (request.kind, request.bet_id) == ("look_up", "1")
