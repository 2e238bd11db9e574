"""Each deliberate bug still has its place in the source."""

from pathlib import Path

import pytest

from tests.mutation.mutations import CORE, MUTATIONS, Mutation
from tests.mutation.order_mutations import ORDER_MUTATIONS, ORDERS

ROOT = Path(__file__).parents[2]
EVERY = [(CORE, mutation) for mutation in MUTATIONS] + [(ORDERS, m) for m in ORDER_MUTATIONS]


@pytest.mark.parametrize(("folder", "mutation"), EVERY, ids=lambda of: getattr(of, "name", None))
def test_the_line_of_a_mutation_occurs_once(folder: str, mutation: Mutation) -> None:
    source = (ROOT / folder / mutation.file).read_text()
    assert source.count(mutation.old) == 1
    assert mutation.new != mutation.old


def test_the_names_tell_them_apart() -> None:
    assert len({mutation.name for _, mutation in EVERY}) == len(EVERY)
    assert min(len(MUTATIONS), len(ORDER_MUTATIONS)) >= 15
