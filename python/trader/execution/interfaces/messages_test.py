"""Messages: the wire's vectors, and what the classes promise beside them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.execution.interfaces.intents import Action, QuoteIntent, Side
from trader.execution.interfaces.messages import Hello, Tick, TickAck, WireError, decode
from trader.execution.interfaces.reports import (
    ExecutionReport,
    Latency,
    Status,
    normalise_report,
)
from trader.execution.testing import load_vectors

VECTORS = load_vectors("vectors/v1/messages")
ACCEPT = {name: v for name, v in VECTORS.items() if "code" not in v}
REJECT = {name: v for name, v in VECTORS.items() if "code" in v}


def place(**changes: Any) -> QuoteIntent:
    fields: dict[str, Any] = {
        "intent_id": "a-1",
        "ts_ms": 1_000,
        "edge": "maker",
        "market_id": "1.100",
        "selection_id": 7,
        "side": Side.BACK,
        "price_centi": 250,
        "size_centi": 500,
        "ttl_ms": 5_000,
        "dry_run": True,
    }
    return QuoteIntent.place(**{**fields, **changes})


def report(**changes: Any) -> ExecutionReport:
    fields: dict[str, Any] = {
        "seq": 1,
        "intent_id": "a-1",
        "ts_ms": 1_000,
        "action": Action.PLACE,
        "status": Status.PLACED,
        "dry_run": True,
    }
    return ExecutionReport.new(**{**fields, **changes})


@pytest.mark.parametrize("name", ACCEPT)
def test_accepted_vector_is_encoded_to_the_same_bytes(name: str) -> None:
    raw = ACCEPT[name]["bytes"].encode()
    assert decode(raw).to_wire() == raw


@pytest.mark.parametrize("name", REJECT)
def test_rejected_vector_has_its_code(name: str) -> None:
    with pytest.raises(WireError) as caught:
        decode(REJECT[name]["bytes"].encode())
    assert caught.value.code == REJECT[name]["code"]


def test_both_kinds_of_vectors_are_there() -> None:
    assert ACCEPT
    assert REJECT


def test_unknown_fields_are_ignored_and_what_is_repeated_in_them() -> None:
    assert decode(b'{"type":"TICK","ts_ms":5,"later":{"a":[1,{}]}}') == Tick(ts_ms=5)
    raw = b'{"later":1,"later":{"ts_ms":1,"ts_ms":2},"type":"TICK","ts_ms":5}'
    assert decode(raw) == Tick(ts_ms=5)


@pytest.mark.parametrize("name", ACCEPT)
def test_no_field_of_any_message_may_be_given_twice(name: str) -> None:
    raw = ACCEPT[name]["bytes"]
    for key, value in msgspec.json.decode(raw).items():
        twice = raw[:-1] + f",{json.dumps(key)}:{json.dumps(value)}}}"
        with pytest.raises(WireError) as caught:
            decode(twice)
        assert caught.value.code == "BAD_MESSAGE"


def test_a_hundred_levels_are_no_fault() -> None:
    deep = b"[" * 98 + b"]" * 98
    with pytest.raises(WireError) as caught:
        decode(b'{"ts_ms":' + deep + b',"type":"TICK"}')
    assert caught.value.code == "BAD_MESSAGE"
    assert decode(b'{"news":' + deep + b',"ts_ms":5,"type":"TICK"}') == Tick(ts_ms=5)


def test_the_token_does_not_show() -> None:
    hello = decode(ACCEPT["accept_hello_full"]["bytes"])
    assert isinstance(hello, Hello)
    assert hello.token not in repr(hello)
    assert hello.token not in f"{[hello]}"


def test_bad_utf8_in_an_ignored_field_is_refused() -> None:
    with pytest.raises(WireError) as caught:
        decode(b'{"type":"TICK","ts_ms":5,"later":"\xff"}')
    assert caught.value.code == "BAD_UTF8"


@pytest.mark.parametrize("field", QuoteIntent.__struct_fields__)
def test_an_intent_without_a_field_is_refused(field: str) -> None:
    fields = msgspec.json.decode(place().to_wire())
    del fields[field]
    with pytest.raises(WireError) as caught:
        QuoteIntent.from_wire(msgspec.json.encode(fields))
    assert caught.value.code == "BAD_MESSAGE"


def test_from_wire_takes_its_own_type_only() -> None:
    assert QuoteIntent.from_wire(place().to_wire()) == place()
    with pytest.raises(WireError) as caught:
        ExecutionReport.from_wire(place().to_wire())
    assert caught.value.code == "UNKNOWN_TYPE"


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_message_or_a_wire_error(raw: bytes) -> None:
    try:
        decode(raw)
    except WireError as error:
        assert error.code in {"BAD_UTF8", "BAD_JSON", "BAD_MESSAGE", "UNKNOWN_TYPE"}


def test_deep_nesting_is_an_error_not_a_crash() -> None:
    with pytest.raises(WireError) as caught:
        decode(b'{"type":"TICK","ts_ms":1,"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    assert caught.value.code == "BAD_JSON"


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
safe_ints = st.integers(0, 2**53 - 1)


@given(edge=texts, market_id=texts, ts=safe_ints, price=st.integers(0, 1_000_000), ref=texts)
def test_any_intent_comes_back_equal(
    edge: str, market_id: str, ts: int, price: int, ref: str
) -> None:
    intent = place(edge=edge, market_id=market_id, ts_ms=ts, price_centi=price, strategy_ref=ref)
    assert decode(intent.to_wire()) == intent


@given(st.integers(-(2**70), 2**70))
def test_integers_beyond_53_bits_are_refused(value: int) -> None:
    raw = b'{"last_seq":0,"ts_ms":%d,"type":"TICK_ACK"}' % value
    if 0 <= value < 2**53:
        assert decode(raw) == TickAck(ts_ms=value, last_seq=0)
    else:
        with pytest.raises(WireError) as caught:
            decode(raw)
        assert caught.value.code == "BAD_MESSAGE"


@pytest.mark.parametrize(
    "changes",
    [
        {"intent_id": ""},
        {"intent_id": "a" * 33},
        {"ttl_ms": 0},
        {"price_centi": -1},
        {"price_centi": 1_000_001},
        {"size_centi": -1},
        {"size_centi": 9_000_000_001},
        {"ts_ms": -1},
        {"ts_ms": 2**53},
        {"ttl_ms": 2**53},
        {"selection_id": -1},
        {"handicap_centi": -(2**53)},
        {"market_version": -1},
        {"min_fill_size_centi": -1},
        {"hedge_of": "a b"},
    ],
)
def test_an_intent_the_wire_would_refuse_cannot_be_built(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))):
        place(**changes)


def test_replace_and_cancel_are_about_the_newest_intent() -> None:
    first = place(market_version=9)
    second = first.replace(intent_id="a-2", ts_ms=2_000, price_centi=260, ttl_ms=700)
    assert (second.action, second.target_intent_id, second.size_centi) == (Action.REPLACE, "a-1", 0)
    assert second.deadline_ms == 2_700
    cancel = second.cancel(intent_id="a-3", ts_ms=3_000)
    assert (cancel.action, cancel.target_intent_id, cancel.ttl_ms) == (Action.CANCEL, "a-2", 0)
    assert decode(cancel.to_wire()) == cancel


def test_comparable_blanks_the_latency_only() -> None:
    timed = msgspec.structs.replace(report(), latency=Latency(1, 2, 3))
    assert timed.to_wire() != report().to_wire()
    assert timed.comparable() == report().to_wire()
    assert timed.comparable() != report(seq=2).comparable()


@pytest.mark.parametrize("value", ["1e-5", "1e16", "-1e300"])
def test_decimals_that_languages_print_differently_are_refused(value: str) -> None:
    raw = report().to_wire().replace(b'"fill_price":null', b'"fill_price":' + value.encode())
    with pytest.raises(WireError) as caught:
        decode(raw)
    assert caught.value.code == "BAD_MESSAGE"


def test_foreign_spellings_are_normalised_by_the_table_only() -> None:
    foreign = report().to_wire().replace(b'"PLACED"', b'"canceled"')
    normal = normalise_report(foreign)
    assert normal is not None
    assert ExecutionReport.from_wire(normal).status is Status.CANCELLED
    assert normalise_report(foreign.replace(b"canceled", b"DONE")) is None
