"""Values that are one of several kinds, as JSON: `{"Kind": what there is to it}`, or `"Kind"`.

Classes derived from `Variant` are dataclasses, named by `tag` or their own name. One with
`is_wrapper` has a single field, which stands for the whole; one without fields is written as its
name. `class_` is written as `class`. Everything else is written as msgspec writes it, messages of
the wire in their canonical order.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from enum import Enum
from typing import Any, ClassVar, Final, TypeVar

import msgspec

T = TypeVar("T")

_NAMES: Final[dict[Any, tuple[str, ...]]] = {}
_TYPES: Final[dict[Any, dict[str, Any]]] = {}
"""Of each dataclass its fields, which do not change."""


class Variant:
    """Base of the kinds."""

    __slots__ = ()
    is_wrapper: ClassVar[bool] = False
    tag: ClassVar[str] = ""


def to_plain(value: Any) -> Any:  # noqa: PLR0911  (one for each kind of value)
    """What JSON has: dicts, lists, texts, numbers."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return value
    if isinstance(value, Variant):
        return _variant_to_plain(value)
    if dataclasses.is_dataclass(value):
        return _fields_to_plain(value)
    if isinstance(value, list | tuple):
        return [to_plain(part) for part in value]
    if isinstance(value, dict):
        return {key: to_plain(part) for key, part in value.items()}
    return msgspec.json.decode(msgspec.json.encode(value, order="sorted"))


def from_plain(kind: Any, value: Any) -> Any:
    """The value of a type. Raises `ValueError` (`msgspec.ValidationError`) for what is none."""
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return _one_of(typing.get_args(kind), value)
    origin = typing.get_origin(kind)
    if origin in (list, tuple):
        return _row(origin, typing.get_args(kind), value)
    if isinstance(kind, type) and issubclass(kind, Variant):
        return _one_of((kind,), value)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _record(kind, value)
    return msgspec.convert(value, kind)


def _variant_to_plain(value: Variant) -> Any:
    name, names = _tag(type(value)), _names(type(value))
    if not names:
        return name
    if value.is_wrapper:
        return {name: to_plain(getattr(value, names[0]))}
    return {name: _fields_to_plain(value)}


def _fields_to_plain(value: Any) -> dict[str, Any]:
    return {name.rstrip("_"): to_plain(getattr(value, name)) for name in _names(type(value))}


def _one_of(kinds: tuple[Any, ...], value: Any) -> Any:
    if value is None and type(None) in kinds:
        return None
    variants = {_tag(kind): kind for kind in kinds if _is_variant(kind)}
    if not variants:
        (kind,) = (kind for kind in kinds if kind is not type(None))
        return from_plain(kind, value)
    if isinstance(value, str):
        name, inner = value, None
    elif isinstance(value, dict) and len(value) == 1:
        ((name, inner),) = value.items()
    else:
        raise ValueError(f"one of {', '.join(variants)} was expected")
    if name not in variants:
        raise ValueError(f"{name[:64]!r} is none of {', '.join(variants)}")
    kind = variants[name]
    names = _names(kind)
    if not names:
        return kind()
    if kind.is_wrapper:
        return kind(from_plain(_types(kind)[names[0]], inner))
    return _record(kind, inner)


def _record(kind: type[T], value: Any) -> T:
    if not isinstance(value, dict):
        raise ValueError(f"the fields of {kind.__name__} were expected")  # noqa: TRY004  (read)
    hints, names = _types(kind), _names(kind)
    missing = [name for name in names if name.rstrip("_") not in value]
    if missing:
        raise ValueError(f"{kind.__name__} lacks {', '.join(missing)}")
    return kind(**{name: from_plain(hints[name], value[name.rstrip("_")]) for name in names})


def _row(origin: type, kinds: tuple[Any, ...], value: Any) -> Any:
    if not isinstance(value, list):
        raise ValueError("a list was expected")  # noqa: TRY004  (what was read is wrong)
    if origin is list or (len(kinds) == 2 and kinds[1] is Ellipsis):
        return origin(from_plain(kinds[0], part) for part in value)
    if len(kinds) != len(value):
        raise ValueError(f"{len(kinds)} values were expected")
    return tuple(from_plain(kind, part) for kind, part in zip(kinds, value, strict=True))


def _tag(kind: type[Variant]) -> str:
    return kind.tag or kind.__name__


def _is_variant(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Variant)


def _names(kind: Any) -> tuple[str, ...]:
    names = _NAMES.get(kind)
    if names is None:
        names = _NAMES[kind] = tuple(field.name for field in dataclasses.fields(kind))
    return names


def _types(kind: Any) -> dict[str, Any]:
    hints = _TYPES.get(kind)
    if hints is None:
        hints = _TYPES[kind] = typing.get_type_hints(kind)
    return hints
