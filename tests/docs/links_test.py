"""Every Markdown file of the repository: what it links to or shows is there, by file and heading.

In the build graph the files are those that BUILD.bazel names; elsewhere, all that the folder has.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tools.docs.markdown import Document, is_outside, lined, parse, place
from tools.docs.pictures import find_pictures, read_pictures, shown
from tools.docs.site import find_pages, make_site, read_pages

ROOT: Final = Path(__file__).absolute().parents[2]
"""Never resolved: in the build graph this folder holds links."""
NOT_OURS: Final = {"external", "target"}
"""What Bazel and cargo put into folders of ours."""
MUST_HAVE: Final = {
    *("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/live.md"),
    *("proto_wire/SPEC.md", "rust/fuzz/README.md", "rust/hotloop-py/README.md"),
}


def markdown_files() -> Iterator[str]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if not name.startswith((".", "bazel-")) and name not in NOT_OURS
        ]
        for name in files:
            if name.endswith(".md"):
                yield Path(folder, name).relative_to(ROOT).as_posix()


FILES: Final = sorted(markdown_files())
DOCUMENTS: Final[dict[str, Document]] = {
    name: parse(name, (ROOT / name).read_text(encoding="utf-8")) for name in FILES
}


def test_the_files_are_found() -> None:
    assert set(FILES) >= MUST_HAVE


@pytest.mark.parametrize("name", FILES)
def test_every_link_leads_to_something_that_is_there(name: str) -> None:
    wrong = []
    for link in DOCUMENTS[name].links:
        if is_outside(link.target):
            continue
        where = f"{name}:{link.line}: {link.target}"
        found = place(name, link.target)
        if not (ROOT / found.path).exists():
            wrong.append(f"{where}: {found.path} is not there (or not in data of //tests/docs)")
        elif found.anchor:
            document = DOCUMENTS.get(found.path)
            if document is None:
                wrong.append(f"{where}: an anchor in a file that is no Markdown")
            elif found.anchor not in document.anchors:
                wrong.append(f"{where}: no such heading; there are {sorted(document.anchors)}")
    assert wrong == []


@pytest.mark.parametrize("name", FILES)
def test_every_picture_has_words_and_is_there(name: str) -> None:
    pictures = read_pictures(ROOT, find_pictures(ROOT))
    wrong = [
        f"{name}:{picture.line}: {picture.target} is not there"
        for picture in DOCUMENTS[name].pictures
        if shown(name, picture) not in pictures
    ]
    assert wrong == []


@pytest.mark.parametrize("name", FILES)
def test_every_page_that_is_named_in_code_is_there(name: str) -> None:
    named = re.compile(r"(docs|proto_wire)/\S+\.md")
    wrong = [
        f"{name}:{line}: {token.content} is not there"
        for token, line in lined(DOCUMENTS[name].tokens)
        if token.type == "code_inline"
        and named.fullmatch(token.content)
        and token.content not in DOCUMENTS
    ]
    assert wrong == []


def test_every_page_is_in_the_navigation_of_every_page_and_nothing_else_is() -> None:
    sources = find_pages(ROOT)
    assert {name for name in FILES if name.startswith("docs/")} <= set(sources)
    files = make_site(read_pages(ROOT, sources), read_pictures(ROOT, find_pictures(ROOT)))
    pages = {name for name in files if name.endswith(".html")}
    for page in sorted(pages):
        navigation = files[page].decode().partition('<nav id="navigation"')[2]
        links = re.findall(r'href="([^"]*)"', navigation.partition("</nav>")[0])
        led = [posixpath.normpath(posixpath.join(posixpath.dirname(page), link)) for link in links]
        assert sorted(led) == sorted(pages), page
        assert led[0] == "index.html"
