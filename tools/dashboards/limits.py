"""The alerts' limits, read where the alerts have them from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import yaml

PREFIX: Final = "hotloop:limit:"
_VECTOR: Final = re.compile(r"vector\((\d+(?:\.\d+)?)\)")


def read_limits(path: Path) -> dict[str, float]:
    """Each limit of rules/limits.yml by its name without the prefix.

    Raises `ValueError` for a rule there that is no `vector(NUMBER)`.
    """
    limits: dict[str, float] = {}
    for group in yaml.safe_load(path.read_text())["groups"]:
        for rule in group["rules"]:
            name, found = str(rule["record"]), _VECTOR.fullmatch(str(rule["expr"]))
            if found is None or not name.startswith(PREFIX):
                raise ValueError(f"{path}: {name}: {rule['expr']!r} is not vector(NUMBER)")
            limits[name.removeprefix(PREFIX)] = float(found[1])
    return limits
