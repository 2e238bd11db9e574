"""The page of a folder: whole, the same each time, valid for Plotly, clear where it cannot be."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest

from trader.config.loading import load
from trader.execution.blotter import Blotter
from trader.execution.interfaces.intents import Side
from trader.execution.ledger import Fill, MarketResult
from trader.report import page as page_module
from trader.report.folder import ReportError
from trader.simulator.compare_for_tests import make_run
from trader.simulator.output import BLOTTER, LIVE_DRY_BLOTTER, LIVE_LOCK, SUMMARY
from trader.strategy.context import Runner
from trader.testing import QUOTED, LiveScene

NOON_MS = 1_700_049_600_000


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("one"), "report.every_lines=8", seeds=(1,))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("two"), "report.every_lines=8")


def report(folder: Path, shown: str, runner: str | None = None) -> str:
    return page_module.report(folder, shown, runner).decode()


def embedded(page: str, name: str) -> dict[str, Any]:
    found = re.search(rf'id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    document: dict[str, Any] = json.loads(found[1])
    return document


class _Tags(HTMLParser):
    """Counts open tags that need closing, and what is loaded from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)
        self.links += [v or "" for key, v in attributes if key in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_it_is_one_whole_document_that_loads_nothing(two: Path) -> None:
    tags = _Tags()
    tags.feed(report(two, "two"))
    assert tags.open == []
    assert tags.links == ["data:,"]
    assert tags.seen.count("h1") == 1
    assert tags.seen.count("table") > 3, "numbers stand under the charts"


def test_the_same_folder_gives_the_same_bytes(one: Path, tmp_path: Path) -> None:
    page = report(one, "out")
    assert page == report(one, "out")
    again = make_run(tmp_path / "again", "report.every_lines=8", seeds=(1,))
    figures, others = embedded(page, "charts"), embedded(report(again, "out"), "charts")
    for timed in (figures, others):
        timed.pop("speed")
    assert figures == others


@pytest.mark.parametrize("folder", ["one", "two"])
def test_every_figure_is_one_that_plotly_knows(folder: str, request: pytest.FixtureRequest) -> None:
    charts = embedded(report(request.getfixturevalue(folder), "out"), "charts")
    assert len(charts) >= 9
    for chart in charts.values():
        for figure in (chart["figure"], *chart["choices"].values()):
            go.Figure(figure)  # raises for anything it does not know


def test_names_from_outside_are_written_as_text(one: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(one, folder)
    evil = "</script><script>alert(1)</script>"
    with sqlite3.connect(folder / BLOTTER) as blotter:
        for table, column in (("runs", "source"), ("intents", "edge"), ("fills", "edge")):
            blotter.execute(f"update {table} set {column} = ?", (evil,))
    blotter.close()
    page = report(folder, evil)
    assert evil not in page
    assert page.count("alert(1)") > 3


def test_the_runner_that_is_asked_for_comes_first(one: Path) -> None:
    names = list(embedded(report(one, "out"), "charts")["ladder"]["choices"])
    assert len(names) > 1
    wanted = names[-1].split(" ")[0]
    chosen = report(one, "out", wanted)
    assert next(iter(embedded(chosen, "charts")["ladder"]["choices"])) == names[-1]
    assert f"Runner {wanted}: " in chosen
    with pytest.raises(ReportError, match=r"--runner 1\.1/1: no order of ours rested there"):
        report(one, "out", "1.1/1")


def test_many_markets_have_a_table_and_details(two: Path) -> None:
    page = report(two, "two")
    details = embedded(page, "details")
    summary = json.loads((two / SUMMARY).read_text())
    assert len(details) == 2
    nets = sorted(detail["y"][-1] for detail in details.values())
    expected = [result["net"] for part in summary["inputs"] for result in part["results"]]
    assert nets == sorted(expected)
    assert '<table id="markets">' in page


def test_a_run_without_samples_has_its_results(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "out", "report.enabled=false", seeds=(1,))
    page = report(folder, "out")
    summary = json.loads((folder / SUMMARY).read_text())
    curve = embedded(page, "charts")["profit"]["figure"]["data"][0]["y"]
    assert curve[-1] == summary["pnl"]["net"]
    assert "samples were off (report.enabled)" in page


def test_a_live_folder_is_read_while_its_trader_runs(tmp_path: Path) -> None:
    scene = LiveScene(tmp_path, "execution.dry_run=true")
    (tmp_path / LIVE_LOCK).touch()
    scene.define(rc=QUOTED)
    scene.blotter.flush()
    names = sorted(path.name for path in tmp_path.iterdir())
    page = report(tmp_path, "live")
    assert sorted(path.name for path in tmp_path.iterdir()) == names, "nothing is written"
    assert "It still runs, or was killed." in page
    assert "Hotloop live: live" in page
    scene.blotter.end_run("done")
    scene.blotter.close()
    assert "It still runs" not in report(tmp_path, "live")


def live_run(blotter: Blotter, number: int, *, is_over: bool) -> None:
    """A run of a live trader in one market: a fill, a sample, and the mark it ends with."""
    config = asdict(load(None, []))
    about = {"hotloop": "python", "execution": "python", "feed": "raw", "profile": "live"}
    blotter.begin_run(source="live", version="0", config=config, **about)
    ts_ms, gross_e4 = NOON_MS + number * 60_000, 10_000 * (number + 1)
    runner = Runner.of("1.1", 1, 0)
    blotter.fill(Fill(f"I{number}", "passive_maker", runner, Side.BACK, 300, 200, ts_ms))
    blotter.sample("curve", "1.1", ts_ms, gross_e4, 0)
    if is_over:
        blotter.settlement(MarketResult("1.1", "marked", gross_e4, 0, 5.0, "", ()))
        blotter.end_run("interrupted")


def net_of(folder: Path) -> float:
    curve = embedded(report(folder, "live"), "charts")["profit"]["figure"]["data"][0]["y"]
    return float(curve[-1])


@pytest.mark.parametrize("runs", [1, 2, 3])
def test_a_live_market_that_several_runs_were_in_counts_once(tmp_path: Path, runs: int) -> None:
    (tmp_path / LIVE_LOCK).touch()
    with Blotter(tmp_path / BLOTTER, durable=True) as blotter:
        for number in range(runs):
            live_run(blotter, number, is_over=number < 2)
    assert net_of(tmp_path) == runs, "the last word on it is the last run's"


def test_of_a_live_trader_its_last_day_is_shown(tmp_path: Path) -> None:
    (tmp_path / LIVE_LOCK).touch()
    with Blotter(tmp_path / BLOTTER, durable=True) as blotter:
        live_run(blotter, -24 * 60, is_over=True)
        live_run(blotter, 0, is_over=True)
    assert "1 fill before" in report(tmp_path, "live")
    assert net_of(tmp_path) == 1


def test_of_two_live_blotters_the_one_written_last_is_shown(tmp_path: Path) -> None:
    (tmp_path / LIVE_LOCK).touch()
    for name in (LIVE_DRY_BLOTTER, BLOTTER):
        with Blotter(tmp_path / name, durable=True):
            pass
    scene = LiveScene(tmp_path, "execution.dry_run=true")
    scene.define(rc=QUOTED)
    assert "2 intents" in report(tmp_path, "live")
    scene.blotter.close()


def altered(folder: Path, name: str, text: str | None) -> None:
    if text is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (SUMMARY, None, r"out/summary\.json: is missing, and the blotter\.sqlite alone"),
        (SUMMARY, "{", r"out/summary\.json: is not a summary: "),
        (SUMMARY, "{}", r"out/summary\.json: is not a summary of this program"),
        (BLOTTER, None, r"out: holds no run \(no blotter\.sqlite\)"),
        (BLOTTER, "x" * 5000, r"out/blotter\.sqlite: cannot be read: file is not a database"),
    ],
)
def test_what_is_missing_or_broken_is_named(
    one: Path, tmp_path: Path, name: str, text: str | None, said: str
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(one, folder)
    altered(folder, name, text)
    with pytest.raises(ReportError, match=said):
        report(folder, "out")


@pytest.mark.parametrize(
    ("version", "said"), [(2, "is of an older version"), (99, "is of a newer")]
)
def test_a_blotter_of_another_version_is_refused(
    one: Path, tmp_path: Path, version: int, said: str
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(one, folder)
    with sqlite3.connect(folder / BLOTTER) as blotter:
        blotter.execute(f"pragma user_version = {version}")
    blotter.close()
    with pytest.raises(ReportError, match=rf"{said}.*schema {version}.*this program reads"):
        report(folder, "out")


def test_no_folder_and_no_run_yet(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="none: does not exist; name the --out folder"):
        report(tmp_path / "none", "none")
    (tmp_path / "file").touch()
    with pytest.raises(ReportError, match="file: is not a folder"):
        report(tmp_path / "file", "file")
    (tmp_path / ".running").mkdir()
    with pytest.raises(ReportError, match="its run has not ended, or was killed"):
        report(tmp_path, "out")
