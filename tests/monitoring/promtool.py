"""Prometheus' own checker. In the build graph it is a package of the build root; elsewhere a test
that needs it is skipped where it is not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

IN_BUILD_GRAPH: Final = "TEST_WORKSPACE" in os.environ
TIMEOUT_S: Final = 280.0


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What it says to these arguments; skips where there is none."""
    found = shutil.which("promtool")
    if found is None:
        assert not IN_BUILD_GRAPH, "the build root has promtool"
        pytest.skip("no promtool here")
    command = [found, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
