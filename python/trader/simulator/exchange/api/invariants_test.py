"""What holds of the books whatever a client asks for."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from trader.simulator.exchange.api.testing import ACCOUNT, Client, limit
from trader.simulator.exchange.testing import MARKET, RUNNERS, in_order, whole_life

PRICES = (2.9, 3.0, 3.1, 3.2, 3.3)
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["place", "cancel", "replace", "reduce", "wait"]),
        st.integers(0, 50),
        st.sampled_from(PRICES),
        st.sampled_from(["BACK", "LAY"]),
        st.sampled_from([None, "r1", "r2"]),
    ),
    max_size=25,
)


@given(ACTS)
@settings(deadline=None, max_examples=100)
def test_whatever_is_asked_the_books_are_in_order(
    acts: list[tuple[str, int, float, str, Any]],
) -> None:
    client = Client(deposit_e4=3_000_000)
    venue = client.scene.venue
    at_ms = 0
    for kind, number, price, side, ref in acts:
        named = {"customerRef": ref} if ref else {}
        before = len(venue.bets)
        bet_id = str(300_000_000_001 + number % max(1, before))
        if kind == "place":
            refs = client.api.traffic[account(client)].refs
            seen = refs.get(f"place {ref}", 0) > venue.now_ms
            client.place(limit(price, 1 + number, side=side), **named)
            assert not seen or len(venue.bets) == before, "a repeat places nothing"
        elif kind == "cancel":
            client.cancel({"betId": bet_id})
        elif kind == "reduce":
            client.cancel({"betId": bet_id, "sizeReduction": 1})
        elif kind == "replace":
            instruction = {"betId": bet_id, "newPrice": price}
            client.call("replaceOrders", marketId=MARKET, instructions=[instruction])
        else:
            at_ms += number * 1_000
            client.scene.to(at_ms)
        told = client.call("listCurrentOrders", orderProjection="EXECUTABLE")["currentOrders"]
        assert {order["betId"] for order in told} == set(client.scene.market.live)
        for bet in venue.bets.values():
            gone = bet.lapsed_centi + bet.cancelled_centi + bet.voided_centi
            assert bet.size_centi == bet.matched_centi + bet.remaining_centi + gone
        funds = client.ask(ACCOUNT, "getAccountFunds")["result"]
        assert funds["availableToBetBalance"] >= 0


def account(client: Client) -> str:
    """The account's id; its traffic is counted from the first call on."""
    client.call("listCurrentOrders")
    return client.scene.account().account_id


class Act(NamedTuple):
    """A request in the life of a market, and when it is sent."""

    at_ms: int
    method: str
    number: int
    price: float
    side: str
    selection_id: int
    ref: str | None
    is_async: bool
    persistence: str | None


def sorted_by_time(acts: list[Act]) -> list[Act]:
    return sorted(acts, key=lambda act: act.at_ms)


LIFE = st.lists(
    st.builds(
        Act,
        at_ms=st.integers(0, 5_500),
        method=st.sampled_from(["placeOrders", "cancelOrders", "replaceOrders", "updateOrders"]),
        number=st.integers(1, 30),
        price=st.sampled_from([2.5, 2.98, 3.0, 3.1, 3.3]),
        side=st.sampled_from(["BACK", "LAY"]),
        selection_id=st.sampled_from(RUNNERS),
        ref=st.sampled_from([None, "r1", "r2"]),
        is_async=st.booleans(),
        persistence=st.sampled_from(["LAPSE", "PERSIST", "MARKET_ON_CLOSE", None]),
    ),
    max_size=20,
).map(sorted_by_time)


def request(act: Act, index: int) -> dict[str, Any]:
    """Its parameters. Every order has a customerOrderRef of its own."""
    bet_id = str(300_000_000_000 + act.number)
    instructions: dict[str, dict[str, Any]] = {
        "placeOrders": limit(
            act.price,
            act.number,
            act.selection_id,
            side=act.side,
            customerOrderRef=f"{act.ref}-{index}",
            persistenceType=act.persistence,
            timeInForce=None if act.persistence else "FILL_OR_KILL",
        ),
        "cancelOrders": {"betId": bet_id},
        "replaceOrders": {"betId": bet_id, "newPrice": act.price},
        "updateOrders": {"betId": bet_id, "newPersistenceType": act.persistence or "LAPSE"},
    }
    params: dict[str, Any] = {"marketId": MARKET, "instructions": [instructions[act.method]]}
    if act.ref is not None:
        params["customerRef"] = act.ref
    return params | {"async": act.is_async}


@given(LIFE, st.booleans())
@settings(deadline=None, max_examples=100)
def test_through_a_whole_life_every_request_is_answered_once_and_every_bet_is_in_order(
    acts: list[Act], best_execution: bool
) -> None:
    client = Client(*whole_life(), best_execution=best_execution)
    venue = client.scene.venue
    replies: list[Any] = []
    for index, act in enumerate(acts):
        client.scene.to(act.at_ms)
        replies.append(client.later(act.method, **request(act, index)))
        for bet in venue.bets.values():
            in_order(bet)
    client.scene.to(20_000)
    assert client.api.parked == 0
    for (reply,) in replies:
        report = msgspec.json.decode(reply.body)["result"]
        assert len(report["instructionReports"]) == 1
    for bet in venue.bets.values():
        in_order(bet)
        assert not bet.is_executable, "the market is settled"
    first_by_ref: dict[str, str] = {}
    for bet in venue.bets.values():
        ref = bet.customer_order_ref or ""
        group = ref.split("-")[0]
        if group != "None":  # a replacement carries the reference of its bet
            assert first_by_ref.setdefault(group, ref) == ref, "a repeat placed nothing"
    cleared = venue.settlements.cleared.get(client.scene.account().account_id, [])
    assert len({one.bet.bet_id for one in cleared}) == len(cleared), "each is cleared once"
