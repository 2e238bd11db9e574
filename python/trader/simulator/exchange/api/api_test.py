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
    exception,
    limit,
    rpc,
)
from trader.simulator.exchange.testing import MARKET, QUOTES, defined, whole_life

REST = "/exchange/betting/rest/v1.0/"


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
        (b'{"method":"SportsAPING/v1.0/list\xffEvents","id":1}', -32700),
        (b'{"method":"SportsAPING/v1.0/x","params":' + b"[" * 100_000, -32700),
    ],
)
def test_a_bad_call_has_the_number_of_its_fault(body: bytes, number: int) -> None:
    client = Client()
    assert client.post(BETTING, body)["error"]["code"] == number
    assert Api.operation(HttpRequest("POST", BETTING, {}, body)) in (
        "unknown",
        "batch",
        "getAccountFunds",
        "listEvents",
    )


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        (b"{}", "DSC-0018"),
        (b'{"filter":null}', "DSC-0018"),
        (b'{"filter":[]}', "DSC-0009"),
        (b'{"filter":{"eventTypeIds":7}}', "DSC-0009"),
    ],
)
def test_bad_parameters_have_the_same_fault_in_both_forms(params: bytes, fault: str) -> None:
    client = Client()
    body = b'{"method":"SportsAPING/v1.0/listEvents","id":1,"params":' + params + b"}"
    assert client.post(BETTING, body)["error"] == {"code": -32602, "message": fault}
    (reply,) = client.send(f"{REST}listEvents/", params)
    assert reply.status == 400
    assert msgspec.json.decode(reply.body) == {
        "faultcode": "Client",
        "faultstring": fault,
        "detail": {},
    }


def test_what_is_no_operation_is_not_found_in_the_rest_form() -> None:
    (reply,) = Client().send(f"{REST}noSuchThing/", b"{}")
    assert (reply.status, msgspec.json.decode(reply.body)["faultstring"]) == (404, "DSC-0021")


def test_no_parameters_are_as_good_as_none_named() -> None:
    client = Client()
    body = b'{"method":"AccountAPING/v1.0/getAccountFunds","params":null,"id":1}'
    assert client.post(ACCOUNT, body)["result"]["wallet"] == "UK"


def test_a_slash_at_the_end_of_an_address_says_nothing() -> None:
    client = Client()
    assert client.post("/api/keepAlive/", b"")["status"] == "SUCCESS"
    assert Api.operation(HttpRequest("POST", "/api/keepAlive/", {}, b"")) == "keepAlive"


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
    assert operation(f"{REST}noSuchThing/") == "unknown"
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
    for none in (
        {"inPlayOnly": True},
        {"bspOnly": False},
        {"turnInPlayEnabled": False},
        {"raceTypes": ["Hurdle"]},
        {"withOrders": ["EXECUTABLE"]},
        {"textQuery": "no such words"},
        {"marketStartTime": {"to": "2023-11-14T22:00:00Z"}},
    ):
        assert client.call("listMarketCatalogue", filter=none, maxResults=1) == [], none
    client.place(limit(3.3))
    for one in ({"inPlayOnly": False}, {"bspOnly": True}, {"withOrders": ["EXECUTABLE"]}):
        assert len(client.call("listMarketCatalogue", filter=one, maxResults=1)) == 1, one
    for sort in ("MAXIMUM_AVAILABLE", "MINIMUM_AVAILABLE", "LAST_TO_START", "RANK"):
        assert client.call("listMarketCatalogue", filter={}, maxResults=1, sort=sort)
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
    assert found(betIds=[second["betId"]] * 2, customerOrderRefs=["b"]) == ["b"], "each once"
    assert found(customerOrderRefs=["b", "b"]) == ["b"]
    assert found(orderBy="BY_MATCH_TIME") == ["b"], "only what is matched"
    assert found(orderBy="BY_MATCH_TIME", dateRange={"to": "2023-11-14T22:13:20Z"}) == []
    assert found(orderBy="BY_MARKET") == ["a", "b"]
    assert found(orderBy="BY_VOID_TIME") == found(orderBy="BY_SETTLED_TIME") == []
    odd = client.ask(BETTING, "listCurrentOrders", orderBy="BY_LUCK")
    assert odd["error"]["message"] == "DSC-0009"
    many = client.ask(BETTING, "listCurrentOrders", betIds=["1"] * 200, marketIds=["1.1"] * 51)
    assert exception(many) == "REQUEST_SIZE_EXCEEDS_LIMIT"
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
    assert cleared("SETTLED", runnerIds=[{"marketId": MARKET, "selectionId": "102"}]) == []
    (on,) = cleared("SETTLED", runnerIds=[{"marketId": MARKET, "selectionId": 101, "handicap": 0}])
    assert on == won
    (told,) = cleared("SETTLED", includeItemDescription=True)
    assert told["itemDescription"]["eventTypeDesc"] == "Horse Racing"
    assert set(told["itemDescription"]) == {
        *("eventTypeDesc", "eventDesc", "marketDesc", "marketType", "marketStartTime"),
        *("numberOfWinners", "runnerDesc"),
    }
    (of_type,) = cleared("SETTLED", groupBy="EVENT_TYPE", includeItemDescription=True)
    assert of_type["itemDescription"] == {"eventTypeDesc": "Horse Racing"}
    assert [order["betId"] for order in cleared("VOIDED", groupBy="MARKET")] == [one["betId"]]
    many = client.ask(BETTING, "listClearedOrders", betStatus="SETTLED", betIds=["1"] * 1_001)
    assert exception(many) == "REQUEST_SIZE_EXCEEDS_LIMIT"
    assert client.call("listCurrentOrders")["currentOrders"] == [], "it is settled"
    answer = client.ask(BETTING, "listClearedOrders", betStatus="LOST")
    assert answer["error"] == {"code": -32602, "message": "DSC-0009"}
    funds = client.ask(ACCOUNT, "getAccountFunds")["result"]
    assert funds["exposure"] == 0
    assert funds["availableToBetBalance"] == pytest.approx(
        10_000 + won["profit"] - market["commission"], abs=0.01
    )


def test_placements_and_failures_are_counted_by_the_hour() -> None:
    client = Client()

    def counted() -> int:
        return client.api.traffic[client.scene.account().account_id].transactions

    (one, _) = client.place(limit(3.3), limit(3.35))["instructionReports"]
    assert counted() == 2
    client.cancel({"betId": one["betId"]})
    assert counted() == 2, "a cancellation is free"
    client.cancel({"betId": one["betId"]})
    assert counted() == 3, "one that fails is not"
    client.place(limit(3.21))
    assert counted() == 4
    client.scene.to(3_600_000)
    client.place(limit(3.3))
    assert counted() == 1


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


def test_a_market_that_was_never_heard_of_has_no_book() -> None:
    client = Client(defined(0, image=True, rc=QUOTES))
    assert client.call("listMarketBook", marketIds=["1.7"]) == []
    assert client.call("listMarketProfitAndLoss", marketIds=["1.7"]) == []
