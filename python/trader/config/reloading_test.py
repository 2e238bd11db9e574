"""Every key is taken anew or needs a restart, and which differ is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from trader.config.loading import ConfigError, load, profiles, read_yaml, repository_root
from trader.config.reloading import CLASSES, changed, in_the_way, is_of, scope_in_the_way
from trader.config.tree import Branch, Node

BASE = repository_root() / "configs" / "base.yaml"


def keys_of(node: Node, path: str = "") -> list[str]:
    if not isinstance(node, Branch):
        return [path]
    children = node.children.items()
    return [key for name, child in children for key in keys_of(child, f"{path}.{name}".strip("."))]


def test_every_key_of_base_is_in_exactly_one_class() -> None:
    for key in keys_of(read_yaml(BASE, BASE.parent)):
        classes = [sections for sections in CLASSES if is_of(key, sections)]
        assert len(classes) == 1, (key, classes)


def test_every_class_names_keys_that_there_are() -> None:
    keys = keys_of(read_yaml(BASE, BASE.parent))
    for section in (section for sections in CLASSES for section in sections):
        assert any(is_of(key, (section,)) for key in keys), section


def test_defaults_and_every_profile_but_those_of_paper_money_are_python_paths() -> None:
    """The Rust paths are for whoever asks for them."""
    base = load()
    assert (base.hotloop.enabled, base.hotloop.rust, base.hotloop.shadow) == (False, False, False)
    assert base.execution.backend == "python"
    for name in profiles():
        assert load(name).execution.backend == "python", name
        if name not in ("demo", "dry"):
            assert load(name).hotloop.backend == "python", name


def test_what_differs_is_told_by_its_keys() -> None:
    was = load()
    config = load(
        None,
        [
            *("sizer.bankroll=1", "edges.scalp.enabled=true", "execution.pacing.per_second=7"),
            'execution.live_scope.market_ids=["1.5"]',
        ],
    )
    assert changed(was, was) == ()
    assert changed(was, config) == (
        *("edges.scalp.enabled", "execution.live_scope.market_ids"),
        *("execution.pacing.per_second", "sizer.bankroll"),
    )


def test_an_edges_file_with_another_text_is_a_change(tmp_path: Path) -> None:
    text = (
        "from trader.strategy.edges.base import Edge, EdgeConfig\n"
        "class Mine(Edge[EdgeConfig]):\n"
        "    name = 'mine'\n"
        "    config_class = EdgeConfig\n"
        "    def decide(self, ctx, runner):\n"
        "        return ()\n"
    )
    file = tmp_path / "mine.py"
    file.write_text(text)
    was = load(edge_files=[("mine.py", file)])
    assert changed(was, load(edge_files=[("mine.py", file)])) == ()
    file.write_text(text + "# another one\n")
    assert changed(was, load(edge_files=[("mine.py", file)])) == ("edge_files",)


@pytest.mark.parametrize(
    ("override", "live", "dry"),
    [
        ("sizer.bankroll=1", True, True),
        ("execution.backend=rust", True, False),
        ("execution.on_unhealthy=fallback", True, False),
        ("execution.limits.max_open_orders=3", True, True),
        ("execution.pacing.per_second=3", True, True),
        ("execution.journal.dir=/tmp", False, False),
        ("execution.dry_run=false", False, False),
        ("hotloop.book.source=best", False, False),
        ("betfair.funds_s=3", False, False),
    ],
)
def test_what_stands_in_the_way_is_named(override: str, *, live: bool, dry: bool) -> None:
    keys = changed(load(), load(None, [override]))
    for dry_run, takes in ((False, live), (True, dry)):
        why = in_the_way(keys, dry_run=dry_run)
        assert (why is None) is takes
        assert why is None or why.startswith(f"{override.partition('=')[0]}: ")


NAMED, TYPED = 'execution.live_scope.market_ids=["1.5"]', 'execution.live_scope.event_types=["7"]'
EVERYWHERE = "execution.live_scope.everywhere=true"


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ((NAMED,), (), "market_ids"),
        ((TYPED,), (), "event_types"),
        ((NAMED, TYPED), (), "market_ids"),
        ((NAMED, TYPED), (TYPED,), "market_ids"),
        ((NAMED,), (EVERYWHERE,), None),
        ((NAMED, TYPED), (NAMED,), None),
        ((NAMED,), (TYPED,), None),
        ((), (NAMED,), None),
        ((EVERYWHERE,), (TYPED,), None),
        ((EVERYWHERE,), (), None),
        ((), (), None),
    ],
)
def test_the_last_one_is_not_taken_out_of_the_live_scope_unless_everywhere_is_said(
    before: tuple[str, ...], after: tuple[str, ...], key: str | None
) -> None:
    was, wanted = (load(None, overrides).execution.live_scope for overrides in (before, after))
    why = scope_in_the_way(was, wanted)
    assert (why is None) is (key is None)
    assert why is None or why.startswith(f"execution.live_scope.{key}: ")


def test_everywhere_is_not_said_beside_what_is_named() -> None:
    for named in (NAMED, TYPED):
        with pytest.raises(ConfigError, match=r"live_scope\.everywhere: is true beside"):
            load(None, [named, EVERYWHERE])
