"""What the search looks through: each page's text, cut at its headings."""

from __future__ import annotations

import json
from collections.abc import Iterable

from tools.docs.markdown import Document, Heading, plain
from tools.docs.navigation import address

DEEPEST = 3
"""Headings below this level do not cut."""


def entries(document: Document) -> list[list[str]]:
    """[address with anchor, title of the page, heading, text] of each part, in reading order."""
    cuts = {heading.at: heading for heading in document.headings if heading.level <= DEEPEST}
    parts: list[tuple[Heading | None, list[str]]] = [(None, [])]
    for at, token in enumerate(document.tokens):
        if at in cuts:
            parts.append((cuts[at], []))
        elif token.type == "inline" and at - 1 not in cuts:
            parts[-1][1].append(plain(token))
        elif token.type in {"fence", "code_block"}:
            parts[-1][1].append(token.content)
    page = address(document.source)
    found = []
    for heading, texts in parts:
        if heading is None and not texts:
            continue
        where = f"{page}#{heading.anchor}" if heading is not None and heading.level > 1 else page
        text = " ".join(" ".join(texts).split())
        found.append([where, document.title, "" if heading is None else heading.text, text])
    return found


def script(documents: Iterable[Document]) -> str:
    """The index as a script, which a page opened from a file may load where it may not fetch."""
    rows = [entry for document in documents for entry in entries(document)]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return f"window.searchIndex = [\n{lines}\n];\n"
