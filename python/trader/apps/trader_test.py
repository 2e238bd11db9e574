"""What a command's failures come to: one line, and the exit code of the table."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trader.apps import trader
from trader.apps.arguments import parse
from trader.apps.commands.common import configured
from trader.simulator.generator import Race, RaceShape
from trader.strategy.hotloop.reference import Hotloop

PYTHON = ("--hotloop", "python", "--execution", "python")


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """A command sets up the log of its process; this one goes on."""
    logger = logging.getLogger("trader")
    before = logger.handlers[:], logger.propagate, logger.level
    yield
    logger.handlers[:], logger.propagate = before[:2]
    logger.setLevel(before[2])


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "race.json"
    path.write_bytes(b"\n".join(Race(1, RaceShape(pre_off_s=20.0, in_play_s=2.0)).lines()))
    return path


def test_a_seam_that_fails_is_one_line_and_exit_3_with_what_was_done_kept(
    recording: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    apply_delta = Hotloop.apply_delta
    lines = iter(range(100))

    def stopping(self: Hotloop, raw: Any, ts_ms: int) -> Any:
        if next(lines, None) is None:
            raise RuntimeError("an earlier call stopped half-way; the books cannot be trusted")
        return apply_delta(self, raw, ts_ms)

    monkeypatch.setattr(Hotloop, "apply_delta", stopping)
    out = tmp_path / "out"
    code = trader.main(["replay", str(recording), "--out", str(out), *PYTHON])
    printed = capfd.readouterr()
    assert code == trader.NOT_STARTED == 3
    assert printed.err == (
        "trader: the hotloop failed at line 101: RuntimeError: an earlier call stopped half-way; "
        f"the books cannot be trusted; what was done until then is in {out}/summary.json\n"
    )
    assert "hotloop lost: the figures cover what was read until then" in printed.out
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["lines"], summary["seam_errors"]) == (101, 1)
    assert summary["seam_lost"].startswith("the hotloop failed at line 101")


def test_the_short_option_for_the_python_hotloop_always_works(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "hotloop: {enabled: true, rust: true}\nbook_builder: {feed: always, signals: false}\n"
    )
    config = configured(parse(["demo", "--profile", str(mine), "--hotloop", "python"]))
    assert config.hotloop.backend == "python"
    assert config.book_builder.signals
