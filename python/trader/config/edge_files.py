"""Edges in files of their own: read, their imports checked, run, and looked over.

A file has one `Edge` and may say anything else beside it. Its imports are checked before anything
of it runs (`edge_imports`). Its parameters' defaults become a tree of the configuration, so that
they are merged and checked as all others are.

An `OwnEdge` crosses processes as the file's own text: a worker runs what was checked here, also
where the file has changed since or is not there at all.
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast, get_type_hints

from trader.config.edge_imports import refused_imports
from trader.config.tree import Branch, ConfigError, Leaf, Node, Problem
from trader.strategy.edges.base import Edge, EdgeConfig, MarketEdge

MAX_EDGE_BYTES: Final = 1 << 20
MAX_EDGE_FILES: Final = 100
DEFAULT_PRIORITY: Final = 100
RESERVED_NAMES: Final = ("hedge",)
"""Orders of hedge-on-fill have an edge's name as well."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_HOW_NAMED: Final = "1 to 32 small letters, digits and _, beginning with a letter"
_HOW_CONFIGURED: Final = "@dataclass(frozen=True, kw_only=True) class …(EdgeConfig)"
_HOW_RULED: Final = "name: type = rule(…, default=…), with a rule of trader.config.rules"


@dataclass(frozen=True, slots=True)
class OwnEdge:
    """An edge that was loaded from a file: the digest of what stood there, in hexadecimal."""

    sha256: str

    @property
    def edge_class(self) -> type[Edge[Any]]:
        return _loaded[self.sha256].edge_class

    @property
    def file(self) -> str:
        """The path it was loaded from, as the person gave it."""
        return _loaded[self.sha256].file

    def __reduce__(self) -> tuple[Callable[[bytes, str], OwnEdge], tuple[bytes, str]]:
        loaded = _loaded[self.sha256]
        return load_source, (loaded.source, loaded.file)


@dataclass(frozen=True, slots=True)
class _Loaded:
    file: str
    source: bytes
    edge_class: type[Edge[Any]]


_loaded: Final[dict[str, _Loaded]] = {}
"""By digest, what this process has loaded."""


def read_edge_file(path: Path, shown: str, said_by: str) -> OwnEdge:
    """The edge of a file, which messages call `shown`. `said_by`: where the file is named, for when
    it cannot be read.

    Raises `ConfigError` with every problem found: no file or too large a one, no Python, imports
    that an edge may not have, an error as it is run, and not one edge with its configuration.
    """
    try:
        with path.open("rb") as file:
            source = file.read(MAX_EDGE_BYTES + 1)
    except OSError as error:
        why = f"{shown}: cannot be read: {error.strerror}"
        raise ConfigError(
            [Problem(said_by, "", why, "the path of a Python file with an edge in it")]
        ) from None
    if len(source) > MAX_EDGE_BYTES:
        raise _refusal(shown, None, "is too large", f"up to {MAX_EDGE_BYTES} bytes")
    return load_source(source, shown)


def load_source(source: bytes, file: str) -> OwnEdge:
    """The edge of a file's contents; `file` is its name in messages. As `read_edge_file`."""
    digest = hashlib.sha256(source).hexdigest()
    if digest not in _loaded:
        tree = _parsed(source, file)
        refused = refused_imports(tree)
        if refused:
            problems = [Problem(f"{file}:{one.line}", "", str(one), "") for one in refused]
            raise ConfigError(problems)
        name = f"trader_own_edge_{digest}"
        module = _run(tree, name, file)
        try:
            _loaded[digest] = _Loaded(file, source, _the_edge(module, tree, file))
        except ConfigError:
            del sys.modules[name]
            raise
    return OwnEdge(digest)


def defaults(edge: OwnEdge) -> Branch:
    """The section of an edge's parameters as its file has it: on, and of middle priority, unless
    the file says something else."""
    every_edges = {"enabled": Leaf(True, edge.file), "priority": Leaf(DEFAULT_PRIORITY, edge.file)}
    own = _defaults_of(edge.edge_class.config_class, edge.file)
    return Branch({**every_edges, **own.children}, edge.file)


def _defaults_of(section: type[Any], file: str) -> Branch:
    types = get_type_hints(section)
    children: dict[str, Node] = {}
    for field in dataclasses.fields(section):
        if dataclasses.is_dataclass(types[field.name]):
            children[field.name] = _defaults_of(cast(type[Any], types[field.name]), file)
        elif field.default is not dataclasses.MISSING:
            given = list(field.default) if isinstance(field.default, tuple) else field.default
            children[field.name] = Leaf(given, file)
    return Branch(children, file)


def _refusal(file: str, line: int | None, wrong: str, allowed: str = "") -> ConfigError:
    return ConfigError([Problem(file if line is None else f"{file}:{line}", "", wrong, allowed)])


def _parsed(source: bytes, file: str) -> ast.Module:
    try:
        return ast.parse(source, file)
    except SyntaxError as error:
        raise _refusal(file, error.lineno, f"is not Python: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise _refusal(file, None, f"is not Python: {str(error) or type(error).__name__}") from None


def _run(tree: ast.Module, name: str, file: str) -> ModuleType:
    """The module that comes of running a file; under its name in `sys.modules`, where dataclasses
    and pickle look for it."""
    module = ModuleType(name)
    module.__file__ = file
    sys.modules[name] = module
    try:
        exec(compile(tree, file, "exec", dont_inherit=True), vars(module))
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, KeyboardInterrupt):
            raise
        line = getattr(error, "lineno", None)  # of what only the compiler finds
        if line is None:
            line = line_of(error, file)
        why = f"fails as it is loaded: {type(error).__name__}: {error}"
        raise _refusal(file, line, why) from None
    return module


def line_of(error: BaseException, file: str) -> int | None:
    """The last line of a file that an error passed through."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == file), None)


def _the_edge(module: ModuleType, tree: ast.Module, file: str) -> type[Edge[Any]]:
    """A module's one edge, its name and its configuration looked over. Raises `ConfigError`."""
    lines = {node.name: node.lineno for node in tree.body if isinstance(node, ast.ClassDef)}
    found = {
        value.__name__: value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Edge)
        and value.__module__ == module.__name__
    }
    whole = [edge for edge in found.values() if not inspect.isabstract(edge)]
    if not whole and found:
        unfinished = next(iter(found))
        of_market = issubclass(found[unfinished], MarketEdge)
        method = "decide_market(self, ctx)" if of_market else "decide(self, ctx, runner)"
        wrong = f"{unfinished} has no method {method.partition('(')[0]}"
        raise _refusal(file, lines.get(unfinished), wrong, f"def {method}")
    if not whole:
        raise _refusal(file, None, "has no edge", "one class that is an Edge (class Mine(Edge[…]))")
    if len(whole) > 1:
        names = ", ".join(edge.__name__ for edge in whole)
        second = lines.get(whole[1].__name__)
        raise _refusal(file, second, f"has {len(whole)} edges ({names})", "one edge in a file")
    edge = whole[0]
    line = lines.get(edge.__name__)
    name: object = getattr(edge, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in RESERVED_NAMES:
        shown = "no name" if name is None else f"the name {name!r}"
        reserved = f", and not {', '.join(RESERVED_NAMES)}"
        wrong = f"{edge.__name__} has {shown}"
        raise _refusal(file, line, wrong, f'name = "…": {_HOW_NAMED}{reserved}')
    _check_config_class(edge, lines, file)
    return edge


def _check_config_class(edge: type[Edge[Any]], lines: Mapping[str, int], file: str) -> None:
    """Raises `ConfigError` unless an edge's parameters can be read from a configuration."""
    section: object = getattr(edge, "config_class", None)
    if section is None:
        wrong = f"{edge.__name__} has no config_class"
        allowed = "config_class = EdgeConfig, or a class of its own parameters"
        raise _refusal(file, lines.get(edge.__name__), wrong, allowed)
    if not isinstance(section, type) or not issubclass(section, EdgeConfig):
        wrong = f"{edge.__name__}.config_class is no EdgeConfig"
        raise _refusal(file, lines.get(edge.__name__), wrong, _HOW_CONFIGURED)
    _check_section(section, lines, file)


def _check_section(section: type[Any], lines: Mapping[str, int], file: str) -> None:
    line = lines.get(section.__name__)
    if "__dataclass_fields__" not in vars(section):
        raise _refusal(file, line, f"{section.__name__} is no dataclass", _HOW_CONFIGURED)
    try:
        types = get_type_hints(section)
    except (NameError, TypeError, AttributeError) as error:
        wrong = f"{section.__name__} has a type that cannot be read: {error}"
        raise _refusal(file, line, wrong) from None
    for field in dataclasses.fields(section):
        if "rule" in field.metadata:
            continue
        kind = types[field.name]
        if not isinstance(kind, type) or not dataclasses.is_dataclass(kind):
            wrong = f"{section.__name__}.{field.name} has no rule"
            raise _refusal(file, line, wrong, _HOW_RULED)
        _check_section(kind, lines, file)
