"""`trader config get KEY…`: what the configuration says, and whether it is what was expected."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from trader.apps.arguments import ArgumentError
from trader.apps.commands.common import configured
from trader.config.loading import ConfigError, override_tree
from trader.config.tree import Leaf, Node

DIFFERENCE: Final = 1


def run(arguments: argparse.Namespace) -> int:
    """Prints each key and its value, a line each, as JSON has values. Exit code 0, or 1 where a key
    was given with another value. Raises `ArgumentError` for a key that is none."""
    told = dataclasses.asdict(configured(arguments))
    is_different = False
    for asked in arguments.keys:
        key, expects, text = asked.partition("=")
        value = _found(told, key)
        shown = msgspec.json.encode(value).decode()
        wanted = _read(text, asked) if expects else value
        # A flag is no number, whatever Python makes of True and 1.
        if value != wanted or isinstance(value, bool) is not isinstance(wanted, bool):
            is_different = True
            print(f"{key}={shown}  not as expected: {text}")
        else:
            print(f"{key}={shown}")
    return DIFFERENCE if is_different else 0


def _found(told: Mapping[str, Any], key: str) -> Any:
    value: Any = told
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise ArgumentError(f"config get: the configuration has no key {key!r}")
        value = value[part]
    return value


def _read(text: str, asked: str) -> Any:
    """A value as `--set` would have it, with lists as the configuration keeps them."""
    try:
        node: Node = override_tree(f"value={text}").children["value"]
    except ConfigError:
        raise ArgumentError(f"config get: {asked!r}: the value is no YAML") from None
    if not isinstance(node, Leaf):
        raise ArgumentError(f"config get: {asked!r}: is a section, ask for its keys one by one")
    return tuple(node.value) if isinstance(node.value, list) else node.value
