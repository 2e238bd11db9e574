"""The shape of a message: which keys it has where, and of which kind their values are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

Shape: TypeAlias = frozenset[tuple[str, str]]
"""(path, kind): `oc[].orc[].uo[].sm` is a number. Arrays are one path; keys that are names of the
client's own (strategies) are `*`."""

_OWN_NAMES = ("smc",)


def shape_of(message: Any) -> Shape:
    """All of a message's paths that end in a value."""
    return frozenset(_walk(message, ""))


def together(messages: Iterable[Any]) -> Shape:
    """The shapes of several messages as one."""
    return frozenset(pair for message in messages for pair in _walk(message, ""))


def _walk(value: Any, path: str) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict):
        own = path.rpartition(".")[2] in _OWN_NAMES
        for key, inner in value.items():
            yield from _walk(inner, f"{path}.{'*' if own else key}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, f"{path}[]")
    else:
        yield path, _kind(value)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "flag"
    return "number" if isinstance(value, int | float) else "text"
