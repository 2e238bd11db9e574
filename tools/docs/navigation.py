"""Which files are pages, and in which order somebody new should meet them.

Pages that are named here stand where they are named, if they are there. Every other file below
`docs` has a place by its folder, so that a new page needs no line here.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

HOME: Final = "README.md"


@dataclass(frozen=True)
class Section:
    """A part of the navigation: named pages, then by path whatever else is below `folders`."""

    title: str
    named: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


SECTIONS: Final = (
    Section("Start", (HOME, "docs/first_edge.md", "docs/glossary.md")),
    Section(
        "Live",
        (
            *("docs/live.md", "docs/deploy.md", "docs/status.md", "docs/reload.md"),
            *("docs/metrics.md", "docs/upgrade.md", "docs/versioning.md"),
        ),
    ),
    Section(
        "Runbooks",
        (
            *("docs/runbooks/README.md", "docs/runbooks/pre-flight.md"),
            *("docs/runbooks/cutover-signals.md", "docs/runbooks/cutover-executor.md"),
            *("docs/runbooks/post-cut.md", "docs/runbooks/rollback.md"),
        ),
        ("docs/runbooks",),
    ),
    Section(
        "Reference",
        (
            *("docs/signals.md", "docs/edges.md", "docs/replay.md", "docs/reports.md"),
            *("docs/blotter.md", "docs/summary.md", "docs/exchange.md", "docs/live_orders.md"),
            *("docs/order_life.md", "proto_wire/SPEC.md", "proto_wire/ORDERS.md"),
            *("docs/fill_model.md", "docs/fill_model_results.md"),
            *("docs/performance.md", "docs/performance_tables.md"),
        ),
        ("docs",),
    ),
    Section("Working on it", ("ARCHITECTURE.md", "CONTRIBUTING.md")),
    Section("Decisions", ("docs/decisions/README.md",), ("docs/decisions",)),
    Section("Changes", ("CHANGELOG.md",)),
)
LABELS: Final = {
    HOME: "What it is",
    "docs/signals.md": "Signals",
    "docs/fill_model.md": "The fill model",
    "docs/fill_model_results.md": "… its results",
    "docs/performance_tables.md": "… every contestant",
    "docs/decisions/README.md": "All of them",
    "docs/runbooks/README.md": "What to do now",
    "proto_wire/SPEC.md": "The wire",
    "proto_wire/ORDERS.md": "Orders in a dry run",
}
"""Where the navigation calls a page something else than its title."""


def is_page(path: str) -> bool:
    """Whether a Markdown file of the repository is a page of the site."""
    return path.startswith("docs/") or any(path in section.named for section in SECTIONS)


def _section_of(path: str) -> int:
    """The section that names the page, else the one with the nearest folder around it."""
    nearest, found = -1, -1
    for number, section in enumerate(SECTIONS):
        if path in section.named:
            return number
        for folder in section.folders:
            if path.startswith(f"{folder}/") and len(folder) > nearest:
                nearest, found = len(folder), number
    if found < 0:
        raise ValueError(f"{path} is no page")
    return found


def arrange(paths: Collection[str]) -> list[tuple[str, list[str]]]:
    """Pages by section, without the sections that have none.

    Raises:
      ValueError: one of the paths is no page (`is_page`).
    """
    within: list[list[str]] = [[] for _ in SECTIONS]
    for path in paths:
        within[_section_of(path)].append(path)
    return [
        (section.title, _ranked(section, pages))
        for section, pages in zip(SECTIONS, within, strict=True)
        if pages
    ]


def _ranked(section: Section, pages: Collection[str]) -> list[str]:
    named = [path for path in section.named if path in pages]
    return named + sorted(set(pages) - set(named), key=_by_folder)


def _by_folder(path: str) -> tuple[str, bool, str]:
    """A folder's own page comes first in it."""
    folder, name = posixpath.split(path)
    return folder, name != "README.md", name


def address(path: str) -> str:
    """Where a page stands in the site: its own place, so that relative links keep their meaning."""
    folder, name = posixpath.split(path)
    stem = "index" if name == "README.md" else name.removesuffix(".md")
    return posixpath.join(folder, f"{stem}.html")
