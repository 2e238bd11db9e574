"""The documentation's site in a browser, from files: no network, both schemes, a search that finds.

In the build graph it is the archive that //docs:site made, elsewhere the repository's own pages.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.pages.browser import IN_BUILD_GRAPH, Browser, Scheme, browser
from tests.pages.checks import CONTRAST, FITS
from tools.docs.build import main, write_tar
from tools.docs.pictures import find_pictures, read_pictures
from tools.docs.site import find_pages, make_site, read_pages

ROOT: Final = Path(__file__).absolute().parents[2]
LONG: Final = "docs/fill_model_results.html"
"""The widest tables and the most headings there are."""
ASK: Final = """
const input = document.getElementById("search");
input.focus();
input.value = arguments[0];
input.dispatchEvent(new Event("input"));
"""
ANSWERED: Final = "return document.getElementById('found').dataset.asked === arguments[0]"
IDS: Final = "return [...document.querySelectorAll('[id]')].map((one) => one.id)"
MARKED: Final = "return [...document.querySelectorAll('#found mark')].map((one) => one.innerText)"
BACKGROUND: Final = (
    "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as a folder of files."""
    folder = tmp_path_factory.mktemp("site")
    archive = os.environ.get("HOTLOOP_DOCS_SITE")
    if archive is None:
        assert not IN_BUILD_GRAPH, "BUILD.bazel names the site's archive"
        assert main(["--root", str(ROOT), "--out", str(folder)]) == 0
        return folder
    with tarfile.open(archive) as opened:
        opened.extractall(folder)
    return folder / "site"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def search(chromium: Browser, words: str) -> list[tuple[str, str]]:
    """(address, words of the link) of what the search shows for them."""
    chromium.run(ASK, words)
    chromium.await_so(ANSWERED, words)
    rows = chromium.run(
        "return [...document.querySelectorAll('#found a')].map((a) => [a.href, a.innerText])"
    )
    return [(str(href), str(text)) for href, text in rows]


def check(chromium: Browser, site: Path) -> None:
    """What is so on every page, whatever was done there."""
    assert chromium.complaints() == []
    asked = chromium.requests()
    assert asked, "the page itself at least"
    within = site.resolve().as_uri() + "/"
    assert [url for url in asked if not url.startswith((within, "data:"))] == []
    assert chromium.run(FITS)
    for selector in ("p", "li", "th", "td", "code", "h2", "a", "summary", "footer", "pre span"):
        assert min(chromium.run(CONTRAST, selector), default=21) >= 4.5, f"contrast of {selector}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_page_in_both_schemes(chromium: Browser, site: Path, scheme: Scheme) -> None:
    chromium.open(site / "index.html", scheme)
    assert chromium.text("h1") == "Hotloop"
    assert chromium.text("[aria-current]") == "What it is"
    assert (sum(chromium.run(BACKGROUND)) < 3 * 128) == (scheme == "dark")
    check(chromium, site)
    chromium.picture(f"docs-home-{scheme}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_is_shown_as_the_scheme_has_it(
    chromium: Browser, site: Path, scheme: Scheme
) -> None:
    chromium.open(site / "docs/status.html", scheme)
    chromium.run("document.querySelector('article img').scrollIntoView()")
    chromium.await_so("return document.querySelector('article img').naturalWidth > 0")
    shown = chromium.run("return document.querySelector('article img').currentSrc")
    assert shown == (site.resolve() / f"docs/pictures/status-{scheme}.png").as_uri()
    check(chromium, site)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_long_pages_fit(chromium: Browser, site: Path, scheme: Scheme) -> None:
    for page in (LONG, "docs/first_edge.html", "docs/decisions/index.html"):
        chromium.open(site / page, scheme)
        check(chromium, site)
        chromium.picture(f"docs-{Path(page).parent.name}-{Path(page).stem}-{scheme}")


def test_the_search_finds_words_and_leads_to_the_place(chromium: Browser, site: Path) -> None:
    chromium.open(site / "docs/decisions/index.html")
    found = search(chromium, "journal LOCK")
    assert found[0][0].endswith("/docs/decisions/0014-two-executors-one-journal.html")
    assert "journal" in found[0][1]
    chromium.picture("docs-search")
    places = [
        number
        for number, (href, text) in enumerate(search(chromium, "Kaplan"))
        if href.endswith("/docs/reports.html#what-is-on-it") and "Kaplan and Meier" in text
    ]
    assert len(places) == 1
    assert set(chromium.run(MARKED)) == {"Kaplan"}
    check(chromium, site)
    chromium.run("document.querySelectorAll('#found a')[arguments[0]].click()", *places)
    chromium.await_so("return location.hash === arguments[0]", "#what-is-on-it")
    chromium.await_drawn()
    assert chromium.text("h1") == "Reports"
    top = chromium.run(
        "return document.getElementById('what-is-on-it').getBoundingClientRect().top"
    )
    assert 50 <= top <= 200, "the heading is in view, below the bar"


def test_words_that_begin_nowhere_are_found_within_others(chromium: Browser, site: Path) -> None:
    chromium.open(site / "index.html")
    assert any("Kaplan" in text for _, text in search(chromium, "aplan"))


def test_what_is_not_there_is_said_and_marks_are_no_patterns(chromium: Browser, site: Path) -> None:
    chromium.open(site / "index.html")
    assert search(chromium, "x.*(y[") == []
    assert chromium.text("#found p") == "Nothing found"
    assert search(chromium, "<img src=x>") == []
    check(chromium, site)


def test_every_link_of_every_page_leads_to_a_file_and_a_place_in_it(
    chromium: Browser, site: Path
) -> None:
    ids: dict[str, set[str]] = {}
    led: dict[str, set[str]] = {}
    for page in sorted(site.rglob("*.html")):
        chromium.open(page)
        here = page.resolve().as_uri()
        ids[here] = set(
            chromium.run("return [...document.querySelectorAll('[id]')].map(e => e.id)")
        )
        led[here] = set(chromium.run("return [...document.links].map((link) => link.href)"))
    for here, links in led.items():
        for link in links:
            address, _, anchor = link.partition("#")
            if address.startswith("file:"):
                assert address in ids, f"{here}: {link}"
                assert not anchor or anchor in ids[address], f"{here}: {link}"


def test_a_narrow_window_has_a_menu(chromium: Browser, site: Path) -> None:
    size = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    chromium.command("Emulation.setDeviceMetricsOverride", **size)
    try:
        chromium.open(site / LONG)
        assert chromium.run(FITS)
        shown = "return document.getElementById('navigation').offsetHeight > 0"
        assert not chromium.run(shown)
        chromium.run("document.getElementById('menu').click()")
        assert chromium.run(shown)
    finally:
        chromium.command("Emulation.clearDeviceMetricsOverride")


def test_the_site_that_was_built_is_made_again_byte_for_byte(tmp_path: Path) -> None:
    archives = []
    for name in ("first.tar", "second.tar"):
        texts = read_pages(ROOT, find_pages(ROOT))
        pictures = read_pictures(ROOT, find_pictures(ROOT))
        write_tar(make_site(texts, pictures), tmp_path / name)
        archives.append((tmp_path / name).read_bytes())
    assert archives[0] == archives[1]
    built = os.environ.get("HOTLOOP_DOCS_SITE")
    assert built is not None or not IN_BUILD_GRAPH
    if built is not None:
        assert Path(built).read_bytes() == archives[0]
