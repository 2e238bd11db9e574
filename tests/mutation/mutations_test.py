"""Each deliberate bug still has its place in the source."""

from pathlib import Path

import pytest

from tests.mutation.mutations import CORE, MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_the_line_of_a_mutation_occurs_once(mutation: Mutation) -> None:
    source = (ROOT / CORE / mutation.file).read_text()
    assert source.count(mutation.old) == 1
    assert mutation.new != mutation.old


def test_the_names_tell_them_apart() -> None:
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS) >= 15
