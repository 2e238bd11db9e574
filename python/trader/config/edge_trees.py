"""The edge files of a configuration that is still a tree: where they lie, which edges they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from trader.config.edge_files import MAX_EDGE_FILES, OwnEdge, read_edge_file
from trader.config.tree import Branch, ConfigError, Leaf, Node, Problem, merge
from trader.strategy.edges.registry import EDGES

EDGE_FILES: Final = "edge_files"
EDGE_OPTION: Final = "--edge"


def with_edge_paths(tree: Branch, folder: Path) -> Branch:
    """The tree with its paths of edge files as seen from `folder`."""
    leaf = tree.children.get(EDGE_FILES)
    if not isinstance(leaf, Leaf) or not isinstance(leaf.value, list):
        return tree  # what is wrong there is found where all is checked
    paths = [str(folder / one) if isinstance(one, str) else one for one in leaf.value]
    return Branch({**tree.children, EDGE_FILES: Leaf(paths, leaf.source)}, tree.source)


def with_more_edges(tree: Node, files: Sequence[Path]) -> Node:
    """The tree with the command line's edge files behind its own."""
    leaf = tree.children.get(EDGE_FILES) if isinstance(tree, Branch) else None
    if not files or not isinstance(leaf, Leaf) or not isinstance(leaf.value, list):
        return tree
    named = [*leaf.value, *(str(path) for path in files)]
    return merge(tree, Branch({EDGE_FILES: Leaf(named, EDGE_OPTION)}, EDGE_OPTION))


def without_own_edges(tree: Node) -> Node:
    """The tree without edge files, and without sections that may be their edges': also where no
    file is named, as a profile's edge may come from the command line of who trades."""
    if not isinstance(tree, Branch):
        return tree
    children = dict(tree.children)
    files = children.get(EDGE_FILES)
    if isinstance(files, Leaf):
        children[EDGE_FILES] = Leaf([], files.source)
    edges = tree.children.get("edges")
    if isinstance(edges, Branch):
        shipped = {name: node for name, node in edges.children.items() if name in EDGES}
        children["edges"] = Branch(shipped, edges.source)
    return Branch(children, tree.source)


def own_edges_of(tree: Node, shown: Mapping[str, str]) -> dict[str, OwnEdge]:
    """The edges of `edge_files` by their names; `shown` says what a path is called where that is
    something else. Raises `ConfigError` with the problems of all."""
    leaf = tree.children.get(EDGE_FILES) if isinstance(tree, Branch) else None
    if not isinstance(leaf, Leaf) or not isinstance(leaf.value, list):
        return {}
    if len(leaf.value) > MAX_EDGE_FILES:
        wrong = f"names {len(leaf.value)} files"
        raise ConfigError([Problem(leaf.source, EDGE_FILES, wrong, f"up to {MAX_EDGE_FILES}")])
    found: dict[str, OwnEdge] = {}
    problems: list[Problem] = []
    for path in leaf.value:
        if not isinstance(path, str):
            continue
        try:
            own = read_edge_file(Path(path), shown.get(path, path), leaf.source)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        name = own.edge_class.name
        if name in EDGES or name in found:
            whose = f"that of {found[name].file}" if name in found else "one that ships"
            wrong = f"its edge has the name '{name}', as {whose}"
            allowed = "a name of its own, and each file once"
            problems.append(Problem(shown.get(path, path), "", wrong, allowed))
        found[name] = own
    if problems:
        raise ConfigError(problems)
    return found
