"""Pages made of small texts: where links lead, what is refused, and that the bytes are the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tools.docs.drawing import UNBROKEN_CHARS
from tools.docs.markdown import DocsError
from tools.docs.site import MAX_CONTENTS, make_site, read_pages

HOME = "# Hotloop\n\nWords & <!-- hidden --> more.\n"


def page(text: str, *, repository: str = "", source: str = "docs/live.md", **more: str) -> str:
    """The page of `text` as HTML; `more` are other pages below docs."""
    others = {f"docs/{name}.md": body for name, body in more.items()}
    files = make_site({"README.md": HOME, source: text, **others}, {}, repository)
    return files[source.replace(".md", ".html")].decode()


def hrefs(html: str) -> list[str]:
    article = html.partition("<article>")[2].partition("</article>")[0]
    return re.findall(r'href="([^"]*)"', article)


def test_links_between_pages_lead_to_pages() -> None:
    text = (
        "# Live\n\n[home](../README.md), [there](edges.md#at-the-top), [here](#costs)\n\n## Costs\n"
    )
    assert hrefs(page(text, edges="# Edges\n\n## At the top\n")) == [
        "../index.html",
        "edges.html#at-the-top",
        "live.html#costs",
    ]


def test_a_link_to_a_file_that_is_no_page_becomes_its_path() -> None:
    text = "# Live\n\n[a.py](../python/a.py), [its tests](../tests/live), **[bold](../x.rs)** end\n"
    html = page(text)
    assert hrefs(html) == []
    shown = html.replace(' class="short"', "")
    assert "<code>python/a.py</code>, its tests (<code>tests/live</code>)" in shown
    assert "<strong>bold (<code>x.rs</code>)</strong> end" in shown


def test_a_link_to_a_file_that_is_no_page_leads_to_the_repository_where_one_is_named() -> None:
    html = page("# Live\n\n[a.py](../python/a.py)\n", repository="https://example.org/r/")
    assert hrefs(html) == ["https://example.org/r/python/a.py"]


def test_code_that_names_a_page_is_a_link_to_it() -> None:
    text = "# Live\n\nSee `docs/edges.md`, `docs/other.md`, [`docs/edges.md`](../README.md).\n"
    html = page(text, edges="# Edges\n")
    assert hrefs(html) == ["edges.html", "../index.html"]


def test_code_breaks_at_spaces_and_where_it_is_long_but_not_within_an_option() -> None:
    long = "x" * (UNBROKEN_CHARS + 1)
    html = page(f"# Live\n\n`--seed` `a b` `{long}` `{long[1:]}`\n")
    assert re.findall(r"<code>(.*?)</code>", html.partition("<footer>")[0]) == ["a b", long]
    assert re.findall(r'<code class="short">(.*?)</code>', html) == ["--seed", long[1:]]


def test_a_folder_of_pages_has_a_page_that_lists_them() -> None:
    text = {"README.md": HOME, "docs/decisions/1.md": "# 1. First\n"}
    text["docs/decisions/2.md"] = "# 2. A_b_c [or] `*d*`\n"
    text["docs/live.md"] = "# Live\n\n[why](decisions), `docs/decisions/`\n"
    files = make_site(text, {})
    assert hrefs(files["docs/live.html"].decode()) == ["decisions/index.html"] * 2
    listing = files["docs/decisions/index.html"].decode()
    assert hrefs(listing) == ["1.html", "2.html"]
    assert listing.count(">2. A_b_c [or] *d*</a>") == 2, "in the navigation and in the list"


def test_a_folder_lists_the_folders_in_it_and_keeps_a_page_of_its_own() -> None:
    texts = {"README.md": HOME, "docs/runbooks/alerts/Late.md": "# Late\n"}
    files = make_site(texts, {})
    assert hrefs(files["docs/runbooks/index.html"].decode()) == ["alerts/index.html"]
    files = make_site({**texts, "docs/runbooks/README.md": "# What to do\n"}, {})
    assert hrefs(files["docs/runbooks/index.html"].decode()) == []
    assert hrefs(files["docs/runbooks/alerts/index.html"].decode()) == ["Late.html"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("# A\n\n[x](gone.md)", "3: the link gone.md leads to docs/gone.md, which is not there"),
        ("# A\n\n\n[x](#gone)", "4: the link #gone: docs/live.md has no heading #gone; it has a"),
        ("# A\n\n[x](../../y)", "3: the link ../../y leads out of the repository"),
        ("no title", "1: has no title; begin it with a line `# TITLE`"),
    ],
)
def test_a_page_that_cannot_be_right_is_refused_with_file_and_line(text: str, error: str) -> None:
    with pytest.raises(DocsError) as caught:
        page(text)
    assert str(caught.value) == f"docs/live.md:{error}"


def test_a_site_needs_its_first_page() -> None:
    with pytest.raises(ValueError, match=r"README\.md is missing"):
        make_site({"docs/live.md": "# Live\n"}, {})


def test_what_is_written_is_shown_and_not_obeyed() -> None:
    html = page("# A <!-- c --> & `<b>`\n\n```python x<y.py\na = '<script>'\n```\n")
    assert "<script>'" not in html and "<b>" not in html
    assert 'data-file="x&lt;y.py"' in html
    assert "<!--" not in html


def test_the_current_page_is_marked_and_its_neighbours_are_offered() -> None:
    html = page("# Live\n", edges="# Edges\n")
    assert re.findall(r'href="([^"]*)" aria-current="page"', html) == ["live.html"]
    assert re.findall(r'rel="(prev|next)" href="([^"]*)"', html) == [
        ("prev", "../index.html"),
        ("next", "edges.html"),
    ]


def test_contents_of_a_long_page_are_its_second_level_only() -> None:
    parts = "".join(f"## Part {n}\n\n### Detail {n}\n\n" for n in range(MAX_CONTENTS))
    assert "level-2" not in page("# A\n\n## Only one\n")
    assert 'class="level-3"' in page("# A\n\n## B\n\n### C\n")
    html = page("# A\n\n" + parts)
    assert html.count('class="level-2"') == MAX_CONTENTS
    assert 'class="level-3"' not in html


def test_the_search_knows_every_part_with_its_address() -> None:
    costs = "## Costs\n\n| a | b |\n| - | - |\n| c | d |\n\n```\nblock\n```\n"
    text = f"# Live\n\nTop `code` words.\n\n{costs}"
    files = make_site({"README.md": HOME, "docs/live.md": text}, {})
    script = files["search.js"].decode()
    rows = json.loads(script.removeprefix("window.searchIndex = ").rstrip(";\n"))
    assert rows == [
        ["index.html", "Hotloop", "Hotloop", "Words & more."],
        ["docs/live.html", "Live", "Live", "Top code words."],
        ["docs/live.html#costs", "Live", "Costs", "a b c d block"],
    ]


def test_the_same_texts_give_the_same_bytes_in_whatever_order_they_come() -> None:
    texts = {"README.md": HOME, "docs/b.md": "# B\n", "docs/a.md": "# A\n\n[b](b.md)\n"}
    forward, backward = make_site(texts, {}), make_site(dict(reversed(texts.items())), {})
    assert forward == backward


def test_only_pages_are_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"rust/README\.md is no page of the site"):
        read_pages(tmp_path, ["rust/README.md"])
