"""Sets keys in a YAML file of the configuration and leaves everything else as a person wrote it:
comments, order, spacing.

Only the text of the value is exchanged, or a line is added. What comes of it is read again and held
against what is wanted; a file whose form does not allow that is left for its owner to edit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import yaml

from trader.config.loading import ConfigError, override_tree, parse
from trader.config.tree import Branch, Leaf, Node, Problem, merge

INDENT: Final = "  "


@dataclass(frozen=True, slots=True)
class Setting:
    """One `key=value` as it was written, and what YAML makes of it."""

    path: tuple[str, ...]
    text: str
    tree: Branch

    @property
    def key(self) -> str:
        return ".".join(self.path)


def setting(written: str) -> Setting:
    """Raises `ConfigError` for what is no `key=value`, and for a value that is a section."""
    tree = override_tree(written)
    key, _, text = written.partition("=")
    path = tuple(key.strip().split("."))
    node: Node = tree
    for part in path:
        assert isinstance(node, Branch), "so it was made"
        node = node.children[part]
    if isinstance(node, Branch) or "\n" in text:
        raise ConfigError(
            [Problem("set", key, "is a section, or more than a line", "its keys, one by one")]
        )
    return Setting(path, text.strip(), tree)


def edited(text: str, name: str, settings: Sequence[Setting]) -> str:
    """The file's text with these keys set. `name` is shown in errors. Raises `ConfigError` where
    the text is no configuration, or cannot be edited without changing more."""
    has_crlf = 0 < text.count("\n") == text.count("\r\n")
    if has_crlf:
        text = text.replace("\r\n", "\n")
    for one in settings:
        wanted = _values(merge(parse(text.encode(), name), one.tree))
        try:
            text = _with(text, one)
            came_out = _values(parse(text.encode(), name))
        except (ConfigError, _FormError):
            came_out = None
        if came_out != wanted:
            raise ConfigError(
                [Problem(name, one.key, "cannot be set in the form this file has", "by hand")]
            )
    return text.replace("\n", "\r\n") if has_crlf else text


class _FormError(Exception):
    """The file is written in a way that this does not edit."""


def _values(node: Node) -> object:
    if isinstance(node, Leaf):
        return (type(node.value).__name__, node.value)
    return {key: _values(child) for key, child in node.children.items()}


def _with(text: str, one: Setting) -> str:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is None:
        return _joined(text, "\n".join(_lines(one.path, one.text, "")))
    for depth, part in enumerate(one.path):
        if not isinstance(node, yaml.MappingNode):
            raise _FormError
        found = next((pair for pair in node.value if pair[0].value == part), None)
        if found is None:
            return _added(text, node, one.path[depth:], one.text)
        key_node, node = found
    return _exchanged(text, key_node, node, one.text)


def _exchanged(text: str, key: yaml.Node, value: yaml.Node, new: str) -> str:
    """The value's text is another; a list that is written in lines becomes one in brackets, and
    lines of comments in it come after it. What is said beside an item goes with the item."""
    if isinstance(value, yaml.MappingNode) or (
        isinstance(value, yaml.ScalarNode) and (value.style in ("|", ">"))
    ):
        raise _FormError
    start, end = value.start_mark.index, value.end_mark.index
    comments = ""
    if isinstance(value, yaml.SequenceNode) and not value.flow_style:
        start = text.index(":", key.end_mark.index) + 1
        end = value.value[-1].end_mark.index
        new = f" {new}"
    if isinstance(value, yaml.SequenceNode):
        lines = text[start:end].split("\n")
        comments = "".join(f"\n{line}" for line in lines if line.lstrip().startswith("#"))
    elif start == end:  # nothing was there
        new = f" {new}"
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    return text[:start] + new + text[end:line_end] + comments + text[line_end:]


def _added(text: str, parent: yaml.MappingNode, path: tuple[str, ...], value: str) -> str:
    if parent.flow_style:
        end = parent.end_mark.index - 1
        comma = ", " if parent.value else ""
        inner = f"{path[-1]}: {value}"
        for part in reversed(path[:-1]):
            inner = f"{part}: {{{inner}}}"
        return text[:end].rstrip() + comma + inner + text[end:]
    indent = " " * parent.value[0][0].start_mark.column
    end = _end_of(parent)
    line_end = text.find("\n", end)
    head, tail = (text, "") if line_end < 0 else (text[:line_end], text[line_end:])
    return f"{head}\n" + "\n".join(_lines(path, value, indent)) + tail


def _end_of(node: yaml.Node) -> int:
    """Where the last thing in a node ends; a block's own end is where the next thing begins."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        return _end_of(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        return _end_of(node.value[-1])
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        raise _FormError
    return int(node.end_mark.index)


def _lines(path: tuple[str, ...], value: str, indent: str) -> list[str]:
    lines = [f"{indent}{INDENT * depth}{part}:" for depth, part in enumerate(path)]
    lines[-1] += f" {value}"
    return lines


def _joined(text: str, more: str) -> str:
    gap = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{gap}{more}\n"
