"""Each fault, as a client on a socket meets it."""

from __future__ import annotations

import http.client
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.simulator.exchange.api import Api, HttpReply, HttpRequest
from trader.simulator.exchange.faults import FaultPlan, FaultRule, FaultyApi
from trader.simulator.exchange.faults.faulty_api import Answer, Broken
from trader.simulator.exchange.faults.plan import API_FAULTS
from trader.simulator.exchange.sockets_for_tests import (
    KEY,
    bets,
    client,
    exchange,
    place_request,
    rule,
    stream,
    wait_parked,
)
from trader.simulator.exchange.testing import MARKET, QUOTES, MemoryFeed, defined
from trader.simulator.exchange.venue import Venue, VenueConfig

RPC = "/exchange/betting/json-rpc/v1"
REST = "/exchange/betting/rest/v1.0"


@pytest.mark.parametrize(("fault", "placed"), [("reset_before", 0), ("reset_after", 1)])
def test_a_reset_may_come_before_or_after_the_bet(fault: str, placed: int) -> None:
    with exchange(rule(fault)) as running, client(running) as web:
        with pytest.raises(ConnectionResetError):
            web.place()
        assert bets(running) == placed


def test_half_a_reply_is_no_reply() -> None:
    with exchange(rule("half_reply")) as running, client(running) as web:
        with pytest.raises(http.client.IncompleteRead) as caught:
            web.place()
        assert caught.value.partial.startswith(b'{"jsonrpc":')
        assert bets(running) == 1


@pytest.mark.parametrize("executed", [True, False])
def test_an_http_error_tells_nothing_of_the_bet(*, executed: bool) -> None:
    error = rule("http_error", status=502, executed=executed)
    with exchange(error) as running, client(running) as web:
        status, _ = web.send(*place_request())
        assert (status, bets(running)) == (502, int(executed))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"fault": "exception", "code": "TOO_MANY_REQUESTS", "executed": False}, 0),
        ({"fault": "exception", "code": "TIMEOUT_ERROR"}, 1),
    ],
)
def test_an_exception_comes_in_the_venues_words(more: dict[str, Any], expected: int) -> None:
    with exchange(rule(**more)) as running, client(running) as web:
        error = web.place()["error"]
        assert error["data"]["APINGException"]["errorCode"] == more["code"]
        assert bets(running) == expected


def test_bets_in_progress_and_broken_json_and_lost_sessions() -> None:
    rules = [
        rule("bet_in_progress", times=1),
        rule("malformed_json", times=1),
        rule("session_expiry", times=1),
    ]
    with exchange(*rules) as running, client(running) as web:
        report = web.place()["result"]
        assert report["instructionReports"][0]["errorCode"] == "BET_IN_PROGRESS"
        _, body = web.send(*place_request())
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(body)
        error = web.place()["error"]["data"]["APINGException"]
        assert error["errorCode"] == "INVALID_SESSION_INFORMATION"
        assert bets(running) == 2
        web.login()
        assert web.place()["result"]["status"] == "SUCCESS"


def test_a_timeout_is_told_after_five_seconds_and_the_bet_may_come_later() -> None:
    late = rule("timeout", times=1, late_ms=8_000)
    with exchange(late) as running, client(running) as web:
        began_ms = running.venue.now_ms
        web.begin(*place_request(customerRef="r"))
        wait_parked(running)
        running.step(began_ms + 5_000)
        report = msgspec.json.decode(web.end())["result"]
        assert (report["status"], report["customerRef"]) == ("TIMEOUT", "r")
        assert bets(running) == 0
        running.step(began_ms + 8_000)
        assert bets(running) == 1


def test_a_late_reply_comes_after_the_order_stream_and_an_early_one_before() -> None:
    delayed = [rule("delay_after", times=1, ms=500), rule("hold", "ocm", after_calls=1, ms=700)]
    with (
        exchange(*delayed[:1]) as running,
        client(running) as web,
        stream(running, web.headers["X-Authentication"], "orderSubscription") as mine,
    ):
        web.begin(*place_request())
        assert mine.hear()["oc"], "told before the reply"
        running.step(running.venue.now_ms + 500)
        assert msgspec.json.decode(web.end())["result"]["status"] == "SUCCESS"
    with (
        exchange(*delayed[1:]) as running,
        client(running) as web,
        stream(running, web.headers["X-Authentication"], "orderSubscription") as mine,
    ):
        assert web.place()["result"]["status"] == "SUCCESS"
        running.step(running.venue.now_ms + 700)
        assert mine.hear()["oc"]


def test_streams_are_cut_and_doubled() -> None:
    rules = [rule("duplicate", "mcm", after_calls=1, times=1), rule("cut", "mcm", after_calls=2)]
    with (
        exchange(*rules) as running,
        client(running) as web,
        stream(running, web.headers["X-Authentication"]) as line,
    ):
        running.step(running.venue.now_ms + 100)
        assert line.raw() == line.raw()
        running.step(running.venue.now_ms + 200)
        assert line.raw() == b""


@pytest.mark.parametrize("executed", [True, False])
def test_a_timeout_is_carried_out_or_never(*, executed: bool) -> None:
    with (
        exchange(rule("timeout", times=1, executed=executed)) as running,
        client(running) as web,
    ):
        web.begin(*place_request())
        wait_parked(running)
        assert bets(running) == int(executed), "at once, unless it is late"
        running.step(running.venue.now_ms + 5_000)
        assert msgspec.json.decode(web.end())["result"]["status"] == "TIMEOUT"
        assert bets(running) == int(executed)


def test_a_request_may_be_late_itself() -> None:
    with exchange(rule("delay_before", times=1, ms=300)) as running, client(running) as web:
        web.begin(*place_request())
        wait_parked(running)
        running.step(running.venue.now_ms + 299)
        assert bets(running) == 0
        running.step(running.venue.now_ms + 1)
        assert bets(running) == 1
        assert msgspec.json.decode(web.end())["result"]["status"] == "SUCCESS"


def test_order_messages_change_places_and_a_line_is_broken() -> None:
    rules = [
        rule("reorder", "ocm", after_calls=1, times=1),
        rule("malformed_line", "ocm", after_calls=3, times=1),
    ]
    with (
        exchange(*rules) as running,
        client(running) as web,
        stream(running, web.headers["X-Authentication"], "orderSubscription") as mine,
    ):
        placed = [web.place()["result"]["instructionReports"][0]["betId"] for _ in range(3)]
        heard = [mine.hear()["oc"][0]["orc"][0]["uo"][0]["id"] for _ in range(2)]
        assert heard == [placed[1], placed[0]]
        line = mine.raw()
        assert line.endswith(b"\r\n")
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(line)


def test_the_market_data_says_when_it_cannot_be_relied_on() -> None:
    with (
        exchange(rule("status_503", "mcm", after_calls=1, times=1, ms=150)) as running,
        client(running) as web,
        stream(running, web.headers["X-Authentication"]) as line,
    ):
        running.step(running.venue.now_ms + 300)
        assert [line.hear().get("status") for _ in range(3)] == [503, 503, None]


# --- whatever is asked, without sockets ---------------------------------------------------------


def faulty(*rules: FaultRule) -> FaultyApi:
    venue = Venue(VenueConfig(), MemoryFeed([defined(0, image=True, rc=QUOTES)]))
    venue.advance(venue.now_ms)
    return FaultyApi(Api(venue), FaultPlan(1, venue.now_ms, rules))


def answers(api: FaultyApi, *requests: HttpRequest) -> list[Answer]:
    """All answers, those that take their time included."""
    heard: list[Answer] = []
    for request in requests:
        api.handle(request, heard.append)
    venue = api.api.venue
    venue.advance(venue.now_ms + 30_000)
    return heard


def decoded(answer: Answer) -> Any:
    assert isinstance(answer, HttpReply)
    return msgspec.json.decode(answer.body)


def test_the_identity_service_refuses_in_its_own_words() -> None:
    rules = [
        rule("exception", "login", code="ACCOUNT_NOW_LOCKED"),
        rule("exception", "certlogin", code="SUSPENDED"),
    ]
    form = b"username=hotloop&password=paper-money"
    headers = {"x-application": KEY}
    login, certlogin = answers(
        faulty(*rules),
        HttpRequest("POST", "/api/login", headers, form),
        HttpRequest("POST", "/api/certlogin", headers, form),
    )
    assert decoded(login) == {
        "token": "",
        "product": KEY,
        "status": "FAIL",
        "error": "ACCOUNT_NOW_LOCKED",
    }
    assert decoded(certlogin) == {"loginStatus": "SUSPENDED"}


def test_each_call_of_a_batch_is_refused() -> None:
    calls = [
        {"jsonrpc": "2.0", "method": f"SportsAPING/v1.0/{name}", "params": {}, "id": number}
        for number, name in ((7, "placeOrders"), (8, "listCurrentOrders"))
    ]
    request = HttpRequest("POST", RPC, {}, msgspec.json.encode(calls))
    (answer,) = answers(faulty(rule("exception", "batch", code="SERVICE_BUSY")), request)
    assert [
        (one["id"], one["error"]["data"]["APINGException"]["errorCode"]) for one in decoded(answer)
    ] == [(7, "SERVICE_BUSY"), (8, "SERVICE_BUSY")]


def test_a_report_repeats_the_instructions_in_either_form() -> None:
    params = {"marketId": MARKET, "instructions": [{"betId": "1", "newPrice": 3.0}]}
    call = {"method": "SportsAPING/v1.0/replaceOrders", "params": params, "id": 4}
    rpc, rest = answers(
        faulty(rule("bet_in_progress", "replaceOrders")),
        HttpRequest("POST", RPC, {}, msgspec.json.encode(call)),
        HttpRequest("POST", f"{REST}/replaceOrders/", {}, msgspec.json.encode(params)),
    )
    assert decoded(rpc)["id"] == 4
    assert decoded(rpc)["result"] == decoded(rest)
    (one,) = decoded(rest)["instructionReports"]
    assert one["cancelInstructionReport"]["instruction"] == {"betId": "1"}
    assert one["placeInstructionReport"]["errorCode"] == "BET_IN_PROGRESS"


scraps = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["params", "instructions", "id", "method", "marketId", "betId"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(
    fault=st.sampled_from(sorted(API_FAULTS)),
    path=st.sampled_from(
        [
            *(RPC, f"{REST}/placeOrders/", f"{REST}/replaceOrders/", "/api/login", "/nothing"),
            *("/api/certlogin", "/exchange/account/json-rpc/v1"),
        ]
    ),
    body=scraps.map(msgspec.json.encode)
    | st.binary(max_size=20)
    | st.sampled_from([b"[" * 100_000, b'{"id":"\xff"}']),
    method=st.sampled_from(["placeOrders", "replaceOrders", "listMarketBook", None]),
    executed=st.booleans(),
)
def test_whatever_is_asked_meets_a_fault_and_one_answer(
    fault: str, path: str, body: bytes, method: str | None, *, executed: bool
) -> None:
    if method is not None:
        head = f'{{"method":"SportsAPING/v1.0/{method}","id":1,"params":'.encode()
        body = head + (body if body.startswith((b"{", b"[", b"n")) else b"5") + b"}"
    api = faulty(FaultRule(fault, ms=10, executed=executed))
    heard = answers(api, HttpRequest("POST", path, {}, body))
    assert len(heard) == 1
    assert isinstance(heard[0], HttpReply | Broken)
    assert (api.parked, api.api.parked) == (0, 0)
