"""Python and Rust judge alike: every accepted message with one thing wrong, and what is made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compat.codecs import CODECS
from tests.compat.mutations import Mutant, mutants
from tests.compat.vectors import Vectors, published

NEWEST: Final = Vectors.read(published()[-1])


def judged(bodies: list[str]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    verdicts = [CODECS[name].judge(bodies) for name in ("python", "rust")]
    return list(zip(*verdicts, strict=True))


def differences(made: list[Mutant]) -> list[str]:
    """Where the two do not say the same."""
    return [
        f"{mutant.name}, {mutant.why}: {first} and {second} for {mutant.body}"
        for mutant, (first, second) in zip(made, judged([m.body for m in made]), strict=True)
        if _essence(first) != _essence(second)
    ]


def _essence(verdict: dict[str, Any]) -> tuple[Any, ...]:
    return verdict.get("bytes"), verdict.get("code")


@pytest.mark.parametrize("folder", published(), ids=lambda path: path.name)
def test_one_thing_wrong_is_judged_alike(folder: Path) -> None:
    vectors = Vectors.read(folder)
    made = [m for name, vector in vectors.accept.items() for m in mutants(name, vector["bytes"])]
    assert len(made) > 10_000
    found = differences(made)
    assert not found, f"{len(found)} of {len(made)}:\n" + "\n".join(found[:20])


_BODIES = st.sampled_from([vector["bytes"] for vector in NEWEST.accept.values()])
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=40),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def made_up(draw: st.DrawFn) -> str:
    """A message with some fields of any value."""
    message = json.loads(draw(_BODIES))
    for key in draw(st.lists(st.sampled_from(sorted(message)), max_size=2, unique=True)):
        message[key] = draw(_JSON)
    return json.dumps(message, ensure_ascii=draw(st.booleans()))


@settings(max_examples=10)
@given(st.lists(made_up(), min_size=40, max_size=60))
def test_what_one_takes_the_other_takes_and_writes_alike(bodies: list[str]) -> None:
    """With several things wrong either code may be given (C6), so it is not compared."""
    for body, (first, second) in zip(bodies, judged(bodies), strict=True):
        assert first.get("bytes") == second.get("bytes"), (body, first, second)
