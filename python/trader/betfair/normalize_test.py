"""What a stream line may hold, and how a bad one is named."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.betfair.ladder import CLASSIC, FINEST, Ladder, line_range
from trader.betfair.messages import Definition, Message
from trader.betfair.normalize import (
    MessageError,
    decode_line,
    read_message,
    read_snapshot,
    round_centi,
)


def message(**market: Any) -> dict[str, Any]:
    return {"op": "mcm", "pt": 1_000, "mc": [{"id": "1.1", **market}]}


def runner(**fields: Any) -> dict[str, Any]:
    return message(rc=[{"id": 7}, {"id": 8, **fields}])


def read(decoded: dict[str, Any]) -> Message:
    read_out = read_message(decoded)
    assert read_out is not None
    return read_out


@pytest.mark.parametrize(
    ("raw", "offset"),
    [
        (b"", 0),
        (b"[1]", 0),
        (b'{"a":}', 5),
        ('{"é":1,}'.encode(), 8),
        (b'{"a":1} x', 8),
        (b'{"a":"\xff"}', 6),
        (b'{"NaN":"NaN\\"","a":NaN}', 19),
        (b'{"a":[-Infinity]}', 6),
        (b'{"a":' + b"[" * 200_000, 0),
        (b'{"a":' + b"1" * 5_000 + b"}", 0),
    ],
)
def test_an_unreadable_line_gives_the_byte(raw: bytes, offset: int) -> None:
    with pytest.raises(MessageError) as caught:
        decode_line(raw)
    assert (caught.value.field, caught.value.market_id) == (None, None)
    assert caught.value.offset == offset


def test_bytes_and_text_are_read_alike() -> None:
    text = '{"op":"mcm","name":"é"}\r\n'
    assert decode_line(text) == decode_line(text.encode()) == {"op": "mcm", "name": "é"}


@pytest.mark.parametrize(
    ("decoded", "field"),
    [
        (runner(atb=[[1.01, 2], [1.02, "2"]]), "mc[0].rc[1].atb[1][1]"),
        (runner(atb=[[True, 2]]), "mc[0].rc[1].atb[0][0]"),
        (runner(atl=[[1.01]]), "mc[0].rc[1].atl[0]"),
        (runner(trd=[[1.01, 2, 3]]), "mc[0].rc[1].trd[0]"),
        (runner(trd={}), "mc[0].rc[1].trd"),
        (runner(atb=[[-0.001, 2]]), "mc[0].rc[1].atb[0][0]"),
        (runner(atb=[[float("inf"), 2]]), "mc[0].rc[1].atb[0][0]"),
        (runner(atb=[[100_000.01, 2]]), "mc[0].rc[1].atb[0][0]"),
        (runner(atb=[[2, 1e15]]), "mc[0].rc[1].atb[0][1]"),
        (runner(batb=[[0, 1.01]]), "mc[0].rc[1].batb[0]"),
        (runner(bdatl=[[256, 1.01, 2]]), "mc[0].rc[1].bdatl[0][0]"),
        (runner(batl=[[0.0, 1.01, 2]]), "mc[0].rc[1].batl[0][0]"),
        (runner(ltp="2.0"), "mc[0].rc[1].ltp"),
        (runner(hc="0"), "mc[0].rc[1].hc"),
        (runner(id="8"), "mc[0].rc[1].id"),
        (runner(id=None), "mc[0].rc[1].id"),
        (message(rc=[5]), "mc[0].rc[0]"),
        (message(img=1), "mc[0].img"),
        (message(marketDefinition=[]), "mc[0].marketDefinition"),
        (message(marketDefinition={"inPlay": "no"}), "mc[0].marketDefinition.inPlay"),
        (message(marketDefinition={"version": 1.5}), "mc[0].marketDefinition.version"),
        (message(marketDefinition={"runners": [{}]}), "mc[0].marketDefinition.runners[0].id"),
        (
            message(marketDefinition={"priceLadderDefinition": {"type": "CRUDE"}}),
            "mc[0].marketDefinition.priceLadderDefinition.type",
        ),
    ],
)
def test_a_bad_value_is_named_with_its_market(decoded: dict[str, Any], field: str) -> None:
    with pytest.raises(MessageError) as caught:
        read_message(decoded)
    assert (caught.value.field, caught.value.market_id) == (field, "1.1")
    assert field in str(caught.value)


@pytest.mark.parametrize(
    ("decoded", "field"),
    [
        ({"op": "mcm", "pt": 1, "mc": {}}, "mc"),
        ({"op": "mcm", "pt": 1, "mc": ["x"]}, "mc[0]"),
        ({"op": "mcm", "pt": 1, "mc": [{"rc": []}]}, "mc[0].id"),
        ({"op": "mcm", "pt": 1, "mc": [{"id": 1.1}]}, "mc[0].id"),
        ({"op": "mcm", "mc": [{"id": "1.1"}]}, "pt"),
        ({"op": "mcm", "pt": "1"}, "pt"),
        ({"op": "mcm", "pt": 1 << 63}, "pt"),
        ({"op": "mcm", "id": "2"}, "id"),
        ({"op": "mcm", "ct": 5}, "ct"),
        ({"op": "mcm", "status": "503"}, "status"),
        ({"op": "mcm", "segmentType": "SEG_MIDDLE"}, "segmentType"),
    ],
)
def test_a_bad_value_outside_a_market_names_none(decoded: dict[str, Any], field: str) -> None:
    with pytest.raises(MessageError) as caught:
        read_message(decoded)
    assert (caught.value.field, caught.value.market_id) == (field, None)


@pytest.mark.parametrize("op", ["ocm", "connection", None, 5])
def test_other_operations_are_not_looked_at(op: object) -> None:
    assert read_message({"op": op, "mc": "nonsense"}) is None


def test_a_heartbeat_needs_no_time_and_its_changes_are_not_looked_at() -> None:
    assert read({"op": "mcm", "ct": "HEARTBEAT", "mc": "nonsense"}).changes == ()


def test_null_is_absent_and_unread_fields_may_hold_anything() -> None:
    decoded = runner(atb=None, trd=None, ltp=None, hc=None, spn="NaN", spf="Infinity", tv=None)
    decoded |= {"clk": None, "initialClk": None, "ct": None, "id": None, "_stream_id": {}}
    (change,) = read(decoded).changes
    assert change.definition is None and not change.image
    assert not change.runners[1].price_rows and not change.runners[1].level_rows


def test_values_become_hundredths() -> None:
    (change,) = read(
        runner(hc=-1.25, ltp=2.02, atb=[[1.01, 8.879999999999999]], batb=[[0, 0, 0]])
    ).changes
    entry = change.runners[1]
    assert entry.key == (8, -125)
    assert entry.ltp_centi == 202
    assert dict(entry.price_rows) == {"atb": ((101, 888),)}
    assert dict(entry.level_rows) == {"batb": ((0, 0, 0),)}


@pytest.mark.parametrize(
    ("value", "centi"),
    [(0.125, 13), (-0.125, -13), (1.005, 100), (2.675, 268), (3, 300), (0.0, 0), (-0.0, 0)],
)
def test_rounding_is_of_the_double_with_halves_away_from_zero(value: float, centi: int) -> None:
    assert round_centi(value) == centi


@given(st.integers(0, 1 << 45))
def test_two_decimals_are_exact(centi: int) -> None:
    assert round_centi(json.loads(f"{centi // 100}.{centi % 100:02}")) == centi
    assert round_centi(centi / 100) == centi


@pytest.mark.parametrize(
    ("fields", "ladder"),
    [
        ({}, CLASSIC),
        ({"priceLadderDefinition": {}}, CLASSIC),
        ({"priceLadderDefinition": {"type": "FINEST"}, "lineInterval": 0.25}, FINEST),
        (
            {
                "priceLadderDefinition": {"type": "LINE_RANGE"},
                "lineMinUnit": 0.5,
                "lineMaxUnit": 20.5,
                "lineInterval": 1,
            },
            line_range(50, 2050, 100),
        ),
        ({"priceLadderDefinition": {"type": "LINE_RANGE"}}, None),
        (
            {
                "priceLadderDefinition": {"type": "LINE_RANGE"},
                "lineMinUnit": 0.5,
                "lineMaxUnit": 20.5,
                "lineInterval": 0,
            },
            None,
        ),
    ],
)
def test_the_ladder_is_the_one_defined(fields: dict[str, Any], ladder: Ladder | None) -> None:
    (change,) = read(message(marketDefinition=fields)).changes
    assert change.definition == Definition(ladder=ladder)


def test_a_snapshot_is_an_image_of_the_market_asked_for() -> None:
    change = read_snapshot("1.1", {"rc": [{"id": 1}], "img": False})
    assert (change.market_id, change.image) == ("1.1", True)


def test_a_snapshot_of_another_market_is_refused() -> None:
    with pytest.raises(MessageError) as caught:
        read_snapshot("1.1", {"id": "1.2"})
    assert (caught.value.field, caught.value.market_id) == ("id", "1.1")
