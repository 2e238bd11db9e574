"""The values of `hotloop_rejects_total`'s label."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trader.betfair.error_codes import CLASS_OF
from trader.execution.reject_codes import OTHER, OWN_CODES, label_of

PROTO_WIRE = Path(__file__).parents[3] / "proto_wire"


def refused_with(value: Any) -> Iterator[str]:
    """The codes of all reports in a document that say why an intent is refused."""
    if isinstance(value, dict):
        if value.get("reject_class") is not None and value.get("reject_code") is not None:
            yield value["reject_code"]
        for inner in value.values():
            yield from refused_with(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from refused_with(inner)


def test_every_code_that_the_executors_scripts_refuse_with_is_known() -> None:
    scripts = [*PROTO_WIRE.glob("machine/*.json"), *PROTO_WIRE.glob("orders/*.json")]
    codes = {code for path in scripts for code in refused_with(json.loads(path.read_text()))}
    assert len(codes) > 20
    assert {label_of(code) for code in codes} == codes


def test_the_venues_codes_are_known() -> None:
    assert {label_of(code) for code in CLASS_OF} == set(CLASS_OF)


def test_whatever_else_is_said_makes_no_value_of_its_own() -> None:
    said = ["", "1.234567", "NEW_CODE", *(f"CODE_{number}" for number in range(1_000))]
    assert {label_of(code) for code in said} == {OTHER}
    assert OTHER not in OWN_CODES | CLASS_OF.keys()
