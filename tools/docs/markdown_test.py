"""Reading Markdown as GitHub does: anchors, links with their lines, and what is refused."""

from __future__ import annotations

import pytest

from tools.docs.markdown import DocsError, Link, Picture, Place, is_outside, parse, place


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Fill probability and time to fill", "fill-probability-and-time-to-fill"),
        ("What `ctx.book` tells", "what-ctxbook-tells"),
        ("Queue model `risk_averse`", "queue-model-risk_averse"),
        ("A, b: c & d", "a-b-c--d"),
        ("p50 — größer", "p50--größer"),
        ("[Linked](x.md) words", "linked-words"),
    ],
)
def test_an_anchor_is_what_github_makes_of_the_heading(heading: str, anchor: str) -> None:
    (found,) = parse("x.md", f"## {heading}\n").headings
    assert (found.level, found.anchor) == (2, anchor)


def test_headings_of_the_same_words_are_numbered_from_the_second_on() -> None:
    document = parse("x.md", "# A\n\n## Costs\n\n## Costs\n\n## Costs\n")
    assert [one.anchor for one in document.headings] == ["a", "costs", "costs-1", "costs-2"]
    assert document.title == "A"


def test_links_and_pictures_are_told_with_the_line_they_stand_in() -> None:
    text = (
        "# A\n\nfirst [one](a.md) and\nsecond [two](b.md#c)\n\n| x |\n| - |\n| ![*p* q](p.png) |\n"
    )
    document = parse("x.md", text)
    assert document.links == (Link("a.md", 3), Link("b.md#c", 4))
    assert document.pictures == (Picture("p.png", "p q", 8),)


def test_what_looks_like_a_link_in_code_is_none() -> None:
    assert parse("x.md", "`[a](b.md)`\n\n```\n[c](d.md)\n```\n").links == ()


def test_comments_are_taken_and_other_html_is_refused_with_file_and_line() -> None:
    parse("x.md", "<!-- begin -->\n\ntext <!-- within --> text\n")
    with pytest.raises(DocsError, match=r"docs/x\.md:3: has HTML \(<b>\); write it in Markdown"):
        parse("docs/x.md", "# A\n\nsome <b>bold</b>\n")
    with pytest.raises(DocsError, match=r"docs/x\.md:1: has HTML"):
        parse("docs/x.md", "<!-- a --><script>x</script>\n")


def test_a_page_without_a_title_is_refused() -> None:
    with pytest.raises(DocsError, match=r"x\.md:1: has no title; begin it with a line `# TITLE`"):
        _ = parse("x.md", "## Second level\n").title


@pytest.mark.parametrize(
    ("source", "target", "path", "anchor"),
    [
        ("README.md", "docs/live.md", "docs/live.md", ""),
        ("docs/live.md", "#a-profile", "docs/live.md", "a-profile"),
        ("docs/decisions/1.md", "../live.md#x", "docs/live.md", "x"),
        ("docs/live.md", "../tests/compat/", "tests/compat", ""),
        ("README.md", "docs/a%20b.md", "docs/a b.md", ""),
    ],
)
def test_a_relative_link_leads_to_a_path_of_the_repository(
    source: str, target: str, path: str, anchor: str
) -> None:
    assert place(source, target) == Place(path, anchor)


@pytest.mark.parametrize(
    ("target", "why"), [("/docs/live.md", "slash"), ("../x.md", "leads out of the repository")]
)
def test_a_link_from_a_root_or_out_of_the_repository_is_refused(target: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        place("README.md", target)


def test_other_sites_and_mail_are_outside() -> None:
    assert [is_outside(one) for one in ("https://a.b/c", "//a.b", "mailto:a@b")] == [True] * 3
    assert not is_outside("docs/live.md#x")
