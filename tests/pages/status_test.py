"""The status page in a browser, of a demo and of a live trader at work: what it shows is what they
do, and what is done on it they do."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest
from selenium.webdriver.common.keys import Keys

from tests.e2e.trader_process import need_rust_hotloop, run_trader
from tests.live.rig import live_trader, races, verdict
from tests.pages.browser import WIDTH, Browser, Scheme, browser
from tests.pages.checks import AA, CONTRAST
from tests.pages.traders import Demo, await_note, demo
from trader.status.testing import TOKEN, meanwhile, quoting, served

OURS: Final = "return document.querySelectorAll('#ladder .ours span').length"
ROWS: Final = "return document.querySelectorAll('#tape tbody tr').length"
TEXTS: Final = (
    *("h1", "h2", "th", "dt", "dd", "small", "label", "button:not(:disabled)", "select", ".says"),
    *("#runners td", "#ladder td", "#ladder .ours span", "#joining td", "#tape td", ".key"),
    *(".seam-list .name", ".seam-list .text", "#mode-text", "#link-text", "#net-value", ".mark"),
)
VISIBLE: Final = "return document.activeElement.id"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    need_rust_hotloop()
    with demo(tmp_path_factory.mktemp("running"), speed=3.0) as at_work:
        yield at_work


def text_is(chromium: Browser, selector: str, part: str) -> None:
    chromium.until(lambda: part in chromium.text(selector), f"{selector} says {part}")


def settled(chromium: Browser) -> None:
    """Orders of ours stand in the ladder, and what was sent stands in the list."""
    chromium.until(lambda: chromium.run(OURS) > 0, "our order in the ladder")
    chromium.until(lambda: chromium.run(ROWS) > 10, "intents and reports")


def check_quiet(chromium: Browser, address: str) -> None:
    """No complaint, and nobody else was asked for anything."""
    assert chromium.complaints() == []
    asked = chromium.requests()
    assert any("/events?" in url for url in asked)
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert not any("#" in url.removesuffix("#") and "/events" in url for url in asked)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_demo_is_shown_in_both_colours_with_contrast_and_no_word_outside(
    chromium: Browser, running: Demo, scheme: Scheme
) -> None:
    chromium.is_wide(WIDTH)
    chromium.visit(running.note.link, scheme)
    settled(chromium)
    assert running.note.token not in chromium.run("return location.href"), "not over a shoulder"
    assert "Demo: paper money" in chromium.text("#mode")
    assert "Amber Ridge" in chromium.text("#runners")
    text_is(chromium, "#link", "Connected")
    for selector in TEXTS:
        worst = min(chromium.run(CONTRAST, selector), default=21)
        assert worst >= AA, f"contrast of {selector} in {scheme}: {worst:.2f}"
    ink = chromium.run("return getComputedStyle(document.body).backgroundColor")
    bright = sum(map(int, ink[4:-1].split(","))) > 3 * 128
    assert bright == (scheme == "light")
    check_quiet(chromium, running.note.url)
    chromium.picture(f"status-{scheme}")


@pytest.mark.parametrize("width", [380, 760, 1400])
def test_it_fits_any_width(chromium: Browser, running: Demo, width: int) -> None:
    chromium.is_wide(width)
    chromium.visit(running.note.link)
    settled(chromium)
    fits = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert chromium.run(fits)
    chromium.picture(f"status-{width}")


def test_it_is_worked_by_keys_alone(chromium: Browser, running: Demo) -> None:
    chromium.is_wide(WIDTH)
    chromium.visit(running.note.link)
    settled(chromium)
    chromium.press("?")
    chromium.until(lambda: bool(chromium.run("return document.getElementById('help').open")), "?")
    assert "Kill switch" in chromium.text("#help")
    chromium.press(Keys.ESCAPE)
    assert not chromium.run("return document.getElementById('help').open")
    before = chromium.text("#ladder-title")
    chromium.press("j")
    chromium.until(lambda: chromium.text("#ladder-title") != before, "the next runner")
    chromium.press("k")
    text_is(chromium, "#ladder-title", before)
    chromium.press("t")
    assert chromium.run("return document.documentElement.dataset.theme") == "light"
    chromium.press("tt")
    assert chromium.run("return document.documentElement.dataset.theme ?? null") is None
    chromium.press("K")
    chromium.until(lambda: chromium.run(VISIBLE) == "kill-word", "the word has the focus")
    chromium.press("KILT", Keys.ENTER)
    assert chromium.run("return document.getElementById('kill-hold').disabled")
    chromium.press(Keys.ESCAPE)
    assert not chromium.run("return document.getElementById('kill').open")
    assert state(running)["execution"]["killed"] is False
    rings = "return getComputedStyle(document.activeElement).outlineStyle"
    chromium.press(Keys.TAB)
    assert chromium.run(rings) != "none", "one sees where one is"


def test_the_list_is_filtered(chromium: Browser, running: Demo) -> None:
    chromium.is_wide(WIDTH)
    chromium.visit(running.note.link)
    settled(chromium)
    chromium.run(
        "const s = document.getElementById('tape-kind'); s.value = 'intent';"
        "s.dispatchEvent(new Event('change'))"
    )
    kinds = "return [...document.querySelectorAll('#tape tbody tr')].map((one) => one.className)"
    assert {kind.split()[0] for kind in chromium.run(kinds)} == {"intent"}


def test_a_trader_that_hangs_is_lost_and_comes_back_by_itself(
    chromium: Browser, running: Demo
) -> None:
    chromium.is_wide(WIDTH)
    chromium.visit(running.note.link)
    settled(chromium)
    running.signal(signal.SIGSTOP)
    try:
        text_is(chromium, "#alerts", "connection to the trader is lost since")
        assert chromium.run("return document.getElementById('kill-open').disabled")
        worst = min(chromium.run(CONTRAST, "#alerts p"))
        assert worst >= AA
    finally:
        running.signal(signal.SIGCONT)
    text_is(chromium, "#link", "Connected")
    chromium.until(lambda: chromium.text("#alerts") == "", "it is said no more")


def test_a_trader_that_cannot_tell_how_things_are_is_not_shown_as_fresh(
    chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chromium.is_wide(WIDTH)
    scene = quoting(tmp_path)
    with served(scene) as page:
        tell = page.board._look

        def fails(*_: object) -> NoReturn:
            raise KeyError("a mistake of the page")

        def look() -> None:
            chromium.visit(f"http://127.0.0.1:{page.port}/#{TOKEN}")
            text_is(chromium, "#link", "Connected")
            monkeypatch.setattr(page.board, "_look", fails)
            text_is(chromium, "#alerts", "fails to tell how things are since")
            assert chromium.run("return document.body.classList.contains('stale')")
            assert not chromium.run("return document.getElementById('kill-open').disabled")
            monkeypatch.setattr(page.board, "_look", tell)
            text_is(chromium, "#link", "Connected")
            chromium.until(lambda: chromium.text("#alerts") == "", "it is said no more")

        meanwhile(page.board, scene.session, look)


def test_a_trader_that_is_gone_is_said(chromium: Browser, tmp_path: Path) -> None:
    need_rust_hotloop()
    chromium.is_wide(WIDTH)
    with demo(tmp_path) as short:
        chromium.visit(short.note.link)
        settled(chromium)
    text_is(chromium, "#alerts", "connection to the trader is lost since")
    text_is(chromium, "#link", "Lost for")


def test_without_the_right_token_it_asks_for_it(chromium: Browser, running: Demo) -> None:
    chromium.is_wide(WIDTH)
    chromium.show(f"{running.note.url}#wrong")
    text_is(chromium, "#ask-token", "not the token of the trader that runs here")
    chromium.run("document.getElementById('token').focus()")
    chromium.press(running.note.token, Keys.ENTER)
    chromium.await_drawn()
    settled(chromium)


def state(at_work: Demo) -> dict[str, Any]:
    told = run_trader("status", "--out", str(at_work.out), "--json")
    assert told.returncode == 0, told.stderr
    document: dict[str, Any] = json.loads(told.stdout)
    return document


@pytest.mark.parametrize("backend", ["python", "rust"])
def test_a_kill_by_keys_ends_the_orders_of_a_live_trader(
    chromium: Browser, tmp_path: Path, backend: str
) -> None:
    chromium.is_wide(WIDTH)
    with races(tmp_path, pre_off_s=300.0, markets=2) as venue:
        profile = venue.profile(execution={"backend": backend})
        with live_trader(tmp_path, profile) as trader:
            assert trader.process is not None
            note = await_note(trader.out, trader.process, tmp_path / "said")
            chromium.visit(note.link)
            settled(chromium)
            assert "LIVE: real orders" in chromium.text("#mode")
            assert "logged in" in chromium.text("#seams")
            assert len(chromium.run("return [...document.getElementById('market').options]")) == 2
            status = run_trader("status", "--out", str(trader.out), "--expect", "mode=live")
            assert status.returncode == 0, status.stdout + status.stderr
            chromium.press("c")
            chromium.until(lambda: chromium.run(VISIBLE) == "cancel-do", "cancel-all is offered")
            chromium.press(Keys.ENTER)
            text_is(chromium, "#cancel-outcome", "told to end; edges go on quoting")
            chromium.press(Keys.ESCAPE)
            settled(chromium)
            chromium.press("K")
            chromium.until(lambda: chromium.run(VISIBLE) == "kill-word", "the kill switch opens")
            chromium.press("KILL", Keys.TAB)
            assert chromium.run(VISIBLE) == "kill-hold"
            chromium.hold(
                Keys.ENTER, lambda: "KILLED" in chromium.text("#kill-outcome"), "it is killed"
            )
            chromium.until(
                lambda: not any(bet["remaining"] for bet in venue.scene.bets()), "no order is left"
            )
            text_is(chromium, "#alerts", "KILLED: by hand, status page")
            chromium.press(Keys.ESCAPE)
            text_is(chromium, "#kill-open", "KILLED")
            chromium.picture(f"status-killed-{backend}")
            bets = len(venue.scene.bets())
            expected = ("--expect", "execution.killed=true", "--expect", "execution.open_orders=0")
            status = run_trader("status", "--out", str(trader.out), *expected)
            assert status.returncode == 0, status.stdout + status.stderr
            assert chromium.complaints() == []
            trader.kill(signal.SIGINT)
            assert trader.wait() == 130, trader.said()
            assert len(venue.scene.bets()) == bets, "nothing new has left"
            assert verdict(venue, trader).problems == []
            again = run_trader("status", "--out", str(trader.out))
            assert (again.returncode, "no trader" in again.stderr) == (3, True)
