"""The error ladder is the one of `proto_wire/venue_codes.json`, as the Rust machine's is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from trader.betfair.error_codes import CLASS_OF, class_of

TABLE: Final[dict[str, dict[str, str]]] = json.loads(
    (Path(__file__).parents[3] / "proto_wire" / "venue_codes.json").read_bytes()
)


@pytest.mark.parametrize("kind", TABLE)
def test_every_code_has_its_class(kind: str) -> None:
    assert {code: class_of(code) for code in TABLE[kind]} == TABLE[kind]


def test_no_code_is_made_up() -> None:
    assert set(CLASS_OF) <= {code for codes in TABLE.values() for code in codes}


def test_a_code_that_nobody_knows_is_looked_up() -> None:
    assert class_of("SOMETHING_NEW") == "ambiguous"
