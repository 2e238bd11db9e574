"""Every error code of the venue: a client that causes it, or the reason why none can here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from trader.betfair.error_codes import CLASS_OF
from trader.simulator.exchange import api
from trader.simulator.exchange.api.testing import BETTING, Client, limit, rpc
from trader.simulator.exchange.testing import MARKET, QUOTES, defined, runner

NOT_CAUSED: Final = {
    "ERROR_IN_MATCHER": "our matcher is never unhealthy, and two requests never meet in it",
    "INVALID_ACCOUNT_STATE": "accounts are always in order",
    "INVALID_WALLET_STATUS": "accounts are always in order",
    "LOSS_LIMIT_EXCEEDED": "accounts have no loss limits",
    "INVALID_ORDER": "every order that cannot be read is refused with a nearer code",
    "SERVICE_UNAVAILABLE": "a fault (http_error) stands for it",
    "SERVICE_BUSY": "a fault (exception) stands for it",
    "TIMEOUT_ERROR": "a fault (exception) stands for it",
    "ACCESS_DENIED": "no key and no jurisdiction is restricted",
    "REJECTED_BY_REGULATOR": "there is no regulator",
    "REGULATOR_IS_NOT_AVAILABLE": "there is no regulator",
    "NO_CHASING": "there is no regulator",
    "TOO_MANY_INSTRUCTIONS": "the venue answers INVALID_INPUT_DATA",
    "EVENT_EXPOSURE_LIMIT_EXCEEDED": "accounts have no exposure limits",
    "EVENT_MATCHED_EXPOSURE_LIMIT_EXCEEDED": "accounts have no exposure limits",
    "EVENT_BLOCKED": "no event is blocked",
    "BET_IN_PROGRESS": "a fault of that kind stands for it",
    "BET_LAPSED_PRICE_IMPROVEMENT_TOO_LARGE": "best execution is not bounded here",
}
"""Codes that no client of this venue can cause, and why."""

KILL: Final[dict[str, Any]] = {"persistenceType": None, "timeInForce": "FILL_OR_KILL"}


def on_close(price: float = 3.0, **more: Any) -> dict[str, Any]:
    """A LIMIT_ON_CLOSE back."""
    return {
        "orderType": "LIMIT_ON_CLOSE",
        "selectionId": 101,
        "side": "BACK",
        "limitOnCloseOrder": {"liability": 10, "price": price},
        **more,
    }


def placed(*instructions: dict[str, Any], **params: Any) -> Any:
    """What placing is answered in an open market."""
    return Client().place(*instructions, **params)


def asked(method: str, **params: Any) -> Any:
    return Client().ask(BETTING, method, **params)


def headed(**headers: Any) -> Any:
    return Client().post(BETTING, rpc(BETTING, "listEvents", {"filter": {}}), **headers)


def changed(method: str, bet: dict[str, Any], **terms: Any) -> Any:
    """What a change of a bet is answered."""
    client = Client()
    bet_id = client.place(bet)["instructionReports"][0]["betId"]
    instruction = {"betId": bet_id, **terms}
    return client.call(method, marketId=MARKET, instructions=[instruction])


def in_market(status: str) -> Any:
    return Client(defined(0, image=True, rc=QUOTES, status=status)).place(limit())


def placed_twice() -> Any:
    client = Client()
    client.place(limit(3.3), customerRef="once")
    return client.place(limit(3.3), customerRef="once")


def cancelled_twice() -> Any:
    client = Client()
    bet_id = client.place(limit(3.3))["instructionReports"][0]["betId"]
    client.cancel({"betId": bet_id})
    return client.cancel({"betId": bet_id})


def replaced_beyond_the_deposit() -> Any:
    client = Client(deposit_e4=1_000_000)
    lay = limit(3.2, 40, 102, side="LAY")
    bet_id = client.place(lay)["instructionReports"][0]["betId"]
    instruction = {"betId": bet_id, "newPrice": 3.9}
    return client.call("replaceOrders", marketId=MARKET, instructions=[instruction])


def too_fast() -> Any:
    client = Client()
    for _ in range(5):
        client.place(*[limit(1000, 0.01)] * 200)
    return client.ask(BETTING, "placeOrders", marketId=MARKET, instructions=[limit()])


def with_the_delayed_key() -> Any:
    body = rpc(BETTING, "placeOrders", {"marketId": MARKET, "instructions": [limit()]})
    return Client().post(BETTING, body, x_application="paper-app-key-delayed")


def in_a_full_venue() -> Any:
    client = Client(bets_max=0)
    return client.ask(BETTING, "placeOrders", marketId=MARKET, instructions=[limit()])


def on_a_removed_runner() -> Any:
    gone = [101, 102, 103, runner(104, "REMOVED")]
    return Client(defined(0, gone, image=True, rc=QUOTES)).place(limit(selection_id=104))


CAUSED: Final[dict[str, Callable[[], Any]]] = {
    # of a whole request
    "PROCESSED_WITH_ERRORS": lambda: Client(best_execution=False).place(limit(), limit(3.21)),
    "BET_ACTION_ERROR": lambda: placed(limit(3.21)),
    "ERROR_IN_ORDER": lambda: placed(limit(), limit(3.21)),
    "MARKET_SUSPENDED": lambda: in_market("SUSPENDED"),
    "MARKET_NOT_OPEN_FOR_BETTING": lambda: in_market("INACTIVE"),
    "DUPLICATE_TRANSACTION": placed_twice,
    "INVALID_MARKET_ID": lambda: asked("placeOrders", marketId="1.7", instructions=[limit()]),
    "INVALID_MARKET_VERSION": lambda: placed(limit(), marketVersion={"version": 10**12}),
    "PERMISSION_DENIED": with_the_delayed_key,
    "DUPLICATE_BETIDS": lambda: asked(
        "cancelOrders", marketId=MARKET, instructions=[{"betId": "1"}, {"betId": 1}]
    ),
    # of an instruction
    "INVALID_BET_SIZE": lambda: placed(limit(size=0.5)),
    "INVALID_PROFIT_RATIO": lambda: changed("cancelOrders", limit(1.04, 2, 103), sizeReduction=1.9),
    "INSUFFICIENT_FUNDS": lambda: placed(limit(3.3, 10_001)),
    "INVALID_RUNNER": lambda: placed(limit(selection_id=999)),
    "RUNNER_REMOVED": on_a_removed_runner,
    "INVALID_ODDS": lambda: placed(limit(3.21)),
    "INVALID_BID_TYPE": lambda: placed(limit(side="BOTH")),
    "INVALID_PERSISTENCE_TYPE": lambda: placed(limit(persistenceType="FOREVER")),
    "INVALID_CUSTOMER_ORDER_REF": lambda: placed(limit(customerOrderRef="x" * 33)),
    "INVALID_CUSTOMER_STRATEGY_REF": lambda: placed(limit(), customerStrategyRef="x" * 16),
    "INVALID_BACK_LAY_COMBINATION": lambda: placed(
        on_close(3.0), on_close(3.5, side="LAY"), limit(3.3)
    ),
    "INVALID_ORDER_TYPE": lambda: placed(on_close(), timeInForce="FILL_OR_KILL"),
    "TIME_IN_FORCE_CONFLICT": lambda: placed(limit(**KILL), timeInForce="FILL_OR_KILL"),
    "UNEXPECTED_PERSISTENCE_TYPE": lambda: placed(
        limit(timeInForce="FILL_OR_KILL", persistenceType="PERSIST")
    ),
    "UNEXPECTED_MIN_FILL_SIZE": lambda: placed(limit(minFillSize=2)),
    "INVALID_MIN_FILL_SIZE": lambda: placed(limit(minFillSize=50, **KILL)),
    "MARKET_NOT_OPEN_FOR_BSP_BETTING": lambda: Client(
        defined(0, image=True, rc=QUOTES, bspMarket=False)
    ).place(on_close()),
    "BET_TAKEN_OR_LAPSED": cancelled_twice,
    "INVALID_BET_ID": lambda: Client().cancel({"betId": "1"}),
    "NO_ACTION_REQUIRED": lambda: changed("replaceOrders", limit(3.3), newPrice=3.3),
    "INVALID_PRICE_EDIT": lambda: changed("replaceOrders", on_close(3.0), newPrice=3.5),
    "CANCELLED_NOT_PLACED": replaced_beyond_the_deposit,
    "RELATED_ACTION_FAILED": lambda: changed("replaceOrders", limit(3.3), newPrice=3.31),
    # exceptions
    "TOO_MUCH_DATA": lambda: asked("listMarketBook", marketIds=["1.1"] * 101),
    "INVALID_INPUT_DATA": lambda: asked("placeOrders", marketId=MARKET, instructions=[]),
    "REQUEST_SIZE_EXCEEDS_LIMIT": lambda: asked("listCurrentOrders", betIds=["1"] * 251),
    "TOO_MANY_REQUESTS": too_fast,
    "UNEXPECTED_ERROR": in_a_full_venue,
    "NO_APP_KEY": lambda: headed(x_application=""),
    "INVALID_APP_KEY": lambda: headed(x_application="another"),
    "NO_SESSION": lambda: headed(token=""),
    "INVALID_SESSION_INFORMATION": lambda: headed(token="f" * 64),
}
"""Code → what is answered to a client that causes it."""


def said(value: Any) -> Iterator[str]:
    """All the error codes anywhere in an answer."""
    if isinstance(value, list):
        for inner in value:
            yield from said(inner)
    elif isinstance(value, dict):
        if "errorCode" in value:
            yield value["errorCode"]
        for inner in value.values():
            yield from said(inner)


@pytest.mark.parametrize("code", sorted(CAUSED))
def test_a_client_can_cause(code: str) -> None:
    assert code in set(said(CAUSED[code]()))


def test_every_code_is_caused_or_has_its_reason() -> None:
    assert not set(CAUSED) & set(NOT_CAUSED)
    assert set(CAUSED) | set(NOT_CAUSED) == set(CLASS_OF)


def test_the_codes_nobody_can_cause_are_said_nowhere() -> None:
    assert api.__file__ is not None
    sources = [
        path.read_text(encoding="utf-8")
        for path in Path(api.__file__).parent.glob("*.py")
        if not path.name.endswith("_test.py") and path.name != "errors.py"
    ]
    assert len(sources) > 5
    for code in NOT_CAUSED:
        assert not any(f'"{code}"' in source for source in sources), code
