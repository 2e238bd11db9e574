"""What every message of the executor wire has in common: base class, canonical bytes, errors.

Canonical JSON: keys sorted, no spaces, non-ASCII as UTF-8, integers as integers. msgspec's sorted
encoder gives exactly that, and prints the few decimals of a report as the Rust side does (shortest
form that reads back to the same number).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

import msgspec
from msgspec import inspect

from trader.execution.interfaces.ids import INTENT_ID_PATTERN

WireErrorCode: TypeAlias = Literal[
    "BAD_UTF8", "BAD_JSON", "BAD_MESSAGE", "UNKNOWN_TYPE", "UNKNOWN_ENUM", "UNKNOWN_VERSION"
]

# Integers of the wire stay within what every JSON reader holds exactly; wider is BAD_MESSAGE.
SAFE_MAX: Final = 2**53 - 1
PRICE_CENTI_MAX: Final = 1_000_000
SIZE_CENTI_MAX: Final = 9_000_000_000

Int: TypeAlias = Annotated[int, msgspec.Meta(ge=-SAFE_MAX, le=SAFE_MAX)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=SAFE_MAX)]
Millis: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=SAFE_MAX)]
PriceCenti: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=PRICE_CENTI_MAX)]
SizeCenti: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=SIZE_CENTI_MAX)]
IntentId: TypeAlias = Annotated[str, msgspec.Meta(pattern=INTENT_ID_PATTERN)]

_encode = msgspec.json.Encoder(order="sorted").encode
_parse_any = msgspec.json.Decoder().decode


class WireError(Exception):
    """A message that cannot be accepted; `code` is the wire's error code, `path` the field."""

    def __init__(self, code: WireErrorCode, message: str, path: str | None = None) -> None:
        super().__init__(f"{code}: {message}" + (f" (at {path})" if path else ""))
        self.code: Final = code
        self.message: Final = message
        self.path: Final = path


class WireStruct(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of all messages: immutable, keyword-only, tagged by `type`.

    Wire fields have no defaults: a message that leaves one out (`dry_run`, say) is refused and
    never completed by a guess. Ranges are checked when a message is decoded.
    """

    def to_wire(self) -> bytes:
        """This message as canonical JSON (without the frame's length prefix)."""
        return _encode(self)


class MessageDecoder:
    """Decodes and classifies messages of some set of types; the errors are the wire's codes."""

    def __init__(self, types: Sequence[type[WireStruct]]) -> None:
        self._by_tag = {_tag(t): t for t in types}
        union: Any = types[0]
        for other in types[1:]:
            union = union | other
        self._decode = msgspec.json.Decoder(union).decode

    def decode(self, raw: bytes | str) -> Any:
        """One message from the payload of one frame.

        Unknown fields are ignored. Raises `WireError` with BAD_UTF8, BAD_JSON, UNKNOWN_TYPE,
        UNKNOWN_VERSION, UNKNOWN_ENUM or BAD_MESSAGE; never anything else.
        """
        try:
            # Skipped (unknown) fields are not checked for UTF-8 by the parser, hence the decode.
            text = raw if isinstance(raw, str) else raw.decode()
            message: WireStruct = self._decode(text)
            # Canonical bytes are what they should be, and to write the message again is the
            # quickest way to know that they are. Others are looked at more closely.
            if _encode(message) != (raw if isinstance(raw, bytes) else text.encode()):
                _check_strictly(_parse_pairs(text), _shape(type(message)))
        except UnicodeDecodeError as error:
            raise WireError("BAD_UTF8", str(error)) from None
        except (msgspec.DecodeError, RecursionError) as error:
            raise self._classify(raw, error) from None
        return message

    def _classify(self, raw: bytes | str, error: Exception) -> WireError:
        """Why the fast path refused `raw`. Only runs for bad messages, so it may parse again."""
        if isinstance(error, RecursionError):
            return WireError("BAD_JSON", str(error))
        try:
            parsed = _parse_any(raw)
        except msgspec.ValidationError as again:
            # A number that no double holds is JSON all the same.
            return WireError("BAD_MESSAGE", str(again))
        except (msgspec.DecodeError, RecursionError) as again:
            return WireError("BAD_JSON", str(again))
        if not isinstance(parsed, dict):
            return WireError("BAD_JSON", "the message is not an object")
        return self._classify_head(parsed, raw) or _classify_field(str(error))

    def _classify_head(self, parsed: dict[str, Any], raw: bytes | str) -> WireError | None:
        """What is wrong with the type or version, which come before everything else."""
        tag = parsed.get("type")
        if not isinstance(tag, str):
            return WireError("BAD_MESSAGE", "no text in the field", "type")
        if tag not in self._by_tag:
            return WireError("UNKNOWN_TYPE", f"{tag[:64]!r} is not a message type", "type")
        version = parsed.get("v")
        if (
            "v" in self._by_tag[tag].__struct_fields__
            and type(version) is int
            and version != 1
            and abs(version) <= SAFE_MAX
            and not (version == 0 and _is_minus_zero(raw, "v"))
        ):
            return WireError("UNKNOWN_VERSION", f"version {version} is not known", "v")
        return None


def _classify_field(text: str) -> WireError:
    """The code of a parser's complaint about one field, such as "… - at `$.side`"."""
    what, _, path = text.partition(" - at `$.")
    code: WireErrorCode = (
        "UNKNOWN_ENUM" if what.startswith("Invalid enum value '") else "BAD_MESSAGE"
    )
    return WireError(code, what, path.rstrip("`") or None)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it stands, with its repeated keys."""


_MINUS_ZERO: Final = object()
_parse_pairs = json.JSONDecoder(
    object_pairs_hook=_Pairs,
    parse_int=lambda digits: _MINUS_ZERO if digits == "-0" else None,
    parse_float=str,
    parse_constant=str,
).decode
_shape = cache(inspect.type_info)


def _is_minus_zero(raw: bytes | str, key: str) -> bool:
    """Whether a field of the object `raw`, which is JSON, is written as -0."""
    pairs = _parse_pairs(raw if isinstance(raw, str) else raw.decode())
    return any(name == key and value is _MINUS_ZERO for name, value in pairs)


def _check_strictly(value: Any, shape: inspect.Type, path: str = "") -> None:
    """Raises `WireError` BAD_MESSAGE for what the parser is too kind to: a repeated key, and -0.

    Of what the shape does not know nothing is looked at.
    """
    if value is _MINUS_ZERO:
        raise WireError("BAD_MESSAGE", "-0 is no integer", path)
    if isinstance(value, _Pairs):
        known = _known_keys(value, shape)
        seen: set[str] = set()
        for key, inner in value:
            if key in seen:
                raise WireError("BAD_MESSAGE", "the field is given twice", key)
            if key in known:
                seen.add(key)
                _check_strictly(inner, known[key], key)
    elif isinstance(value, list) and isinstance(shape, inspect.VarTupleType):
        for item in value:
            _check_strictly(item, shape.item_type, path)


def _known_keys(value: _Pairs, shape: inspect.Type) -> dict[str, inspect.Type]:
    if isinstance(shape, inspect.DictType):
        return {key: shape.value_type for key, _ in value}
    if not isinstance(shape, inspect.StructType):
        return {}
    known = {field.encode_name: field.type for field in shape.fields}
    if shape.tag_field is not None:
        known[shape.tag_field] = inspect.AnyType()
    return known


def _tag(message_type: type[WireStruct]) -> str:
    tag = message_type.__struct_config__.tag
    assert isinstance(tag, str), f"{message_type.__name__} has no tag"
    return tag


class OneType(WireStruct, frozen=True, kw_only=True, tag_field="type"):
    """A message type that is read on its own as well (`from_wire`)."""

    @classmethod
    def from_wire(cls, raw: bytes | str) -> Self:
        """This type from canonical or any equivalent JSON. Raises `WireError` as `decode` does."""
        decoder = _single_decoders.get(cls)
        if decoder is None:
            decoder = _single_decoders[cls] = MessageDecoder([cls])
        message: Self = decoder.decode(raw)
        return message


_single_decoders: dict[type[WireStruct], MessageDecoder] = {}
