"""Every accepted message with one thing wrong: what a reader of either language must agree on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

# Values as they stand in a body, at the edges of every range and of every type of the tables.
VALUES: Final = (
    *("null", "true", "false", "0", "1", "-1", "2", "1.0", "0.0", "-0", "-0.0", "1.5", "1e3", "01"),
    *("9007199254740991", "9007199254740992", "-9007199254740991", "-9007199254740992", "1e400"),
    *("9223372036854775808", "18446744073709551616", "-9223372036854775809", "1e-400", "NaN"),
    *("1000000", "1000001", "9000000000", "9000000001", "0.0001", "0.00009", "1e16", "9.99e15"),
    *('""', '"x"', '"BACK"', '"back"', '"PLACE"', '"OPEN"', '"READY"', '"LAPSE"', '"1"', '"true"'),
    *(f'"{"a" * 32}"', f'"{"a" * 33}"', '"a b"', '"a\\n"', '"\\u00e9"', '"\\ud83d\\ude00"'),
    *('"\\ud800"', '"\\udc00x"', '"\\u0000"', "[]", "{}", "[1]", "[null]", '{"a":1}', "[[]]", "x"),
    *('{"a":"b"}', '{"a":true}', '{"a":null}', '{"a":{}}', '["x"]', "[1,2]", "[-1]", "[true]"),
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """`why` says what was done to the message of the vector `name`."""

    name: str
    why: str
    body: str


class _Raw:
    """A value as it shall stand in the body."""

    def __init__(self, text: str) -> None:
        self.text = text


def mutants(name: str, body: str) -> Iterator[Mutant]:
    """Each field, also those of nested objects, taken away, renamed, given twice, and with each
    value of `VALUES` instead of its own."""
    message = json.loads(body)
    for path in _paths(message):
        shown = ".".join(map(str, path))
        for value in VALUES:
            yield Mutant(name, f"{shown} = {value}", _dump(_with(message, path, _Raw(value))))
        if isinstance(path[-1], str):
            yield Mutant(name, f"no {shown}", _dump(_without(message, path)))
            yield Mutant(name, f"{shown}_", _dump(_without(message, path, instead=f"{path[-1]}_")))
            yield Mutant(name, f"{shown} twice", _dump(_without(message, path, twice=True)))


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value[:2]):
            yield from _paths(inner, (*path, place))


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    head, *rest = path
    if isinstance(value, dict):
        return {k: _with(v, tuple(rest), new) if k == head else v for k, v in value.items()}
    return [_with(v, tuple(rest), new) if i == head else v for i, v in enumerate(value)]


class _Pairs(list[tuple[str, Any]]):
    """An object that may have a key twice."""


def _without(
    value: Any, path: tuple[Any, ...], *, instead: str | None = None, twice: bool = False
) -> Any:
    head, *rest = path
    if rest:
        inner = _without(value[head], tuple(rest), instead=instead, twice=twice)
        return _with(value, (head,), inner)
    pairs = _Pairs()
    for key, inner in value.items():
        if key != head:
            pairs.append((key, inner))
        elif twice:
            pairs += [(key, inner), (key, inner)]
        elif instead is not None:
            pairs.append((instead, inner))
    return pairs


def _dump(value: Any) -> str:
    if isinstance(value, _Raw):
        return value.text
    if isinstance(value, dict | _Pairs):
        pairs = value.items() if isinstance(value, dict) else value
        return "{" + ",".join(f"{json.dumps(key)}:{_dump(v)}" for key, v in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
