"""The keys of `summary.json` as docs/summary.md lists them, and as a summary has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

PAGE: Final = (Path(__file__).parents[2] / "docs" / "summary.md").read_text(encoding="utf-8")
_KEY: Final = re.compile(r"`([^`]+)`")


def listed(*sections: str) -> list[str]:
    """Keys of the page's sections with these headings, of all without any: `inputs[].lines`, with
    `{…}` for names that depend on the run."""
    keys: list[str] = []
    for part in PAGE.split("\n## ")[1:]:
        heading, _, text = part.partition("\n")
        if not sections or heading in sections:
            for row in re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE):
                keys += _KEY.findall(row)
    return keys


def written(summary: dict[str, Any]) -> set[str]:
    """Keys of a summary, as `listed` has them. What stands below names that depend on the run is
    not looked into; a key that is null is there, and nothing below it."""
    maps = {key.rpartition(".{")[0]: key for key in listed() if ".{" in key}
    return set(_written(summary, "", maps))


def _written(value: object, path: str, maps: dict[str, str]) -> Iterator[str]:
    if path in maps:
        yield maps[path]
    elif isinstance(value, dict):
        for name, below in value.items():
            yield from _written(below, f"{path}.{name}".lstrip("."), maps)
    elif isinstance(value, list):
        for below in value or [None]:
            yield from _written(below, f"{path}[]", maps)
    else:
        yield path
