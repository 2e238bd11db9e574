"""Keys are set in a file as a person would: the value is another, and nothing else."""

from __future__ import annotations

import pytest

from trader.config.editing import edited, setting
from trader.config.loading import ConfigError

FILE = """\
# Mine, written by hand.
hotloop: {enabled: true, rust: false}   # one line

execution:
  backend: python            # the rollback
  limits:
    max_open_orders: 7   # few

  live_scope:
    market_ids:
      - "1.5"   # the first
      - "1.6"
    event_types: []
# The end.
"""


def set_in(text: str, *written: str) -> str:
    return edited(text, "mine.yaml", [setting(one) for one in written])


@pytest.mark.parametrize(
    ("written", "before", "after"),
    [
        ("execution.backend=rust", "backend: python   ", "backend: rust   "),
        ("hotloop.rust=true", "rust: false}", "rust: true}"),
        ("hotloop.shadow=true", "rust: false}", "rust: false, shadow: true}"),
        ("hotloop.queue.model=prob_log", "false}", "false, queue: {model: prob_log}}"),
        ("execution.limits.max_open_orders=12", "orders: 7   #", "orders: 12   #"),
        ("execution.limits.min_size_centi=9", "# few\n", "# few\n    min_size_centi: 9\n"),
        (
            "execution.dry_run=false",
            "event_types: []\n",
            "event_types: []\n  dry_run: false\n",
        ),
        (
            'execution.live_scope.market_ids=["1.7"]',
            'market_ids:\n      - "1.5"   # the first\n      - "1.6"\n',
            'market_ids: ["1.7"]\n',
        ),
        (
            'execution.live_scope.event_types=["7", "1"]',
            "event_types: []",
            'event_types: ["7", "1"]',
        ),
        (
            "sizer.bankroll=900",
            "event_types: []\n",
            "event_types: []\nsizer:\n  bankroll: 900\n",
        ),
        (
            "edges.scalp.enabled=true",
            "event_types: []\n",
            "event_types: []\nedges:\n  scalp:\n    enabled: true\n",
        ),
    ],
)
def test_only_what_is_meant_is_another(written: str, before: str, after: str) -> None:
    assert FILE.count(before) == 1
    assert set_in(FILE, written) == FILE.replace(before, after)


def test_several_keys_are_set_one_after_the_other() -> None:
    text = set_in("", "a.b.c=1", "a.b.d=two", "a.e=3.5")
    assert text == "a:\n  b:\n    c: 1\n    d: two\n  e: 3.5\n"
    assert set_in("# only this\n", "a=1") == "# only this\na: 1\n"
    assert set_in("a: {}", "a.b=1") == "a: {b: 1}"
    assert set_in("a: 1  # no line end", "b=2") == "a: 1  # no line end\nb: 2"
    assert set_in("a:\n  b:   # nothing yet\n", "a.b=2") == "a:\n  b: 2   # nothing yet\n"


def test_lines_of_comments_in_a_list_stay() -> None:
    text = "a:   # why\n  # the good ones\n  - x\n  # and\n  - y  # last\nb: 1\n"
    after = "a: [z]  # last\n   # why\n  # the good ones\n  # and\nb: 1\n"
    assert set_in(text, "a=[z]") == after
    assert set_in("a: [\n  # one\n  1]\nb: 1\n", "a=[2]") == "a: [2]\n  # one\nb: 1\n"


def test_lines_end_as_they_did() -> None:
    text = "a: 1\r\nb:\r\n  c: 2\r\n"
    assert set_in(text, "b.d=3", "e.f=4") == text + "  d: 3\r\ne:\r\n  f: 4\r\n"


@pytest.mark.parametrize(
    "text",
    [
        "a: &x {b: 1}\nc: *x\n",  # c would change with it
        "a: |\n  words\n",
        "a: 5\n",  # is no section
        "a:\n",
    ],
)
def test_what_cannot_be_edited_without_more_is_left_alone(text: str) -> None:
    with pytest.raises(ConfigError, match=r"mine\.yaml: a\.b: cannot be set in the form"):
        set_in(text, "a.b=2")


@pytest.mark.parametrize(
    "written",
    ["a", "=1", "a..b=1", "a={b: 1}", "a=[1", "a=1\nb: 2", "a: 1"],
)
def test_what_is_no_key_and_value_is_refused(written: str) -> None:
    with pytest.raises(ConfigError):
        setting(written)


def test_a_value_that_would_be_read_as_something_else_is_not_written() -> None:
    with pytest.raises(ConfigError, match="cannot be set"):
        set_in("a: {b: 1}\n", "a.b=one, two")
    assert set_in("a: {b: 1}\n", "a.b='one, two'") == "a: {b: 'one, two'}\n"
