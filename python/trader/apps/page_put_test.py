"""A run that is kept ends as it ended, whatever becomes of its page."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from trader.apps.commands import common
from trader.apps.trader import main
from trader.calibration.testing import poisson_market, write_lines
from trader.recovery import SeamLost
from trader.report.folder import ReportError
from trader.simulator.output import REPORT, SUMMARY
from trader.simulator.replay import Replay

PYTHON = ("--hotloop", "python", "--execution", "python")


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """A command sets up the log of its process; this one goes on."""
    logger = logging.getLogger("trader")
    before = logger.handlers[:], logger.propagate, logger.level
    yield
    logger.handlers[:], logger.propagate = before[:2]
    logger.setLevel(before[2])


def recording(folder: Path) -> str:
    path = folder / "market.json"
    lines = poisson_market(seed=1, seconds=60, trades_per_s=1.0, queue=4.0, size=2.0)
    write_lines(path, list(lines))
    return str(path)


@pytest.mark.parametrize(
    ("in_the_way", "said"),
    [
        (ReportError("the package plotly is not installed"), "no report: the package plotly"),
        (KeyboardInterrupt(), "no report: interrupted; the run is kept, trader report"),
    ],
)
def test_a_page_that_cannot_be_made_is_logged_and_the_run_is_told(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    in_the_way: BaseException,
    said: str,
) -> None:
    def fails(*_: object) -> bytes:
        raise in_the_way

    monkeypatch.setattr(common, "page_of", fails)
    out = tmp_path / "out"
    assert main(["replay", recording(tmp_path), "--out", str(out), *PYTHON]) == 0
    printed = capsys.readouterr()
    assert said in printed.err
    assert "nothing was kept" not in printed.err
    assert "P&L:" in printed.out
    assert REPORT not in printed.out
    assert json.loads((out / SUMMARY).read_text())["lines"] > 0


def test_how_a_run_ended_is_not_hidden_by_its_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> bytes:
        raise ReportError("no page")

    played = Replay.run

    def loses_the_hotloop(replay: Replay, sources: object) -> None:
        played(replay, sources)  # type: ignore[arg-type]
        replay.summary.seam_lost = str(SeamLost("the ring is gone"))

    monkeypatch.setattr(common, "page_of", fails)
    monkeypatch.setattr(Replay, "run", loses_the_hotloop)
    out = tmp_path / "out"
    assert main(["replay", recording(tmp_path), "--out", str(out), *PYTHON]) == 3
    assert "the ring is gone; what was done until then is in" in capsys.readouterr().err


def test_a_folder_whose_name_is_no_text_has_its_page_made_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", recording(tmp_path), "--out", str(tmp_path / "out"), *PYTHON]) == 0
    named = tmp_path / "out\udcff"
    (tmp_path / "out").rename(named)
    (named / REPORT).unlink()
    assert main(["report", str(named)]) == 0
    assert "out\\udcff/report.html" in capsys.readouterr().out
    assert (named / REPORT).exists()
