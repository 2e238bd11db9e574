"""Addresses, forms, sessions and faults of calls; listings; the account; what always holds."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trader.simulator.exchange.api import Api, HttpRequest
from trader.simulator.exchange.api.errors import ANGX
from trader.simulator.exchange.api.testing import (
    ACCOUNT,
    BETTING,
    HEARTBEAT,
    Client,
    limit,
    rpc,
)
from trader.simulator.exchange.testing import MARKET, QUOTES, defined, whole_life

REST = "/exchange/betting/rest/v1.0/"


def exception(answer: Any) -> str:
    """The APINGException of a JSON-RPC answer."""
    found: str = answer["error"]["data"]["APINGException"]["errorCode"]
    return found


# --- sessions ------------------------------------------------------------------------------------


def test_who_asks_must_be_known() -> None:
    client = Client()
    body = rpc(BETTING, "listEventTypes", {"filter": {}})
    for changes, expected in (
        ({"x_application": ""}, "NO_APP_KEY"),
        ({"x_application": "another"}, "INVALID_APP_KEY"),
        ({"token": ""}, "NO_SESSION"),
        ({"token": "f" * 64}, "INVALID_SESSION_INFORMATION"),
    ):
        answer = client.post(BETTING, body, **changes)
        assert exception(answer) == expected
        assert answer["error"]["message"] == ANGX[expected]


def test_a_log_in_needs_name_and_password_and_a_key() -> None:
    client = Client()
    wrong = client.post("/api/login", b"username=one&password=guess")
    assert (wrong["status"], wrong["error"]) == ("FAIL", "INVALID_USERNAME_OR_PASSWORD")
    nobody = client.post("/api/certlogin", b"username=nobody&password=paper-money")
    assert nobody == {"loginStatus": "INVALID_USERNAME_OR_PASSWORD"}
    keyless = client.post("/api/login", b"username=one&password=paper-money", x_application="")
    assert keyless["error"] == "INPUT_VALIDATION_ERROR"
    good = client.post("/api/certlogin", b"username=one&password=paper-money")
    assert good["loginStatus"] == "SUCCESS"
    assert len(good["sessionToken"]) == 64


def test_a_session_ends_unless_it_is_kept_alive() -> None:
    client = Client(session_ms=10_000)
    client.scene.to(9_000)
    assert client.post("/api/keepAlive", b"")["status"] == "SUCCESS"
    client.scene.to(18_999)
    assert "result" in client.ask(BETTING, "listEventTypes", filter={})
    client.scene.to(19_000)
    assert exception(client.ask(BETTING, "listEventTypes", filter={})) == (
        "INVALID_SESSION_INFORMATION"
    )
    assert client.post("/api/keepAlive", b"")["error"] == "NO_SESSION"


def test_a_log_out_ends_the_session() -> None:
    client = Client()
    assert client.post("/api/logout", b"")["status"] == "SUCCESS"
    assert client.post("/api/logout", b"")["status"] == "FAIL"
    assert exception(client.ask(ACCOUNT, "getAccountFunds")) == "INVALID_SESSION_INFORMATION"


# --- forms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (b"{", -32700),
        (b"[]", -32700),
        (b'{"method":"SportsAPING/v1.0/noSuchThing","id":1}', -32601),
        (b'{"method":"AccountAPING/v1.0/getAccountFunds","id":1}', -32601),
        (b'{"method":"SportsAPING/v1.0/listEvents","params":{},"id":1}', -32602),
        (b'{"method":"SportsAPING/v1.0/listEvents","params":{"filter":5},"id":1}', -32602),
    ],
)
def test_a_bad_call_has_the_number_of_its_fault(body: bytes, number: int) -> None:
    client = Client()
    assert client.post(BETTING, body)["error"]["code"] == number


def test_the_rest_form_says_the_same() -> None:
    client = Client()
    params = {"marketId": MARKET, "instructions": [limit(3.3)]}
    report = client.post(f"{REST}placeOrders/", msgspec.json.encode(params))
    assert report["status"] == "SUCCESS"
    (reply,) = client.send(f"{REST}placeOrders/", b"{}")
    assert reply.status == 400
    (reply,) = client.send(f"{REST}listEvents/", b'{"filter":{}}', token="nobody")
    fault = msgspec.json.decode(reply.body)
    assert (reply.status, fault["faultstring"]) == (400, "ANGX-0003")
    assert fault["detail"]["APINGException"]["errorCode"] == "INVALID_SESSION_INFORMATION"


@pytest.mark.parametrize("path", ["/", "/exchange", "/exchange/none/json-rpc/v1", "/x/y/z"])
def test_an_address_that_is_none_is_404(path: str) -> None:
    (reply,) = Client().send(path, b"{}")
    assert reply.status == 404


def test_a_request_may_not_be_too_large() -> None:
    (reply,) = Client().send(BETTING, b" " * (1024 * 1024 + 1))
    assert b"REQUEST_SIZE_EXCEEDS_LIMIT" in reply.body


@given(st.binary(max_size=300))
@settings(deadline=None, max_examples=200)
def test_whatever_comes_is_answered_once(body: bytes) -> None:
    client = Client()
    for path in (BETTING, f"{REST}placeOrders/", "/api/login"):
        assert len(client.send(path, body)) == 1
    assert client.api.parked == 0


def test_operations_are_told_apart() -> None:
    def operation(path: str, body: bytes = b"") -> str:
        return Api.operation(HttpRequest("POST", path, {}, body))

    assert operation("/api/certlogin") == "certlogin"
    assert operation(f"{REST}placeOrders/") == "placeOrders"
    assert operation(BETTING, rpc(BETTING, "cancelOrders", {})) == "cancelOrders"
    assert operation(BETTING, b"[]") == "batch"
    assert operation(BETTING, b"?") == "unknown"


# --- listings ------------------------------------------------------------------------------------


def test_the_catalogue_tells_what_is_asked_for() -> None:
    client = Client()
    (market,) = client.call(
        "listMarketCatalogue",
        filter={"eventTypeIds": ["7"]},
        maxResults=10,
        marketProjection=["EVENT", "EVENT_TYPE", "RUNNER_DESCRIPTION", "MARKET_DESCRIPTION"],
    )
    assert market["marketId"] == MARKET
    assert [runner["selectionId"] for runner in market["runners"]] == [101, 102, 103, 104]
    assert market["eventType"] == {"id": "7", "name": "Horse Racing"}
    assert market["description"]["bspMarket"] is True
    assert client.call("listMarketCatalogue", filter={"eventTypeIds": ["1"]}, maxResults=1) == []
    assert client.call("listMarketCatalogue", filter={"inPlayOnly": True}, maxResults=1) == []
    answer = client.ask(BETTING, "listMarketCatalogue", filter={}, maxResults=1_001)
    assert exception(answer) == "TOO_MUCH_DATA"


def test_a_book_is_what_the_venue_shows_with_our_orders() -> None:
    client = Client()
    client.place(limit(3.3, 7))
    client.place(limit(3.0, 30))
    (book,) = client.call(
        "listMarketBook",
        marketIds=[MARKET, "1.7"],
        priceProjection={"priceData": ["EX_BEST_OFFERS", "EX_TRADED"]},
        orderProjection="ALL",
    )
    first = book["runners"][0]
    assert first["ex"]["availableToBack"] == [{"price": 3, "size": 70}]
    assert first["ex"]["availableToLay"] == [{"price": 3.2, "size": 100}, {"price": 3.3, "size": 7}]
    assert first["ex"]["tradedVolume"] == [{"price": 3, "size": 60}]
    assert [order["status"] for order in first["orders"]] == ["EXECUTABLE", "EXECUTION_COMPLETE"]
    assert exception(client.ask(BETTING, "listMarketBook", marketIds=["1.1"] * 41)) == (
        "TOO_MUCH_DATA"
    )


def test_current_orders_are_found_by_what_they_have() -> None:
    client = Client()
    client.place(limit(3.3, 7, customerOrderRef="a"), customerStrategyRef="s")
    client.scene.to(1_000)
    (second,) = client.place(limit(3.0, 5, customerOrderRef="b"))["instructionReports"]

    def found(**wanted: Any) -> list[str]:
        orders = client.call("listCurrentOrders", **wanted)["currentOrders"]
        return [order.get("customerOrderRef") for order in orders]

    assert found() == ["a", "b"]
    assert found(sortDir="LATEST_TO_EARLIEST") == ["b", "a"]
    assert found(customerOrderRefs=["b"]) == ["b"]
    assert found(customerStrategyRefs=["s"]) == ["a"]
    assert found(betIds=[int(second["betId"])]) == ["b"]
    assert found(orderProjection="EXECUTABLE") == ["a"]
    assert found(orderProjection="EXECUTION_COMPLETE") == ["b"]
    assert found(marketIds=["1.7"]) == []
    assert found(dateRange={"from": "2023-11-14T22:13:21Z"}) == ["b"]
    assert found(fromRecord=1) == ["b"]
    page = client.call("listCurrentOrders", recordCount=1)
    assert (len(page["currentOrders"]), page["moreAvailable"]) == (1, True)
    bad = client.ask(BETTING, "listCurrentOrders", dateRange={"from": "yesterday"})
    assert exception(bad) == "INVALID_INPUT_DATA"


def test_cleared_orders_tell_how_each_bet_ended() -> None:
    client = Client(*whole_life())
    client.place(limit(3.0, 10, customerOrderRef="won"))
    client.place(limit(3.3, 10, customerOrderRef="gone", persistenceType="LAPSE"))
    (one,) = client.place(limit(4.2, 3, 104, side="LAY"))["instructionReports"]
    (two,) = client.place(limit(3.5, 8, customerOrderRef="cut"))["instructionReports"]
    client.cancel({"betId": two["betId"]})
    client.scene.to(20_000)

    def cleared(status: str, **more: Any) -> list[dict[str, Any]]:
        orders: list[dict[str, Any]] = client.call("listClearedOrders", betStatus=status, **more)[
            "clearedOrders"
        ]
        return orders

    (won,) = cleared("SETTLED")
    assert (won["betOutcome"], won["customerOrderRef"], won["sizeSettled"]) == ("WON", "won", 10)
    assert won["priceReduced"] is True, "a runner went with a fifth"
    assert [order["betId"] for order in cleared("VOIDED")] == [one["betId"]]
    assert [order["customerOrderRef"] for order in cleared("CANCELLED")] == ["cut"]
    assert [order["customerOrderRef"] for order in cleared("LAPSED")] == ["gone"]
    (market,) = cleared("SETTLED", groupBy="MARKET")
    assert market["profit"] == won["profit"]
    assert market["commission"] == round(won["profit"] * 0.05, 2)
    assert client.call("listCurrentOrders")["currentOrders"] == [], "it is settled"
    assert exception(client.ask(BETTING, "listClearedOrders", betStatus="LOST")) == (
        "INVALID_INPUT_DATA"
    )
    funds = client.ask(ACCOUNT, "getAccountFunds")["result"]
    assert funds["exposure"] == 0
    assert funds["availableToBetBalance"] == pytest.approx(
        10_000 + won["profit"] - market["commission"], abs=0.01
    )


# --- the account ---------------------------------------------------------------------------------


def test_funds_fall_with_what_can_be_lost() -> None:
    client = Client()
    client.place(limit(3.3, 40))
    client.place(limit(4.1, 10, 102, side="LAY"))
    funds = client.ask(ACCOUNT, "getAccountFunds")["result"]
    assert funds["exposure"] == -71, "102 wins: 31 of the lay, and the back loses 40"
    assert funds["availableToBetBalance"] == 10_000 - 71
    assert client.ask(ACCOUNT, "getAccountDetails")["result"]["currencyCode"] == "GBP"


def test_a_silent_heartbeat_cancels_the_bets() -> None:
    client = Client()

    def beat(seconds: int) -> Any:
        return client.ask(HEARTBEAT, "heartbeat", preferredTimeoutSeconds=seconds)["result"]

    client.place(limit(3.3, 5))
    assert beat(5) == {"actionPerformed": "NONE", "actualTimeoutSeconds": 10}
    client.scene.to(9_999)
    assert beat(10)["actionPerformed"] == "NONE"
    client.scene.to(19_998)
    assert client.scene.market.live
    client.scene.to(19_999)
    assert not client.scene.market.live
    assert beat(10)["actionPerformed"] == "ALL_BETS_CANCELLED"
    client.place(limit(3.3, 5))
    assert beat(0)["actualTimeoutSeconds"] == 0
    client.scene.to(200_000)
    assert len(client.scene.market.live) == 1


# --- what always holds ---------------------------------------------------------------------------

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


# --- every code a client can cause ---------------------------------------------------------------

NOT_CAUSED = {
    "ERROR_IN_MATCHER": "our matcher is never unhealthy; a fault of kind exception stands for it",
    "INVALID_ACCOUNT_STATE": "accounts are always in order",
    "INVALID_WALLET_STATUS": "accounts are always in order",
    "LOSS_LIMIT_EXCEEDED": "accounts have no loss limits",
    "INVALID_ORDER": "every order that cannot be read is refused with a nearer code",
    "PERMISSION_DENIED": "no jurisdiction forbids anything here",
    "SERVICE_UNAVAILABLE": "a fault (http_error) stands for it",
    "REJECTED_BY_REGULATOR": "there is no regulator",
    "REGULATOR_IS_NOT_AVAILABLE": "there is no regulator",
    "NO_CHASING": "there is no regulator",
    "TOO_MANY_INSTRUCTIONS": "the venue answers INVALID_INPUT_DATA",
    "INVALID_MARKET_VERSION": "a version that has passed lapses the bet instead",
    "EVENT_EXPOSURE_LIMIT_EXCEEDED": "accounts have no exposure limits",
    "EVENT_MATCHED_EXPOSURE_LIMIT_EXCEEDED": "accounts have no exposure limits",
    "EVENT_BLOCKED": "no event is blocked",
    "BET_IN_PROGRESS": "a fault of that kind stands for it",
    "RELATED_ACTION_FAILED": "no instruction depends on another one",
    "BET_LAPSED_PRICE_IMPROVEMENT_TOO_LARGE": "best execution is not bounded here",
}
"""Codes of the reference that no client of this venue can cause, and why."""


def test_the_codes_nobody_can_cause_are_not_said_anywhere() -> None:
    from trader.simulator.exchange.api import changing, checks, placing  # noqa: PLC0415

    sources = ""
    for module in (changing, checks, placing):
        assert module.__file__ is not None
        with open(module.__file__, encoding="utf-8") as file:  # noqa: PTH123
            sources += file.read()
    for never in NOT_CAUSED:
        assert f'"{never}"' not in sources, never


def test_a_market_that_was_never_heard_of_has_no_book() -> None:
    client = Client(defined(0, image=True, rc=QUOTES))
    assert client.call("listMarketBook", marketIds=["1.7"]) == []
    assert client.call("listMarketProfitAndLoss", marketIds=["1.7"]) == []
