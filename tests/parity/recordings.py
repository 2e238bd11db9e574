"""The recordings the parity tests run over, and the lines in them.

They are third parties' data and stay out of the repository: `HOTLOOP_DATA` names the folder that
holds `mcm/`, by default `../shared/data` beside the repository. Without it the tests that need
recordings are skipped, saying so.
"""

from pathlib import Path
from typing import Final

import pytest

from tests import market_files

RECORDINGS: Final = (
    "adapter_rs__29788457.json",
    "betfair_database__1.209492553.json",
    "betfair_parser__1.127236622.bz2",
    "betfair_parser__1.164917629.bz2",
    "betfair_parser__1.242971311.bz2",
    "flumine__1.197931750.json",
    "flumine__1.200806927.json",
    "kelvin__MarketStream-1.241629436.json",
    "nautilus__sample.bz2",
)
"""Named here so that each is a test of its own (and can be sharded) before any data is seen."""

per_recording = pytest.mark.parametrize("name", RECORDINGS)


def market_streams() -> Path:
    """The folder of market streams; skips the test when there are no recordings here."""
    folder = market_files.folder()
    if not folder.is_dir():
        pytest.skip(f"no recordings: {folder} is not there (set HOTLOOP_DATA)")
    return folder


def read_lines(name: str) -> list[bytes]:
    """The lines of one recording without their line ends; blank ones left out."""
    return market_files.read_lines(market_streams() / name)
