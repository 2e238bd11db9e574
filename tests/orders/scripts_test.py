"""The scripts of `proto_wire/orders`, played by the Python machine; `rust/orders/tests/scripts.rs`
plays them in Rust."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.orders.playing import differing
from trader.execution.orders import journal
from trader.execution.orders.record import Record, Shortened
from trader.execution.orders.snapshot import Snapshot
from trader.execution.orders.variants import from_plain
from trader.execution.testing import PROTO_WIRE, load_vectors

SCRIPTS = load_vectors("orders")


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_is_played_as_it_stands(name: str) -> None:
    assert differing(SCRIPTS[name]) is None


def test_an_edited_script_is_noticed() -> None:
    script = copy.deepcopy(SCRIPTS["machine_dies"])
    step = next(step for step in script["steps"] if "effects" in step)
    step["effects"].append("LogIn")
    assert differing(script) is not None


def records(script: dict[str, Any]) -> list[Record]:
    """What it decides, and then the snapshots that were taken."""
    decided: list[Record] = [
        from_plain(Record, effect["Journal"])
        for step in script["steps"]
        for effect in step.get("effects", ())
        if "Journal" in effect
    ]
    snapshots = [step["snapshot"] for step in script["steps"] if "snapshot" in step]
    return decided + [Shortened(from_plain(Snapshot, snapshot)) for snapshot in snapshots]


def test_the_journal_of_a_script_is_the_same_bytes_in_every_language() -> None:
    """Either machine may go on with what the other has written."""
    golden = (PROTO_WIRE / "orders" / "machine_dies.journal").read_bytes()
    decided = records(SCRIPTS["machine_dies"])
    assert journal.HEADER + b"".join(map(journal.append, decided)) == golden
    assert journal.read(golden) == journal.Read(decided, len(golden), 0)
