"""docs/first_edge.md, followed as it is written: its files, its commands, and what it shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.page import CommandBlock, FileBlock, blocks, missing_line
from tests.e2e.trader_process import need_rust_hotloop, read_summary, run_trader, succeed
from tests.parity.recordings import market_streams
from trader.config.edge_imports import OTHER_MODULES, TRADER_MODULES
from trader.config.loading import repository_root

PAGE: Final = (repository_root() / "docs" / "first_edge.md").read_text()
EDGE: Final = "first_edge.py"
LINES_MAX: Final = 30


def test_the_edge_of_the_page_has_thirty_lines_at_most() -> None:
    (edge,) = [one for one in blocks(PAGE) if isinstance(one, FileBlock) and one.name == EDGE]
    assert 0 < len(edge.text.splitlines()) <= LINES_MAX


def test_the_page_can_be_followed_and_says_what_comes_out(tmp_path: Path) -> None:
    need_rust_hotloop()
    commands = 0
    for block in blocks(PAGE):
        if isinstance(block, CommandBlock):
            _follow(block, tmp_path)
            commands += 1
        elif block.language == "json":
            _check_excerpt(block, tmp_path)
        else:
            (tmp_path / block.name).write_text(block.text)
    assert commands >= 10


def test_the_edge_of_the_page_plays_a_recording(tmp_path: Path) -> None:
    path = market_streams() / "flumine__1.200806927.json"
    need_rust_hotloop()
    (edge,) = [one for one in blocks(PAGE) if isinstance(one, FileBlock) and one.name == EDGE]
    (tmp_path / EDGE).write_text(edge.text)
    mine = ("--edge", str(tmp_path / EDGE), "--without-shipped-edges")
    succeed("replay", str(path), *mine, "--out", str(tmp_path / "out"))
    summary = read_summary(tmp_path / "out")
    assert summary["seam_errors"] == 0
    assert list(summary["intents_per_minute_by_edge"]) == ["fade"]


def _follow(block: CommandBlock, folder: Path) -> None:
    """Runs a command as somebody who stands in the folder; a refusal is exit code 2."""
    done = run_trader(*block.arguments, BUILD_WORKING_DIRECTORY=str(folder))
    is_refused = block.shown[0].startswith("trader: ")
    said = done.stderr if is_refused else done.stdout
    told = f"{' '.join(block.arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
    assert done.returncode == (2 if is_refused else 0), told
    assert missing_line(block.shown, said) is None, told


def _check_excerpt(block: FileBlock, folder: Path) -> None:
    """Every figure that is shown is in the file."""
    shown: dict[str, Any] = json.loads(block.text)
    written = json.loads((folder / block.name).read_text())
    assert {key: written.get(key) for key in shown} == shown


def test_the_page_lists_every_module_that_an_edge_may_import() -> None:
    for name in (*TRADER_MODULES, *OTHER_MODULES):
        assert f"`{name}`" in PAGE


@pytest.mark.parametrize(
    ("shown", "said", "missing"),
    [
        (("a", "b"), "a\nb\n", None),
        (("a", "…"), "a\nb\nc\n", None),
        (("…", "b", "…"), "a\nb\nc\n", None),
        (("a", "c"), "a\nb\nc\n", "c"),
        (("a",), "a\nb\n", "nothing, where `b` was said"),
        (("…", "d", "…"), "a\nb\n", "d"),
        (("…", "b", "a"), "a\nb\n", "a"),
        (("a", "…", "a"), "a\n", "a"),
    ],
)
def test_a_line_that_was_not_said_is_found(
    shown: tuple[str, ...], said: str, missing: str | None
) -> None:
    assert missing_line(shown, said) == missing


def test_only_the_traders_commands_are_followed() -> None:
    with pytest.raises(ValueError, match="no command of the trader: 'rm -r x'"):
        list(blocks("```sh\n$ rm -r x\n```\n"))
