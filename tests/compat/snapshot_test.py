"""The snapshot is what the code and the vectors are, and cannot be talked into anything else."""

from __future__ import annotations

import copy
import json
from typing import Any, Final

import pytest

from tests.compat.codecs import CODECS
from tests.compat.snapshot import SNAPSHOT, changes, forbidden, taken

KEPT: Final[dict[str, Any]] = json.loads(SNAPSHOT.read_bytes())
HOW: Final = "python -m tests.compat.snapshot --update"


def test_the_snapshot_is_what_is_there() -> None:
    found = changes(KEPT, taken(CODECS["python"], CODECS["rust"]))
    assert not found, f"{HOW} would change:\n" + "\n".join(found)


def test_it_holds_every_kind_of_thing() -> None:
    assert len(KEPT["messages"]) == 19
    assert len(KEPT["enums"]) == 10
    assert len(KEPT["files"]) > 500
    assert "apply_delta" in KEPT["hotloop"]["methods"]


def changed(path: str, value: Any) -> dict[str, Any]:
    """The snapshot with another value at a path of keys; None takes the key away."""
    new = copy.deepcopy(KEPT)
    *way, last = path.split(".")
    place = new
    for key in way:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return new


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("enums.Side", ["BACK", "BUY"]),
        ("enums.Status", [*KEPT["enums"]["Status"], "PENDING"]),
        ("messages.TICK", ["ts", "type"]),
        ("messages.GOODBYE", None),
        ("limits.size_centi", 9_000_000_001),
        ("codes.TRUNCATED", "stays"),
        ("codes.BAD_TOKEN", None),
    ],
)
def test_what_makes_another_version_is_refused(path: str, value: Any) -> None:
    assert forbidden(KEPT, changed(path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [("messages.LATER", ["type"]), ("codes.LATER", "stays"), ("bundle_versions", [1, 2])],
)
def test_what_a_version_may_gain_is_not(path: str, value: Any) -> None:
    new = changed(path, value)
    assert changes(KEPT, new)
    assert not forbidden(KEPT, new)


def test_a_published_vector_stays_also_when_the_version_is_another() -> None:
    name = next(iter(KEPT["files"]))
    new = copy.deepcopy(KEPT)
    new["wire_version"] = 2
    new["enums"]["Side"] = ["BACK"]
    assert not forbidden(KEPT, new)
    new["files"][name] = "0" * 32
    assert forbidden(KEPT, new) == [f"files/{name}: {KEPT['files'][name]} → {'0' * 32}"]
