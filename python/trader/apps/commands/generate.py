"""`trader generate --out FILE`: a recording of races that never were, for those who have none."""

from __future__ import annotations

import argparse
import filecmp
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from trader.apps.arguments import user_path
from trader.apps.commands.common import configured, race_shape
from trader.apps.interrupt import Interrupt
from trader.simulator.feed_lines import stream_lines
from trader.simulator.feeds import GeneratedFeed
from trader.simulator.output import OutputError


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Exit code 0, or 130 when interrupted, and then nothing is written.

    Raises `OutputError` where the file cannot be written, or another one is there.
    """
    config = configured(arguments)
    seed, markets = config.simulator.demo.seed, arguments.markets or 1
    shape = race_shape(config, incidents=arguments.incidents)
    feed = GeneratedFeed(seed, markets=markets, shape=shape)
    count = 0
    with _staged(user_path(arguments.out), arguments.out) as file:
        for line in stream_lines(feed.events()):
            if interrupt.requested():
                raise KeyboardInterrupt
            file.write(line + b"\n")
            count += 1
    plural = "" if markets == 1 else "s"
    print(f"{arguments.out}: {count:,} lines, {markets:,} market{plural}, seed {seed}")
    return 0


@contextmanager
def _staged(path: Path, shown: str) -> Iterator[BinaryIO]:
    """A file to write that is put in place as a whole, and only where nothing else is."""
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            with staged.open("wb") as file:
                yield file
            if path.is_dir() or (path.exists() and not filecmp.cmp(staged, path, shallow=False)):
                what = "is a folder" if path.is_dir() else "exists, and is something else"
                raise OutputError(f"--out {shown}: {what}; name another file")
            staged.replace(path)
        finally:
            staged.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"--out {shown}: cannot be written: {error.strerror}") from None
