"""Reads `configs/base.yaml`, a profile and command-line overrides into one checked `Config`.

The three are merged key by key (a later one wins), over the defaults of the edges that come from
files of their own (`edge_files`). The result is checked as a whole: every problem is found in one
pass, each with the file and line its value came from.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar, cast, get_type_hints

import yaml

from trader.config.edge_files import defaults
from trader.config.edge_trees import (
    own_edges_of,
    with_edge_paths,
    with_more_edges,
    without_own_edges,
)
from trader.config.rules import Rule, WrongValueError, shortened
from trader.config.schema import Config, EdgeConfigs
from trader.config.tree import Branch, ConfigError, Leaf, Node, Problem, merge
from trader.strategy.edges.base import Edge
from trader.strategy.edges.overround import OverroundConfig
from trader.strategy.edges.registry import EDGES

__all__ = ["ConfigError", "Problem", "build", "load", "profiles", "read_yaml", "repository_root"]

T = TypeVar("T")
EdgeClasses: TypeAlias = Mapping[str, type[Edge[Any]]]
Must: TypeAlias = Callable[[bool, str, str, str], None]
"""Of a rule whether it holds; the key, what is wrong with it, and what is allowed."""
MAX_CONFIG_BYTES: Final = 1 << 20
MAX_NODES: Final = 10_000
"""Keys and values of one file, aliases counted wherever they stand: no file can grow past it."""
OVERRIDES_NAME: Final = "--set"
SECTION: Final = "a section of keys"

_FLAG_TAG: Final = "tag:yaml.org,2002:bool"


class _Loader(yaml.SafeLoader):
    """Safe YAML in which `1e6` is a number, as everywhere else, and only true and false are flags.

    YAML 1.1 also reads `off` (and on, yes, no) as a flag; here it is the word that was written.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012  (the base class's own, made anew for this one)
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _FLAG_TAG]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """As the base class, whose constructors let out whatever a wrong scalar makes them do."""
        try:
            return super().construct_object(node, deep)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            kind = node.tag.rpartition(":")[2]
            problem = f"this cannot be read as a value of type {kind}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from None


_Loader.add_implicit_resolver(
    _FLAG_TAG, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def repository_root() -> Path:
    """The folder that holds `configs/`, also under a build tool's runfiles (never resolved)."""
    return Path(__file__).absolute().parents[3]


def load(
    profile: str | None = None,
    overrides: Iterable[str] = (),
    configs_dir: Path | None = None,
    *,
    edge_files: Sequence[tuple[str, Path]] = (),
    working_dir: Path | None = None,
    runs_edges: bool = True,
    instead: Mapping[Path, bytes] = MappingProxyType({}),
) -> Config:
    """The configuration of `base.yaml`, then the profile, then `key=value` overrides.

    `profile` is a name in `configs/profiles` or a path that ends in `.yaml`; None is base alone.
    `edge_files` (each as the person wrote it, and its path) are added to those of the
    configuration. Paths in the configuration are relative to the folder of the file they stand in,
    those of an override to `working_dir` (None: where the process is). Whoever does not trade
    (`runs_edges` false) runs no edge's file, and does without such edges and their sections.
    `instead`: what files are to be read as, whatever stands in them. Raises `ConfigError` with
    every problem found.
    """
    folder = configs_dir if configs_dir is not None else repository_root() / "configs"
    tree: Node = with_edge_paths(read_yaml(folder / "base.yaml", folder), folder)
    if profile is not None:
        path = profile_path(profile, folder)
        given = instead.get(path)
        written = (
            read_yaml(path, folder) if given is None else parse(given, shown_path(path, folder))
        )
        tree = merge(tree, with_edge_paths(written, path.parent))
    for override in overrides:
        tree = merge(tree, with_edge_paths(override_tree(override), working_dir or Path()))
    tree = with_more_edges(tree, [path for _, path in edge_files])
    if not runs_edges:
        tree = without_own_edges(tree)
    own_edges = own_edges_of(tree, {str(path): shown for shown, path in edge_files})
    for name, own in own_edges.items():
        section = Branch({"edges": Branch({name: defaults(own)}, own.file)}, own.file)
        tree = merge(merge(tree, section), tree)  # below what is said of it, after what ships
    problems: list[Problem] = []
    edges = {**EDGES, **{name: own.edge_class for name, own in own_edges.items()}}
    config = build(Config, tree, "", problems, skip=("profile", "own_edges"), edges=edges)
    if problems or config is None:
        raise ConfigError(problems)
    config = dataclasses.replace(config, profile=profile or "", own_edges=own_edges)
    _check_whole(config, tree, edges if runs_edges else None)
    return config


def profiles(configs_dir: Path | None = None) -> list[str]:
    """Names of the profiles that exist, sorted."""
    folder = configs_dir if configs_dir is not None else repository_root() / "configs"
    return sorted(path.stem for path in (folder / "profiles").glob("*.yaml"))


def read_yaml(path: Path, configs_dir: Path) -> Branch:
    """One YAML file as a tree with sources. Raises `ConfigError` (also on duplicate keys)."""
    name = shown_path(path, configs_dir)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise ConfigError([Problem(name, "", f"cannot be read: {error.strerror}", "")]) from None
    if len(data) > MAX_CONFIG_BYTES:
        raise ConfigError([Problem(name, "", "is too large", f"up to {MAX_CONFIG_BYTES} bytes")])
    return parse(data, name)


def build(
    cls: type[T],
    node: Node,
    path: str,
    problems: list[Problem],
    skip: tuple[str, ...] = (),
    edges: EdgeClasses = EDGES,
) -> T | None:
    """An instance of a section's dataclass from its tree; problems are appended, None if any.
    `edges` are those that may be configured."""
    if not isinstance(node, Branch):
        problems.append(Problem(node.source, path, "is not a section", SECTION))
        return None
    fields = {f.name: f for f in dataclasses.fields(cast(Any, cls)) if f.name not in skip}
    types = get_type_hints(cls)
    _refuse_unknown(node, fields, path, problems)
    values: dict[str, object] = {}
    before = len(problems)
    for name, field in fields.items():
        key = f"{path}.{name}" if path else name
        rule: Rule[Any] | None = field.metadata.get("rule")
        child = node.children.get(name)
        if child is None:
            allowed = rule.describe() if rule is not None else SECTION
            problems.append(Problem(node.source, key, "is missing", allowed))
        elif rule is not None:
            values[name] = _checked(rule, child, key, problems)
        elif types[name] == EdgeConfigs:
            values[name] = _build_edges(child, key, problems, edges)
        else:
            values[name] = build(types[name], child, key, problems)
    return cls(**values) if len(problems) == before else None


def _build_edges(
    node: Node, path: str, problems: list[Problem], edges: EdgeClasses
) -> Mapping[str, object]:
    if not isinstance(node, Branch):
        problems.append(Problem(node.source, path, "is not a section", SECTION))
        return {}
    _refuse_unknown(node, edges, path, problems)
    return {
        name: build(edges[name].config_class, child, f"{path}.{name}", problems)
        for name, child in node.children.items()
        if name in edges
    }


def _checked(rule: Rule[Any], node: Node, key: str, problems: list[Problem]) -> object:
    if isinstance(node, Branch):
        problems.append(Problem(node.source, key, "is a section of keys", rule.describe()))
        return None
    try:
        return rule.check(node.value)
    except WrongValueError as error:
        problems.append(Problem(node.source, key, error.wrong, error.allowed))
        return None


def _refuse_unknown(
    node: Branch, known: Mapping[str, object], path: str, problems: list[Problem]
) -> None:
    for name, child in node.children.items():
        if name not in known:
            close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
            hint = f", did you mean '{close[0]}'?" if close else ""
            key = f"{path}.{name}" if path else name
            problems.append(
                Problem(child.source, key, f"is not a known key{hint}", ", ".join(sorted(known)))
            )


def _check_whole(config: Config, tree: Node, edges: EdgeClasses | None) -> None:
    """Rules that tie two keys together. `edges` are all that there are; None: of those in files
    nothing is known."""
    problems: list[Problem] = []

    def must(holds: bool, key: str, wrong: str, allowed: str) -> None:
        if not holds:
            problems.append(Problem(_source_of(tree, key), key, wrong, allowed))

    must(
        config.hotloop.trend.slow_s > config.hotloop.trend.fast_s,
        "hotloop.trend.slow_s",
        f"{config.hotloop.trend.slow_s:g} is not above hotloop.trend.fast_s",
        f"more than {config.hotloop.trend.fast_s:g}",
    )
    must(
        config.book_builder.signals or config.hotloop.backend == "rust",
        "book_builder.signals",
        "false would leave the Python Hotloop without signals, as they are its BookBuilder's",
        "true, or the Rust Hotloop (hotloop.enabled and hotloop.rust)",
    )
    must(
        config.sizer.min_stake <= config.sizer.max_stake,
        "sizer.min_stake",
        f"{config.sizer.min_stake:g} is above sizer.max_stake",
        f"up to {config.sizer.max_stake:g}",
    )
    overround = config.edges.get("overround")
    must(
        not isinstance(overround, OverroundConfig)
        or not overround.enabled
        or overround.max_stake <= config.sizer.max_stake,
        "edges.overround.max_stake",
        "is above sizer.max_stake, where a basket is refused as a whole",
        f"up to {config.sizer.max_stake:g}",
    )
    must(
        config.execution.heartbeat_timeout_s * 1000 > config.execution.heartbeat_ms,
        "execution.heartbeat_timeout_s",
        "is not longer than one heartbeat",
        f"more than {config.execution.heartbeat_ms / 1000:g}",
    )
    scope = config.execution.live_scope
    must(
        not scope.everywhere or not (scope.market_ids or scope.event_types),
        "execution.live_scope.everywhere",
        "is true beside market_ids or event_types, which name where",
        "false, or both lists empty",
    )
    if edges is not None:
        _check_edges(config, edges, must)
    if problems:
        raise ConfigError(problems)


def _check_edges(config: Config, edges: EdgeClasses, must: Must) -> None:
    """What edges and other keys ask of each other."""
    unknown = [name for name in config.hedge.edges if name not in edges]
    must(
        not unknown,
        "hedge.edges",
        f"there is no edge {', '.join(unknown)}",
        ", ".join(sorted(edges)),
    )
    twice = [name for name in config.hedge.edges if name in edges and edges[name].closes_itself]
    must(
        not twice,
        "hedge.edges",
        f"{', '.join(twice)} would be evened out twice, as it closes itself what it holds",
        "edges that do not",
    )
    for name, section in config.edges.items():
        low, high = getattr(section, "min_price", None), getattr(section, "max_price", None)
        if isinstance(low, float) and isinstance(high, float):
            must(
                low < high,
                f"edges.{name}.min_price",
                f"{low:g} is not below edges.{name}.max_price: it would never trade",
                f"less than {high:g}",
            )


def _source_of(tree: Node, key: str) -> str:
    """Where the value of a dotted key stands."""
    node = tree
    for part in key.split("."):
        if isinstance(node, Branch) and part in node.children:
            node = node.children[part]
    return node.source


def profile_path(profile: str, folder: Path) -> Path:
    """The file of a profile, by its name in a `configs` folder or by its path. Raises
    `ConfigError` for a name that none has."""
    if profile.endswith((".yaml", ".yml")) or os.sep in profile:
        return Path(profile)
    names = profiles(folder)
    if profile not in names:
        close = difflib.get_close_matches(profile, names, n=1, cutoff=0.5)
        hint = f", did you mean '{close[0]}'?" if close else ""
        allowed = ", ".join(names) + ", or a path ending in .yaml"
        problem = Problem(
            shown_path(folder / "profiles", folder), "", f"no profile '{profile}'{hint}", allowed
        )
        raise ConfigError([problem])
    return folder / "profiles" / f"{profile}.yaml"


def override_tree(override: str) -> Branch:
    """The tree of a dotted `key=value`. Raises `ConfigError`."""
    key, equals, text = override.partition("=")
    source = f"{OVERRIDES_NAME} {shortened(override)}"
    parts = key.strip().split(".")
    if not equals or not all(parts):
        raise ConfigError([Problem(source, "", "is not an override", "dotted.key=value")])
    try:
        value = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError):
        raise ConfigError([Problem(source, key, "the value is not YAML", "")]) from None
    node: Node = Leaf(value, OVERRIDES_NAME)
    if isinstance(value, dict):
        node = parse(text.encode(), OVERRIDES_NAME)
    for part in reversed(parts):
        node = Branch({part: node}, OVERRIDES_NAME)
    return cast(Branch, node)


def parse(data: bytes, name: str) -> Branch:
    """The tree of a file's text, which is shown as `name`. Raises `ConfigError`."""
    try:
        loader = _Loader(data)
        try:
            root = loader.get_single_node()
            if root is None:
                return Branch({}, name)
            tree = _walk(loader, root, name, "", count(1))
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise ConfigError([Problem(*_yaml_trouble(error, name))]) from None
    except RecursionError:
        raise ConfigError([Problem(name, "", "is nested too deeply", "")]) from None
    except UnicodeDecodeError:
        raise ConfigError([Problem(name, "", "is not UTF-8 text", "")]) from None
    if not isinstance(tree, Branch):
        raise ConfigError([Problem(name, "", "is not a mapping of keys", "key: value lines")])
    return tree


def _walk(loader: _Loader, node: yaml.Node, name: str, path: str, numbers: Iterator[int]) -> Node:
    source = f"{name}:{node.start_mark.line + 1}"
    if next(numbers) > MAX_NODES:
        raise ConfigError([Problem(name, "", "has too many keys", f"up to {MAX_NODES}")])
    if not isinstance(node, yaml.MappingNode):
        return Leaf(loader.construct_object(node, deep=True), source)
    children: dict[str, Node] = {}
    for key_node, value_node in node.value:
        line = f"{name}:{key_node.start_mark.line + 1}"
        key = key_node.value
        dotted = f"{path}.{key}" if path else str(key)
        if not isinstance(key, str) or key_node.tag == "tag:yaml.org,2002:merge":
            raise ConfigError([Problem(line, path, "a key that is not plain text", "")])
        if key in children:
            raise ConfigError([Problem(line, dotted, "is written twice", "each key once")])
        child = _walk(loader, value_node, name, dotted, numbers)
        children[key] = (
            Branch(child.children, line) if isinstance(child, Branch) else Leaf(child.value, line)
        )
    return Branch(children, source)


def _yaml_trouble(error: yaml.YAMLError, name: str) -> tuple[str, str, str, str]:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or "cannot be read"
    place = f"{name}:{mark.line + 1}" if mark is not None else name
    return place, "", f"is not valid YAML: {what}", ""


def shown_path(path: Path, configs_dir: Path) -> str:
    """A path as a person knows it: from the repository's root when it lies below it."""
    try:
        return str(path.relative_to(configs_dir.parent))
    except ValueError:
        return str(path)
