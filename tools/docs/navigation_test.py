"""Where pages stand in the navigation, those that nobody named too."""

from __future__ import annotations

import pytest

from tools.docs.navigation import SECTIONS, address, arrange, is_page

START = ["README.md", "docs/first_edge.md", "docs/live.md"]


def test_named_pages_stand_in_the_order_in_which_they_are_named() -> None:
    named = [page for section in SECTIONS for page in section.named]
    arranged = arrange(sorted(named))
    assert [page for _, pages in arranged for page in pages] == named
    assert len(set(named)) == len(named), "a page has one place"


def test_named_pages_that_are_not_there_leave_no_gap() -> None:
    arranged = arrange(START)
    assert arranged == [
        ("Start", ["README.md", "docs/first_edge.md"]),
        ("Live", ["docs/live.md"]),
    ]


def test_a_new_page_has_its_place_by_its_folder() -> None:
    new = [
        "docs/brand_new.md",
        "docs/decisions/9999-new.md",
        "docs/elsewhere/page.md",
        "docs/runbooks/alerts/Late.md",
        "docs/runbooks/alerts/README.md",
        "docs/runbooks/a.md",
    ]
    arranged = dict(arrange([*START, *new]))
    assert arranged["Reference"] == ["docs/brand_new.md", "docs/elsewhere/page.md"]
    assert arranged["Decisions"] == ["docs/decisions/9999-new.md"]
    assert arranged["Runbooks"] == [
        "docs/runbooks/a.md",
        "docs/runbooks/alerts/README.md",
        "docs/runbooks/alerts/Late.md",
    ]


def test_other_files_are_no_pages() -> None:
    assert not is_page("rust/fuzz/README.md")
    with pytest.raises(ValueError, match=r"rust/fuzz/README\.md is no page"):
        arrange(["rust/fuzz/README.md"])


def test_pages_keep_their_places_so_that_relative_links_do() -> None:
    pages = ("README.md", "docs/live.md", "docs/runbooks/README.md")
    addresses = [address(page) for page in pages]
    assert addresses == ["index.html", "docs/live.html", "docs/runbooks/index.html"]
