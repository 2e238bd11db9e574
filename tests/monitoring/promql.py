"""Which metrics an expression of PromQL asks for. It reads words only: promtool judges grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
    |(?P<comment>\#[^\n]*)
    |(?P<number>0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+|(?:ms|[smhdwy])[\dsmhdwy]*)?)
    |(?P<word>[a-zA-Z_:][\w:]*)
    |(?P<macro>\$\w+)
    |(?P<sign>[^\s\w])""",
    re.VERBOSE,
)
_OPERATORS: Final = frozenset({"and", "or", "unless", "atan2", "bool", "offset", "inf", "nan"})
_BEFORE_LABELS: Final = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_CLOSING: Final = {"{": "}", "[": "]", "(": ")"}


def metric_names(expr: str) -> set[str]:
    """The names of all metrics and recorded series in `expr`.

    Functions, operators, labels, ranges and what stands in strings are none. Raises `ValueError`
    for a bracket that is not closed.
    """
    names: set[str] = set()
    tokens = list(_tokens(expr))
    i = 0
    while i < len(tokens):
        kind, text = tokens[i]
        following = tokens[i + 1][1] if i + 1 < len(tokens) else ""
        if text in ("{", "["):
            i = _after(tokens, i, expr)
            continue
        if kind == "word" and text.lower() in _BEFORE_LABELS:
            i = _after(tokens, i + 1, expr) if following == "(" else i + 1
            continue
        if kind == "word" and following != "(" and text.lower() not in _OPERATORS | {"by"}:
            names.add(text)
        i += 1
    # sum by (desk) (…): the word before `by` is a function though no bracket follows it.
    return names - _AGGREGATIONS


_AGGREGATIONS: Final = frozenset(
    {"sum", "min", "max", "avg", "group", "stddev", "stdvar", "count", "count_values", "bottomk"}
    | {"topk", "quantile"}
)


def _tokens(expr: str) -> Iterator[tuple[str, str]]:
    for match in _TOKEN.finditer(expr):
        kind = match.lastgroup or ""
        if kind != "comment":
            yield kind, match.group()


def _after(tokens: list[tuple[str, str]], opening: int, expr: str) -> int:
    """The place behind the bracket that closes the one at `opening`."""
    wanted = _CLOSING[tokens[opening][1]]
    for i in range(opening + 1, len(tokens)):
        if tokens[i] == ("sign", wanted):
            return i + 1
    raise ValueError(f"{expr!r}: {tokens[opening][1]!r} is not closed")
