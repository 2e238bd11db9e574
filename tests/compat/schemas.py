"""The JSON Schemas of the wire, ready to judge."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from trader.execution.testing import PROTO_WIRE

# A pattern's `$` is the end of the text in JSON Schema; in Python's `re` a newline may follow it.
_END: Final = re.compile(r"\$$")


@cache
def message_schema(version: str = "v1") -> dict[str, Any]:
    schema = _read(f"schemas/{version}/messages.json")
    Draft202012Validator.check_schema(schema)
    return schema


@cache
def message_validator(message_type: str, version: str = "v1") -> Validator:
    """Judges messages of one type: quicker than all types at once, and it says what is wrong."""
    return _one_of(message_schema(version), message_type)


@cache
def vector_validator(kind: str) -> Validator:
    """Judges files of one kind: `accept`, `reject`, `framing` or `machine`."""
    schema = _read("schemas/vectors.json")
    Draft202012Validator.check_schema(schema)
    return _one_of(schema, kind)


def message_types(version: str = "v1") -> list[str]:
    return [of["$ref"].rpartition("/")[2] for of in message_schema(version)["oneOf"]]


def accepts(message: Any, version: str = "v1") -> bool:
    """Whether the schema takes a parsed message."""
    kind = message.get("type") if isinstance(message, dict) else None
    if kind not in message_types(version):
        return False
    return bool(message_validator(kind, version).is_valid(message))


def enums(schema: dict[str, Any]) -> Iterator[frozenset[str]]:
    """Every set of texts in a schema, null left out."""
    for key, value in schema.items():
        if key == "enum":
            yield frozenset(text for text in value if text is not None)
        elif isinstance(value, dict):
            yield from enums(value)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    yield from enums(item)


def _one_of(schema: dict[str, Any], name: str) -> Validator:
    return Draft202012Validator({"$defs": schema["$defs"], "$ref": f"#/$defs/{name}"})


def _read(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = _with_ends(json.loads((PROTO_WIRE / name).read_bytes()))
    return schema


def _with_ends(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _END.sub(r"\\Z", inner) if key == "pattern" else _with_ends(inner)
            for key, inner in value.items()
        }
    return [_with_ends(item) for item in value] if isinstance(value, list) else value
