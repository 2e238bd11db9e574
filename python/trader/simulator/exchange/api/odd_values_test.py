"""Requests with a value in them that nobody would expect there."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from trader.simulator.exchange.api.testing import BETTING, Client, limit
from trader.simulator.exchange.testing import MARKET

REST = "/exchange/betting/rest/v1.0/"
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(["nan", "inf", "-1", "1e9", "BACK", "LIMIT", "3.3", MARKET]),
    st.just([]),
    st.just({}),
)
FIELDS = st.sampled_from(
    [
        "selectionId",
        "side",
        "orderType",
        "handicap",
        "size",
        "price",
        "minFillSize",
        "timeInForce",
        "persistenceType",
        "customerOrderRef",
        "liability",
        "betId",
        "sizeReduction",
        "newPrice",
        "marketId",
        "customerRef",
        "version",
        "recordCount",
        "fromRecord",
        "from",
        "orderBy",
        "betIds",
        "marketIds",
        "instructions",
        "groupBy",
        "bestPricesDepth",
        "betStatus",
        "priceData",
    ]
)
WHOLE: dict[str, dict[str, Any]] = {
    "placeOrders": {
        "marketId": MARKET,
        "customerRef": "r",
        "marketVersion": {"version": 1},
        "instructions": [
            limit(3.0, 5, minFillSize=2, timeInForce="FILL_OR_KILL", handicap=0),
            limit(3.3, 5, customerOrderRef="o"),
            {
                "orderType": "LIMIT_ON_CLOSE",
                "selectionId": 102,
                "side": "LAY",
                "limitOnCloseOrder": {"liability": 20, "price": 4.0},
            },
        ],
    },
    "cancelOrders": {
        "marketId": MARKET,
        "instructions": [{"betId": "300000000001", "sizeReduction": 1}],
    },
    "replaceOrders": {
        "marketId": MARKET,
        "instructions": [{"betId": "300000000001", "newPrice": 3.35}],
    },
    "listCurrentOrders": {
        "betIds": ["300000000001"],
        "marketIds": [MARKET],
        "dateRange": {"from": "2023-01-01T00:00:00Z", "to": None},
        "orderBy": "BY_MATCH_TIME",
        "fromRecord": 0,
        "recordCount": 10,
    },
    "listClearedOrders": {
        "betStatus": "SETTLED",
        "groupBy": "MARKET",
        "settledDateRange": {"from": "2023-01-01T00:00:00Z"},
        "betIds": ["300000000001"],
    },
    "listMarketBook": {
        "marketIds": [MARKET],
        "priceProjection": {
            "priceData": ["EX_BEST_OFFERS", "SP_TRADED"],
            "exBestOffersOverrides": {"bestPricesDepth": 3},
        },
        "orderProjection": "ALL",
    },
}


def altered(value: Any, field: str, odd: Any) -> Any:
    """A request with another value wherever a field of this name is."""
    if isinstance(value, list):
        return [altered(inner, field, odd) for inner in value]
    if isinstance(value, dict):
        return {
            name: odd if name == field else altered(inner, field, odd)
            for name, inner in value.items()
        }
    return value


@given(st.sampled_from(sorted(WHOLE)), FIELDS, ODD)
@settings(deadline=None, max_examples=400)
def test_an_odd_value_is_refused_or_taken_and_never_breaks_anything(
    operation: str, field: str, odd: Any
) -> None:
    client = Client()
    client.place(limit(3.3, 10))
    params = msgspec.json.encode(altered(WHOLE[operation], field, odd))
    body = b'{"method":"SportsAPING/v1.0/' + operation.encode() + b'","id":1,"params":'
    answer = client.post(BETTING, body + params + b"}")
    assert ("result" in answer) is not ("error" in answer)
    assert b"UNEXPECTED_ERROR" not in msgspec.json.encode(answer)
    (reply,) = client.send(f"{REST}{operation}/", params)
    assert reply.status in (200, 400)
    assert client.api.parked == 0
