"""Counts are compared with the file: an error where they are ours, a note where a peer's."""

import pytest

from tests.bench.errors import WrongAnswerError
from tests.bench.jobs import judged
from tests.bench.testing import answer, contestant, recording

PEER = contestant("betfair_data")


def test_right_counts_have_no_notes() -> None:
    made = judged(contestant("hotloop"), answer(1), recording())
    assert (made["notes"], made["silent"]) == ([], False)


@pytest.mark.parametrize("name", ["hotloop", "hotloop-batch", "reference"])
@pytest.mark.parametrize("wrong", ["lines", "market_changes", "runner_changes"])
def test_one_missing_of_ours_is_an_error(name: str, wrong: str) -> None:
    made = answer(1)
    made["counts"][wrong] -= 1
    with pytest.raises(WrongAnswerError, match=f"{name} on made.json: [0-9]+ {wrong[:5]}.* of"):
        judged(contestant(name), made, recording())


def test_a_file_ours_refuses_is_an_error() -> None:
    with pytest.raises(WrongAnswerError, match="refuses the file: HotloopError: bad"):
        judged(contestant("hotloop"), {"refused": "HotloopError: bad"}, recording())


def test_no_orders_to_ask_about_is_an_error() -> None:
    none = answer(1, counts={"calls": 0, "orders": 0, "orders_likely": 0})
    with pytest.raises(WrongAnswerError, match="nothing came out"):
        judged(contestant("hotloop-pfill"), none, recording())


def test_some_books_of_a_peer_are_a_note() -> None:
    made = judged(PEER, answer(1, counts={"books": 99}), recording())
    assert (made["notes"], made["silent"]) == (["99 books of 100"], False)


def test_no_books_of_a_peer_are_no_work() -> None:
    said = answer(1, counts={"books": 0}, warned="x" * 200)
    made = judged(PEER, said, recording())
    assert made["notes"][0] == "0 books"
    assert len(made["notes"][1]) < 100
    assert made["silent"]


def test_a_file_a_peer_refuses_is_a_note() -> None:
    made = judged(PEER, {"refused": "ValueError: unknown field"}, recording())
    assert (made["notes"], made["silent"]) == (
        ["refuses the file: ValueError: unknown field"],
        True,
    )
