"""One Markdown file: its headings with their anchors, links, pictures, and the tokens to draw.

The dialect is CommonMark with tables and strike-through; anchors are those that GitHub gives, so
that a link which works there works here. Of HTML only comments are taken, and they show nothing.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

_COMMENTS = re.compile(r"(\s*<!--.*?-->)*\s*", re.DOTALL)


class DocsError(Exception):
    """What keeps a page from being made; the text names file and line, and what to do."""


@dataclass(frozen=True)
class Heading:
    """`anchor` is what stands after # in an address; `at` is the place of its first token."""

    level: int
    text: str
    anchor: str
    at: int


@dataclass(frozen=True)
class Link:
    """`target` as it is written; `line` counts from 1."""

    target: str
    line: int


@dataclass(frozen=True)
class Picture:
    """`target` as it is written, `words` what is said to those who do not see it."""

    target: str
    words: str
    line: int


@dataclass(frozen=True)
class Place:
    """Where a relative link leads: a path from the repository's root, and an anchor or ""."""

    path: str
    anchor: str


@dataclass(frozen=True)
class Document:
    """A file that was read; `source` is its path from the repository's root."""

    source: str
    tokens: Sequence[Token]
    headings: tuple[Heading, ...]
    links: tuple[Link, ...]
    pictures: tuple[Picture, ...]

    @property
    def title(self) -> str:
        """The text of the first heading.

        Raises:
          DocsError: the file has no heading of the first level.
        """
        for heading in self.headings:
            if heading.level == 1:
                return heading.text
        raise DocsError(f"{self.source}:1: has no title; begin it with a line `# TITLE`")

    @property
    def anchors(self) -> frozenset[str]:
        return frozenset(heading.anchor for heading in self.headings)


def dialect() -> MarkdownIt:
    """The parser, without highlighting."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def parse(source: str, text: str) -> Document:
    """Reads a file.

    Raises:
      DocsError: it has HTML other than comments.
    """
    tokens = dialect().parse(text)
    for token, line in lined(tokens):
        if token.type in {"html_block", "html_inline"} and not _COMMENTS.fullmatch(token.content):
            raise DocsError(
                f"{source}:{line}: has HTML ({token.content.strip()[:40]}); write it in Markdown"
            )
    links = tuple(
        Link(str(token.attrs["href"]), line)
        for token, line in lined(tokens)
        if token.type == "link_open"
    )
    pictures = tuple(picture(token, line) for token, line in lined(tokens) if token.type == "image")
    return Document(source, tokens, tuple(_headings(tokens)), links, pictures)


def picture(token: Token, line: int) -> Picture:
    """What a token of the type `image` shows."""
    return Picture(str(token.attrs["src"]), plain(token), line)


def lined(tokens: Iterable[Token]) -> Iterator[tuple[Token, int]]:
    """Every token, those within others too, with the line it begins in, counted from 1."""
    for token in tokens:
        line = token.map[0] + 1 if token.map else 0
        yield token, line
        for child in token.children or ():
            yield child, line
            line += child.type in {"softbreak", "hardbreak"}


def plain(token: Token) -> str:
    """What a reader sees of an inline token, without marks."""
    parts = []
    for child in token.children or ():
        if child.type in {"text", "code_inline"}:
            parts.append(child.content)
        elif child.type in {"softbreak", "hardbreak"}:
            parts.append(" ")
        elif child.type == "image":
            parts.append(plain(child))
    return "".join(parts)


def _headings(tokens: Sequence[Token]) -> Iterator[Heading]:
    seen: dict[str, int] = {}
    for at, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        text = plain(tokens[at + 1])
        slug = re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        yield Heading(int(token.tag[1:]), text, f"{slug}-{count}" if count else slug, at)


def is_outside(target: str) -> bool:
    """Whether a link names another site, or no page at all (mailto:)."""
    parts = urlsplit(target)
    return bool(parts.scheme or parts.netloc)


def place(source: str, target: str) -> Place:
    """Where a relative link in the file `source` leads; the folder ones without a slash.

    Raises:
      ValueError: it begins at a root, or leaves the repository.
    """
    parts = urlsplit(target)
    if parts.path.startswith("/"):
        raise ValueError("begins with a slash; write it relative to the file")
    path = unquote(parts.path)
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    if joined.startswith(".."):
        raise ValueError("leads out of the repository")
    return Place(joined if path else source, unquote(parts.fragment))
