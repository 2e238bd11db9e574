"""`report.html` in a browser: every chart is drawn, the figures are the summary's, no network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.trader_process import need_rust_hotloop, read_blotter, read_summary, succeed
from tests.pages.browser import WITHOUT_NETWORK, Browser, Scheme, browser
from tests.pages.checks import CONTRAST, FITS
from tests.parity.recordings import market_streams
from trader.simulator.generator import MARKET_ID, Race, RaceShape

SHAPE: Final = RaceShape(pre_off_s=60.0, in_play_s=10.0)
KEYS: Final = {
    *("profit", "ladder", "edges", "fees", "runners", "intents", "moves", "promises", "waiting"),
    *("cannibalisation", "speed"),
}
ALONE: Final = {"cannibalisation"}
"""Empty where one edge trades."""
MARKETS: Final = 6
RECORDINGS: Final = (
    "kelvin__MarketStream-1.241629436.json",
    "flumine__1.200806927.json",
)
MARKS: Final = """
const box = document.getElementById(arguments[0]);
const marks = box.querySelectorAll(
  ".scatterlayer path, .barlayer path, .waterfalllayer path, .heatmaplayer image");
return [...marks].filter((mark) => {
  const size = mark.getBoundingClientRect();
  return size.width + size.height > 0;
}).length;
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def race_file(folder: Path, number: int) -> str:
    """A generated market as a file, 1.9000000NN."""
    path = folder / f"1.{900_000_100 + number}"
    lines = b"".join(line + b"\n" for line in Race(number, SHAPE).lines())
    path.write_bytes(lines.replace(MARKET_ID.encode(), path.name.encode()))
    return str(path)


@pytest.fixture(scope="module")
def race(tmp_path_factory: pytest.TempPathFactory) -> str:
    return race_file(tmp_path_factory.mktemp("race"), 3)


def replayed(out: Path, *arguments: str) -> Path:
    need_rust_hotloop()
    succeed("replay", *arguments, "--out", str(out))
    return out


def money(amount: float, *, signed: bool = False) -> str:
    text = f"{amount:+,.2f}" if signed else f"{amount:,.2f}"
    return "0.00" if not text.strip("+-0.,") else text.replace("-", "\N{MINUS SIGN}")


def check(chromium: Browser, out: Path, scheme: Scheme, *, empty: set[str], more: set[str]) -> None:
    """What is so on every page."""
    chromium.open(out / "report.html", scheme)
    keys = KEYS | more
    has = "return document.getElementById(arguments[0]) !== null"
    drawn = {key for key in keys if chromium.run(has, key)}
    assert drawn == keys - empty
    for key in drawn:
        assert chromium.run(MARKS, key) > 0, f"{key} has no marks"
        assert chromium.text(f"#{key}-title")
    for key in empty:
        assert len(chromium.text(f"#{key}-empty")) > 20, "it says why it is empty"
    assert chromium.complaints() == []
    asked = chromium.requests()
    assert asked, "the page itself at least"
    assert [url for url in asked if not url.startswith(WITHOUT_NETWORK)] == []
    assert chromium.run(FITS)
    for selector in (".why", ".says", ".net", ".tiles dt", ".tiles dd", "h2", "summary", "li"):
        assert min(chromium.run(CONTRAST, selector), default=21) >= 4.5, f"contrast of {selector}"
    chromium.picture(f"{out.name}-{scheme}")


def deepest_e4(out: Path) -> int:
    """How far all markets together fell below their highest worth, from the blotter's own rows:
    what is worth something else at each moment, markets that are not sampled as they last were."""
    blotter = read_blotter(out)
    samples: dict[tuple[Any, ...], int] = {}
    for run, market_id, ts_ms, gross_e4, commission_e4 in blotter["curve"]:
        samples[ts_ms, run, market_id] = gross_e4 - commission_e4
    worth: dict[tuple[Any, ...], int] = {}
    highest = deepest = 0
    for moment in sorted({key[0] for key in samples}):
        worth |= {key[1:]: net_e4 for key, net_e4 in samples.items() if key[0] == moment}
        highest = max(highest, sum(worth.values()))
        deepest = max(deepest, highest - sum(worth.values()))
    return deepest


def check_head(chromium: Browser, out: Path) -> None:
    """The figures of the head are the summary's and the blotter's."""
    summary = read_summary(out)
    pnl = summary["pnl"]
    net, verdict = chromium.text("#net").splitlines()
    assert net == money(pnl["net"], signed=True)
    word = "profit" if pnl["net"] > 0 else "loss" if pnl["net"] < 0 else "even"
    assert word in verdict, "the sign is not told by colour alone"
    tiles = dict(
        chromium.run(
            "return [...document.querySelectorAll('.tiles > div')]"
            ".map((tile) => [...tile.children].slice(0, 2).map((one) => one.innerText))"
        )
    )
    assert tiles["Commission"] == money(pnl["commission"] + summary["transaction_charges"])
    assert tiles["Fills"] == f"{summary['fills']:,}"
    assert tiles["Max drawdown"] == money(-deepest_e4(out) / 10_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_generated_market(chromium: Browser, race: str, tmp_path: Path, scheme: Scheme) -> None:
    out = replayed(tmp_path / "generated", race)
    check(chromium, out, scheme, empty=ALONE, more=set())
    check_head(chromium, out)
    assert read_summary(out)["fills"] > 0
    assert "passive_maker" in chromium.text("#why")
    ink = chromium.run(
        "return [getComputedStyle(document.body).color,"
        " getComputedStyle(document.querySelector('#profit .xtick text')).fill]"
    )
    assert ink[0] == ink[1], "charts are in the colours of the page"
    bright = sum(map(int, re.findall(r"\d+", ink[0])[:3])) > 3 * 128
    assert bright == (scheme == "dark")


def test_a_page_is_printed_in_light_colours_whatever_is_preferred(
    chromium: Browser, race: str, tmp_path: Path
) -> None:
    out = replayed(tmp_path / "printed", race)
    chromium.open(out / "report.html", "dark")
    chromium.on_paper("dark")
    fill = "return getComputedStyle(document.querySelector('#profit .xtick text')).fill"
    assert sum(map(int, re.findall(r"\d+", chromium.run(fill))[:3])) < 3 * 128
    assert min(chromium.run(CONTRAST, ".why")) >= 4.5
    assert len(chromium.command("Page.printToPDF", printBackground=True)["data"]) > 10_000


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording(chromium: Browser, tmp_path: Path, name: str) -> None:
    out = replayed(tmp_path / name.partition("__")[0], str(market_streams() / name))
    summary = read_summary(out)
    for scheme in ("light", "dark"):
        check(chromium, out, scheme, empty=ALONE, more=set())
        check_head(chromium, out)
    assert summary["fills"] > 0


def test_another_runner_can_be_chosen(chromium: Browser, race: str, tmp_path: Path) -> None:
    out = replayed(tmp_path / "choice", race)
    chromium.open(out / "report.html")
    names = chromium.run(
        "return [...document.querySelectorAll('#ladder-choice option')].map((one) => one.text)"
    )
    assert len(names) > 1
    rows = "return document.getElementById('ladder').layout.yaxis.categoryarray"
    first = chromium.run(rows)
    chromium.run(
        "const s = document.getElementById('ladder-choice'); s.selectedIndex = 1;"
        "s.dispatchEvent(new Event('change'))"
    )
    assert chromium.run(rows) != first
    assert chromium.run(MARKS, "ladder") > 0
    chosen = re.match(r"\S+", names[1])
    assert chosen is not None
    succeed("report", str(out), "--runner", chosen[0])
    chromium.open(out / "report.html")
    assert chosen[0] in chromium.text("#ladder-title"), "as asked for, it comes first"


def test_a_demo(chromium: Browser, tmp_path: Path) -> None:
    need_rust_hotloop()
    out = tmp_path / "demo"
    short = ("--set", "simulator.demo.pre_off_s=60", "--set", "simulator.demo.in_play_s=10")
    printed = succeed("demo", "--speed", "max", "--out", str(out), *short)
    assert f"{out}/report.html" in printed
    for scheme in ("light", "dark"):
        check(chromium, out, scheme, empty=ALONE, more=set())
        check_head(chromium, out)


def test_many_markets(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    folder = tmp_path_factory.mktemp("day")
    files = [race_file(folder, number) for number in range(MARKETS)]
    out = replayed(tmp_path / "many", *files, "--workers", "2")
    summary = read_summary(out)
    for scheme in ("light", "dark"):
        check(chromium, out, scheme, empty=ALONE, more={"spread"})
        check_head(chromium, out)
    nets = {
        result["market_id"]: money(result["net"], signed=True)
        for part in summary["inputs"]
        for result in part["results"]
    }
    shown = dict(
        chromium.run(
            "return [...document.querySelectorAll('#markets tbody tr')]"
            ".map((row) => [row.cells[0].innerText, row.cells[1].innerText])"
        )
    )
    assert shown == nets
    assert len(nets) == MARKETS
    sort_by_fills(chromium)
    last = chromium.run("return document.querySelector('#markets tbody').lastElementChild.dataset")
    chromium.run(
        "document.querySelector('#markets tbody').lastElementChild.querySelector('button').click()"
    )
    assert nets[last["market"]] in chromium.text("#market-facts")
    chromium.await_drawn()
    assert chromium.run(MARKS, "market-curve") > 0


def sort_by_fills(chromium: Browser) -> None:
    fills = (
        "return [...document.querySelectorAll('#markets tbody tr')]"
        ".map((row) => Number(row.cells[4].dataset.value))"
    )
    click = "document.querySelectorAll('#markets thead button')[4].click()"
    chromium.run(click)
    assert chromium.run(fills) == sorted(chromium.run(fills), reverse=True)
    chromium.run(click)
    assert chromium.run(fills) == sorted(chromium.run(fills))


def test_a_run_without_orders_says_why_everything_is_empty(
    chromium: Browser, race: str, tmp_path: Path
) -> None:
    out = replayed(tmp_path / "empty", race, "--set", "edges.passive_maker.enabled=false")
    for scheme in ("light", "dark"):
        check(chromium, out, scheme, empty=KEYS - {"speed"}, more=set())
    check_head(chromium, out)
    assert "Nothing was traded" in chromium.text("#why")
