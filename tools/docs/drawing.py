"""A page's text as HTML: its links lead to pages of the site, or say where a file is."""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import BashSessionLexer, JsonLexer, PythonLexer, YamlLexer

from tools.docs.markdown import (
    DocsError,
    Document,
    Place,
    dialect,
    is_outside,
    lined,
    picture,
    place,
    plain,
)
from tools.docs.navigation import address
from tools.docs.pictures import Image, drawn

UNBROKEN_CHARS: Final = 30
"""Code without a space that is no longer stays on one line: `--seed` is no place for a break."""
_SHORT: Final = rf"\S{{1,{UNBROKEN_CHARS}}}"
_LEXERS: Final[Mapping[str, Callable[[], Any]]] = {
    "json": JsonLexer,
    "python": PythonLexer,
    "sh": BashSessionLexer,
    "yaml": YamlLexer,
}


class Drawing:
    """Draws pages that know of each other."""

    def __init__(
        self, documents: Mapping[str, Document], pictures: Mapping[str, Image], repository: str
    ) -> None:
        """`documents` by source, `pictures` by path; `repository` is the address under which other
        files of the repository are shown, or "": then a link to one becomes its path."""
        self._documents = documents
        self._pictures = pictures
        self._repository = repository

    def draw(self, document: Document) -> str:
        """The page's own part as HTML.

        Raises:
          DocsError: a link leads nowhere, or a picture is not there or has no words.
        """
        parser = dialect()
        parser.options["highlight"] = _highlighted
        renderer = parser.renderer
        assert isinstance(renderer, RendererHTML)
        headings = {heading.at: heading for heading in document.headings}
        tokens = []
        lines = {id(token): line for token, line in lined(document.tokens)}
        for at, original in enumerate(document.tokens):
            token = original.copy()
            if at in headings:
                token.attrs = {**token.attrs, "id": headings[at].anchor}
            if token.type == "html_block":
                token.content = ""
            if token.children is not None:
                token.children = self._linked(
                    document.source, self._pictured(document.source, token.children, lines), lines
                )
                if at - 1 not in headings:
                    token.children = self._named(document.source, token.children)
            tokens.append(token)
        whole = str(renderer.render(tokens, parser.options, {}))
        # A wide table is scrolled by itself, by keyboard too.
        whole = whole.replace("<table>", '<div class="wide" tabindex="0"><table>')
        return whole.replace("</table>", "</table></div>")

    def _pictured(
        self, source: str, tokens: Sequence[Token], lines: Mapping[int, int]
    ) -> list[Token]:
        """The tokens with pictures as they are drawn, and without comments."""
        folder = posixpath.dirname(address(source)) or "."
        pictured = []
        for token in tokens:
            if token.type == "image":
                one = picture(token, lines[id(token)])
                content = drawn(source, one, self._pictures, folder)
                pictured.append(Token("html_inline", "", 0, content=content))
            elif token.type != "html_inline":
                pictured.append(token)
        return pictured

    def _linked(
        self, source: str, tokens: Sequence[Token], lines: Mapping[int, int]
    ) -> list[Token]:
        linked: list[Token] = []
        skipping = False
        for at, original in enumerate(tokens):
            if original.type == "link_close" and skipping:
                skipping = False
            elif original.type == "link_open":
                where = f"{source}:{lines[id(original)]}"
                target = str(original.attrs["href"])
                href, path = self._href(source, target, where)
                if href:
                    linked.append(_link(original, href))
                else:
                    skipping = True
                    linked += _spoken(path, tokens[at + 1 :])
            elif not skipping:
                linked.append(original)
        return linked

    def _href(self, source: str, target: str, where: str) -> tuple[str, str]:
        """The address a link leads to, relative to the page; "" where only its path can be told."""
        if is_outside(target):
            return target, ""
        try:
            found = place(source, target)
        except ValueError as error:
            raise DocsError(f"{where}: the link {target} {error}") from error
        if page := self._page(found, f"{where}: the link {target}"):
            return self.between(source, page, found.anchor), found.path
        if found.path in self._pictures:
            raise DocsError(
                f"{where}: the link {target} leads to a picture; show it: ![WORDS]({target})"
            )
        if found.path.startswith("docs/"):
            raise DocsError(f"{where}: the link {target} leads to {found.path}, which is not there")
        if self._repository:
            return f"{self._repository.rstrip('/')}/{found.path}", found.path
        return "", found.path

    def _page(self, found: Place, where: str) -> str:
        """The page that is meant; "" for a file that is none."""
        for page in (found.path, posixpath.join(found.path, "README.md")):
            document = self._documents.get(page)
            if document is not None:
                if found.anchor and found.anchor not in document.anchors:
                    raise DocsError(
                        f"{where}: {page} has no heading #{found.anchor};"
                        f" it has {', '.join(sorted(document.anchors))}"
                    )
                return page
        return ""

    @staticmethod
    def between(source: str, target: str, anchor: str = "") -> str:
        """The relative address of the page `target` on the page `source`."""
        folder = posixpath.dirname(address(source)) or "."
        path = posixpath.relpath(address(target), folder)
        return f"{path}#{anchor}" if anchor else path

    def _named(self, source: str, tokens: Sequence[Token]) -> list[Token]:
        """Where running text names another page's file, that becomes a link to it."""
        named: list[Token] = []
        depth = 0
        for original in tokens:
            token = original.copy()
            if token.type == "code_inline" and re.fullmatch(_SHORT, token.content):
                token.attrs = {**token.attrs, "class": "short"}
            depth += (token.type == "link_open") - (token.type == "link_close")
            path = token.content.rstrip("/")
            page = ""
            if token.type == "code_inline" and depth == 0 and "/" in token.content:
                page = self._page(Place(path, ""), source)
            if not page or page == source:
                named.append(token)
            else:
                opened = Token("link_open", "a", 1, attrs={"href": self.between(source, page)})
                named += [opened, token, Token("link_close", "a", -1)]
        return named


def _link(original: Token, href: str) -> Token:
    token = original.copy()
    token.attrs = {**token.attrs, "href": href}
    if is_outside(href):
        token.attrs["rel"] = "noreferrer"
    return token


def _spoken(path: str, following: Sequence[Token]) -> list[Token]:
    """A link to a file that is no page: its path, after the link's words where these differ."""
    words = []
    for token in following:
        if token.type == "link_close":
            break
        words.append(token)
    text = plain(Token("inline", "", 0, children=words))
    code = Token("code_inline", "code", 0, content=path)
    if text.strip("/") in {path, posixpath.basename(path)}:
        return [code]
    return [
        *words,
        Token("text", "", 0, content=" ("),
        code,
        Token("text", "", 0, content=")"),
    ]


def _highlighted(code: str, language: str, caption: str) -> str:
    """A fenced block; "" leaves it to the parser. What follows the language is the file's name."""
    lexer = _LEXERS.get(language)
    if lexer is None:
        return ""
    coloured = str(highlight(code, lexer(), HtmlFormatter(nowrap=True))).rstrip("\n")
    # The parser takes what begins with <pre as it is, and wraps everything else in one.
    named = f' data-file="{html.escape(caption.strip())}"' if caption.strip() else ""
    return f"<pre{named}><code>{coloured}\n</code></pre>\n"
