"""What every message of the executor wire has in common: base class, canonical bytes, errors.

Canonical JSON: keys sorted, no spaces, non-ASCII as UTF-8, integers as integers. msgspec's sorted
encoder gives exactly that, and prints the few decimals of a report as the Rust side does (shortest
form that reads back to the same number).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

import msgspec

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
            return self._decode(raw if isinstance(raw, str) else raw.decode())
        except UnicodeDecodeError as error:
            raise WireError("BAD_UTF8", str(error)) from None
        except (msgspec.DecodeError, RecursionError) as error:
            raise self._classify(raw, error) from None

    def _classify(self, raw: bytes | str, error: Exception) -> WireError:
        """Why the fast path refused `raw`. Only runs for bad messages, so it may parse again."""
        try:
            parsed = _parse_any(raw)
        except (msgspec.DecodeError, RecursionError) as again:
            return WireError("BAD_JSON", str(again))
        if not isinstance(parsed, dict):
            return WireError("BAD_JSON", "the message is not an object")
        return self._classify_head(parsed) or _classify_field(str(error))

    def _classify_head(self, parsed: dict[str, Any]) -> WireError | None:
        """What is wrong with the type or version, which come before everything else."""
        tag = parsed.get("type")
        if not isinstance(tag, str):
            return WireError("BAD_MESSAGE", "no text in the field", "type")
        if tag not in self._by_tag:
            return WireError("UNKNOWN_TYPE", f"{tag[:64]!r} is not a message type", "type")
        version = parsed.get("v")
        if "v" in self._by_tag[tag].__struct_fields__ and version != 1 and type(version) is int:
            return WireError("UNKNOWN_VERSION", f"version {version} is not known", "v")
        return None


def _classify_field(text: str) -> WireError:
    """The code of a parser's complaint about one field, such as "… - at `$.side`"."""
    what, _, path = text.partition(" - at `$.")
    code: WireErrorCode = "UNKNOWN_ENUM" if what.startswith("Invalid enum") else "BAD_MESSAGE"
    return WireError(code, what, path.rstrip("`") or None)


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
