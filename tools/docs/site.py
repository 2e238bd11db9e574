"""The whole site, from Markdown files and pictures to the bytes of every file."""

from __future__ import annotations

import html
import itertools
import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Final

from tools.docs.drawing import Drawing
from tools.docs.markdown import Document, parse
from tools.docs.navigation import HOME, LABELS, address, arrange, is_page
from tools.docs.pictures import Image
from tools.docs.search_index import script

_HERE: Final = Path(__file__).parent
ASSETS: Final = ("site.css", "site.js")
MAX_PAGE_BYTES: Final = 4 * 1024 * 1024
CONTENTS_LEVELS: Final = (2, 3)
MAX_CONTENTS: Final = 60
"""Past so many entries the contents of a page list its second level only."""


def find_pages(root: Path) -> list[str]:
    """Sources of all pages below the repository's root, sorted."""
    found = (root.glob(pattern) for pattern in ("*.md", "docs/**/*.md", "proto_wire/*.md"))
    names = (path.relative_to(root).as_posix() for path in itertools.chain(*found))
    return sorted(name for name in names if is_page(name))


def read_pages(root: Path, sources: list[str]) -> dict[str, str]:
    """Texts by source.

    Raises:
      OSError, UnicodeDecodeError: one cannot be read.
      ValueError: one is no page, or larger than 4 MiB.
    """
    texts = {}
    for source in sources:
        if not is_page(source):
            raise ValueError(f"{source} is no page of the site (tools/docs/navigation.py)")
        data = (root / source).read_bytes()
        if len(data) > MAX_PAGE_BYTES:
            raise ValueError(f"{source} has {len(data):,} bytes, {MAX_PAGE_BYTES:,} are allowed")
        texts[source] = data.decode()
    return texts


def make_site(
    texts: Mapping[str, str], pictures: Mapping[str, Image], repository: str = ""
) -> dict[str, bytes]:
    """Every file of the site by its address; the same texts and pictures give the same bytes.

    Args:
      texts: Markdown by source; README.md is the first page.
      pictures: what pages may show, by path; each stands in the site at its own place.
      repository: the address under which the repository's other files are shown, or "".

    Raises:
      DocsError: a page has no title, has HTML, a link that leads nowhere, or a picture that is
        not there, is somewhere else or has no words.
      ValueError: there is no README.md.
    """
    if HOME not in texts:
        raise ValueError(f"{HOME} is missing: it is the site's first page")
    whole = {**texts, **_listings(texts)}
    documents = {source: parse(source, text) for source, text in sorted(whole.items())}
    drawing = Drawing(documents, pictures, repository)
    arranged = arrange(documents)
    order = [source for _, sources in arranged for source in sources]
    template = Template((_HERE / "page.html").read_text(encoding="utf-8"))
    files = {name: (_HERE / name).read_bytes() for name in ASSETS}
    files.update((path, image.data) for path, image in pictures.items())
    files["search.js"] = script(documents[source] for source in order).encode()
    for at, source in enumerate(order):
        document = documents[source]
        up = posixpath.relpath(".", posixpath.dirname(address(source)) or ".")
        files[address(source)] = template.substitute(
            title=html.escape("Hotloop" if source == HOME else f"{document.title} · Hotloop"),
            base="" if up == "." else f"{up}/",
            home=Drawing.between(source, HOME),
            navigation=_navigation(source, arranged, documents),
            contents=_contents(document),
            body=drawing.draw(document),
            made_of=_made_of(source, texts),
            around=_around(source, order[max(at - 1, 0) : at], order[at + 1 : at + 2], documents),
        ).encode()
    return files


def _listings(texts: Mapping[str, str]) -> dict[str, str]:
    """A README.md for each folder of pages below docs that has none, so that a link to it leads
    somewhere."""
    folders: dict[str, list[str]] = {}
    for source in sorted(texts):
        folder = posixpath.dirname(source)
        while folder.startswith("docs/"):
            pages = folders.setdefault(folder, [])
            if posixpath.dirname(source) == folder:
                pages.append(source)
            folder = posixpath.dirname(folder)
    listings = {}
    for folder, sources in folders.items():
        if f"{folder}/README.md" in sources:
            continue
        title = _folder_title(folder)
        rows = [
            f"- [{_folder_title(below)}]({posixpath.basename(below)}/README.md)"
            for below in sorted(folders)
            if posixpath.dirname(below) == folder
        ]
        for source in sources:
            words = re.sub(r"([\\`*_\[\]<>&])", r"\\\1", parse(source, texts[source]).title)
            rows.append(f"- [{words}]({posixpath.basename(source)})")
        listings[f"{folder}/README.md"] = f"# {title}\n\n" + "\n".join(rows) + "\n"
    return listings


def _folder_title(folder: str) -> str:
    return posixpath.basename(folder).replace("_", " ").capitalize()


def _made_of(source: str, texts: Mapping[str, str]) -> str:
    if source in texts:
        return f"Made of <code>{html.escape(source)}</code>"
    return f"The pages of <code>{html.escape(posixpath.dirname(source))}</code>"


def _label(document: Document) -> str:
    return html.escape(LABELS.get(document.source, document.title))


def _navigation(
    current: str, arranged: list[tuple[str, list[str]]], documents: Mapping[str, Document]
) -> str:
    lines = []
    for title, sources in arranged:
        opened = " open" if current in sources or len(sources) <= 12 else ""
        lines.append(f"<details{opened}><summary>{html.escape(title)}</summary><ul>")
        for source in sources:
            here = ' aria-current="page"' if source == current else ""
            href = Drawing.between(current, source)
            lines.append(f'<li><a href="{href}"{here}>{_label(documents[source])}</a></li>')
        lines.append("</ul></details>")
    return "\n".join(lines)


def _contents(document: Document) -> str:
    headings = [heading for heading in document.headings if heading.level in CONTENTS_LEVELS]
    if len(headings) > MAX_CONTENTS:
        headings = [heading for heading in headings if heading.level == CONTENTS_LEVELS[0]]
    if len(headings) < 2:
        return ""
    rows = [
        f'<li class="level-{heading.level}">'
        f'<a href="#{html.escape(heading.anchor)}">{html.escape(heading.text)}</a></li>'
        for heading in headings
    ]
    return '<p class="small-title">On this page</p><ul>' + "\n".join(rows) + "</ul>"


def _around(
    source: str, before: list[str], after: list[str], documents: Mapping[str, Document]
) -> str:
    links = []
    for kind, word, pages in (("before", "Back", before), ("after", "Next", after)):
        for page in pages:
            href = Drawing.between(source, page)
            links.append(
                f'<a class="{kind}" rel="{"prev" if kind == "before" else "next"}" href="{href}">'
                f"<span>{word}</span>{_label(documents[page])}</a>"
            )
    return "\n".join(links)
