"""The page of a folder: whole, the same each time, valid for Plotly, clear where it cannot be."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
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
from trader.report.data import read
from trader.report.folder import ReportError, opened_folder
from trader.simulator.compare_for_tests import make_run
from trader.simulator.output import BLOTTER, LAST_START, LIVE_DRY_BLOTTER, LIVE_LOCK, SUMMARY
from trader.strategy.context import Runner
from trader.testing import QUOTED, LiveScene, Scene

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


SUMMARY_OF_FIRST: dict[str, Any] = {
    "intents_by_action": {},
    "pnl": {"gross": 0.0, "commission": 0.0, "net": 0.0},
    "executor_lost": "it went away",
    "seam_errors": 7,
    "transaction_charges": 12.5,
}


def with_summary_of(folder: Path, blotter: str, run: int) -> None:
    document = {**SUMMARY_OF_FIRST, LAST_START: {"blotter": blotter, "run": run}}
    (folder / SUMMARY).write_text(json.dumps(document))


def test_a_page_of_a_trader_that_runs_has_nothing_of_the_start_before(tmp_path: Path) -> None:
    (tmp_path / LIVE_LOCK).touch()
    with_summary_of(tmp_path, BLOTTER, 1)
    with Blotter(tmp_path / BLOTTER, durable=True) as blotter:
        live_run(blotter, 0, is_over=True)
        before = report(tmp_path, "live")
        live_run(blotter, 1, is_over=False)
        page = report(tmp_path, "live")
        blotter.end_run("done")
    for said in ("The executor was lost", "7 stream lines", "12.50"):
        assert said in before
        assert said not in page
        assert said not in report(tmp_path, "live"), "the summary of this start is not there yet"


def test_a_summary_of_dry_runs_is_not_that_of_real_ones(tmp_path: Path) -> None:
    (tmp_path / LIVE_LOCK).touch()
    with_summary_of(tmp_path, LIVE_DRY_BLOTTER, 1)
    with Blotter(tmp_path / BLOTTER, durable=True) as blotter:
        live_run(blotter, 0, is_over=True)
    assert "The executor was lost" not in report(tmp_path, "live")


def test_what_only_the_summary_tells_is_said_to_be_of_the_last_start(tmp_path: Path) -> None:
    (tmp_path / LIVE_LOCK).touch()
    with Blotter(tmp_path / BLOTTER, durable=True) as blotter:
        live_run(blotter, 0, is_over=True)
        with_summary_of(tmp_path, BLOTTER, 1)
        assert "last start" not in report(tmp_path, "live")
        live_run(blotter, 1, is_over=True)
        with_summary_of(tmp_path, BLOTTER, 2)
    page = report(tmp_path, "live")
    assert "Transaction charges are those of the last start." in page
    assert "7 stream lines refused in the last start" in page


def test_when_an_order_was_filled_its_last_report_tells(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    (tmp_path / LIVE_LOCK).touch()
    scene.define(rc=QUOTED)
    for traded in (100.0, 210.0, 800.0):
        scene.change([{"id": 1, "trd": [[3.2, traded]]}], after_ms=50)
    scene.blotter.flush()
    (placed, partly, whole) = (
        scene.rows(query)[0][0]
        for query in (
            "select i.ts_ms from intents as i join fills using (intent_id)",
            "select min(ts_ms) from fills",
            "select ts_ms from reports where status = 'FILLED'",
        )
    )
    assert partly < whole
    with opened_folder(tmp_path, "live") as folder:
        known = [(order.matched_ms, order.filled_ms) for order in read(folder).outcomes]
    assert (partly - placed, whole - placed) in known
    scene.blotter.close()


def test_a_start_that_ran_over_midnight_is_shown_whole(tmp_path: Path) -> None:
    (tmp_path / LIVE_LOCK).touch()
    runner = Runner.of("1.1", 1, 0)
    with Blotter(tmp_path / BLOTTER, durable=True) as blotter:
        live_run(blotter, -48 * 60, is_over=True)
        live_run(blotter, 0, is_over=False)
        for hours in (-13, 1):
            ts_ms = NOON_MS + hours * 3_600_000
            blotter.fill(Fill(f"I{hours}", "passive_maker", runner, Side.LAY, 300, 200, ts_ms))
    page = report(tmp_path, "live")
    assert "on 3 fills" in page
    assert (
        "It covers all starts that were at work on the last day (UTC), each of them whole." in page
    )


def test_a_name_that_is_no_text_is_shown_escaped(one: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out\udcff"
    shutil.copytree(one, folder)
    assert "Hotloop replay: out\\udcff" in report(folder, "out\udcff")


def test_the_page_does_not_depend_on_the_locale(one: Path) -> None:
    script = "import sys; from pathlib import Path; from trader.report.page import report; "
    script += "sys.stdout.buffer.write(report(Path(sys.argv[1]), 'out'))"
    ascii_only = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ascii_only["PYTHONPATH"] = os.pathsep.join(sys.path)
    made = subprocess.run(
        [sys.executable, "-c", script, str(one)], env=ascii_only, capture_output=True, check=False
    )
    assert made.returncode == 0, made.stderr.decode()
    assert made.stdout == page_module.report(one, "out")


def test_the_log_of_a_blotter_may_go_while_it_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / LIVE_LOCK).touch()
    with Blotter(tmp_path / BLOTTER, durable=True) as blotter:
        live_run(blotter, 0, is_over=True)
    exists = Path.exists  # it was there a moment ago

    def existed(path: Path, **more: bool) -> bool:
        return path.name.endswith("-wal") or exists(path, **more)

    monkeypatch.setattr(Path, "exists", existed)
    assert net_of(tmp_path) == 1


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
