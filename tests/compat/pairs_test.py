"""Each language writes, each reads, for every version that was ever published."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compat.codecs import CODECS
from tests.compat.vectors import Vectors, check_framing, check_pair, check_refusals, published

FOLDERS = pytest.mark.parametrize("folder", published(), ids=lambda path: path.name)
CONSUMERS = pytest.mark.parametrize("consumer", CODECS)


@FOLDERS
@CONSUMERS
@pytest.mark.parametrize("producer", CODECS)
def test_what_one_writes_the_other_reads(producer: str, consumer: str, folder: Path) -> None:
    assert check_pair(CODECS[producer], CODECS[consumer], Vectors.read(folder))


@FOLDERS
@CONSUMERS
def test_what_is_no_message_has_its_code(consumer: str, folder: Path) -> None:
    assert check_refusals(CODECS[consumer], Vectors.read(folder))


@FOLDERS
@CONSUMERS
def test_what_is_no_frame_has_its_code(consumer: str, folder: Path) -> None:
    assert check_framing(CODECS[consumer], Vectors.read(folder))
