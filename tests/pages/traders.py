"""A trader at work whose status page can be looked at: a demo, as a process of its own."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.e2e.trader_process import command, environment
from trader.status.note import Note, read_note

PATIENCE_S: Final = 60.0


@dataclass
class Demo:
    """The process, and where its page is."""

    process: subprocess.Popen[bytes]
    note: Note
    out: Path

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@contextmanager
def demo(folder: Path, *arguments: str, speed: float = 5.0) -> Iterator[Demo]:
    """A demo that runs for a while; ended at the end of the block."""
    out = folder / "demo"
    words = ["demo", "--out", str(out), "--speed", f"{speed:g}", *arguments]
    with (folder / "said").open("ab") as said:
        process = subprocess.Popen(command(*words), env=environment(), stdout=said, stderr=said)
    try:
        yield Demo(process, await_note(out, process, folder / "said"), out)
    finally:
        process.kill()
        process.wait()


def await_note(out: Path, process: subprocess.Popen[bytes], said: Path) -> Note:
    """What a trader writes into its folder once its page is served."""
    deadline_s = time.monotonic() + PATIENCE_S
    while (note := read_note(out)) is None:
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < deadline_s, said.read_text()
        time.sleep(0.02)
    return note
