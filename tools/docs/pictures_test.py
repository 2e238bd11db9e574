"""Pictures of pages: how they are shown in either scheme, and which are refused, where and why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.docs.markdown import DocsError
from tools.docs.pictures import MAX_PICTURE_BYTES, Image, find_pictures, read_pictures
from tools.docs.pictures_for_tests import image, png
from tools.docs.site import make_site

HOME = "# Hotloop\n"
LIGHT, DARK = "docs/pictures/status-light.png", "docs/pictures/status-dark.png"


def site(text: str, pictures: dict[str, Image], source: str = "docs/live.md") -> dict[str, bytes]:
    return make_site({"README.md": HOME, source: text}, pictures)


def drawn(text: str, pictures: dict[str, Image], source: str = "docs/live.md") -> str:
    """The part of the page's HTML that is its paragraphs."""
    address = "index.html" if source == "README.md" else source.replace(".md", ".html")
    article = site(text, pictures, source)[address].decode().partition("<article>")[2]
    return article.partition("</article>")[0].partition("</h1>")[2].strip()


def test_a_picture_is_shown_with_its_words_its_size_and_when_it_is_reached() -> None:
    html = drawn("# A\n\n![Orders & `P&L`](pictures/a.png)\n", {"docs/pictures/a.png": image(6, 3)})
    assert html == (
        '<p><img src="pictures/a.png" alt="Orders &amp; P&amp;L" width="6" height="3"'
        ' loading="lazy"></p>'
    )


def test_a_picture_stands_in_the_site_at_its_own_place_byte_for_byte() -> None:
    files = site("# A\n\n![a](pictures/a.png)\n", {"docs/pictures/a.png": image(6, 3)})
    assert files["docs/pictures/a.png"] == png(6, 3)


@pytest.mark.parametrize(
    ("source", "target", "src"),
    [
        ("README.md", "docs/pictures/a.png", "docs/pictures/a.png"),
        ("docs/runbooks/x.md", "../pictures/a.png", "../pictures/a.png"),
        ("docs/live.md", "./pictures/a.png", "pictures/a.png"),
    ],
)
def test_the_address_is_relative_to_the_page(source: str, target: str, src: str) -> None:
    html = drawn(f"# A\n\n![a]({target})\n", {"docs/pictures/a.png": image(1, 1)}, source)
    assert re.findall('src="([^"]*)"', html) == [src]


def test_the_dark_one_of_a_pair_is_shown_in_the_dark_scheme_and_never_printed() -> None:
    pair = {LIGHT: image(2, 2, 250), DARK: image(2, 2, 5)}
    html = drawn("# A\n\n![s](pictures/status-light.png)\n", pair)
    source, _, rest = html.removeprefix("<p><picture>").partition(">")
    assert source == (
        '<source media="screen and (prefers-color-scheme: dark)" srcset="pictures/status-dark.png"'
    )
    assert rest.startswith('<img src="pictures/status-light.png" alt="s"')
    assert rest.endswith("></picture></p>")


def test_one_alone_is_shown_in_both_schemes() -> None:
    text = "# A\n\n![s](pictures/status-light.png)\n"
    assert "<picture>" not in drawn(text, {LIGHT: image(2, 2)})
    alone = {"docs/pictures/a.png": image(2, 2), "docs/pictures/a-dark.png": image(2, 2)}
    assert "<picture>" not in drawn("# A\n\n![a](pictures/a.png)\n", alone)


def test_a_picture_may_be_the_words_of_a_link() -> None:
    pictures = {"docs/pictures/a.png": image(1, 1)}
    html = drawn("# A\n\n[![a](pictures/a.png)](../README.md)\n", pictures)
    assert html.startswith('<p><a href="../index.html"><img src="pictures/a.png"')
    html = drawn("# A\n\n[![a](pictures/a.png)](../x.rs)\n", pictures)
    assert "<a" not in html and html.count("<img") == 1 and "x.rs</code>" in html


def test_the_search_finds_the_words_of_a_picture() -> None:
    files = site("# A\n\n![orders at rest](pictures/a.png)\n", {"docs/pictures/a.png": image(1, 1)})
    assert "orders at rest" in files["search.js"].decode()


@pytest.mark.parametrize(
    ("written", "error"),
    [
        ("![a](pictures/b.png)", "leads to docs/pictures/b.png, which is not there"),
        ("![](pictures/a.png)", "has no words; say what is on it: ![WORDS](pictures/a.png)"),
        ("![ ](pictures/a.png)", "has no words; say what is on it: ![WORDS](pictures/a.png)"),
        ("![a](https://x.y/a.png)", "is somewhere else; put it into docs/pictures"),
        ("![a](//x.y/a.png)", "is somewhere else; put it into docs/pictures"),
        ("![a](data:image/png;base64,AA)", "is somewhere else; put it into docs/pictures"),
        ("![a](/pictures/a.png)", "begins with a slash; write it relative to the file"),
        ("![a](../../a.png)", "leads out of the repository"),
        ("![a](a.png)", "is docs/a.png; pictures are docs/pictures/*.png"),
        ("![a](pictures/a.svg)", "is docs/pictures/a.svg; pictures are docs/pictures/*.png"),
        ("![a](pictures/b/a.png)", "is docs/pictures/b/a.png; pictures are docs/pictures/*.png"),
    ],
)
def test_a_picture_that_cannot_be_right_stops_it_with_file_and_line(
    written: str, error: str
) -> None:
    target = written.partition("](")[2].removesuffix(")")
    with pytest.raises(DocsError) as caught:
        drawn(f"# A\n\nwords\n{written}\n", {"docs/pictures/a.png": image(1, 1)})
    assert str(caught.value) == f"docs/live.md:4: the picture {target} {error}"


def test_a_link_to_a_picture_is_refused() -> None:
    with pytest.raises(DocsError, match=r"live\.md:3: the link pictures/a\.png leads to a picture"):
        drawn("# A\n\n[a](pictures/a.png)\n", {"docs/pictures/a.png": image(1, 1)})


def test_pictures_of_the_folder_are_found_and_read(tmp_path: Path) -> None:
    (tmp_path / "docs/pictures/below").mkdir(parents=True)
    assert find_pictures(tmp_path) == []
    for name in ("b.png", "a.png", "below/c.png", "d.txt"):
        (tmp_path / "docs/pictures" / name).write_bytes(png(4, 7))
    assert find_pictures(tmp_path) == ["docs/pictures/a.png", "docs/pictures/b.png"]
    assert read_pictures(tmp_path, ["docs/pictures/a.png"]) == {"docs/pictures/a.png": image(4, 7)}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", r"docs/pictures/a\.png is no PNG"),
        (png(1, 1)[:20], "is no PNG"),
        (b"\xff\xd8\xff" + bytes(100), "is no PNG"),
        (png(1, 1) + bytes(MAX_PICTURE_BYTES), r"has 2,097,\d+ bytes, 2,097,152 are allowed"),
        (png(0, 1), "has 0 x 1 pixels, 1 to 10,000 are allowed"),
        (png(1, 10_001), "has 1 x 10001 pixels"),
    ],
)
def test_a_file_that_is_no_picture_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "docs/pictures").mkdir(parents=True)
    (tmp_path / "docs/pictures/a.png").write_bytes(data)
    with pytest.raises(ValueError, match=why):
        read_pictures(tmp_path, ["docs/pictures/a.png"])


def test_files_elsewhere_are_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"python/a\.png is no picture of the site"):
        read_pictures(tmp_path, ["python/a.png"])
