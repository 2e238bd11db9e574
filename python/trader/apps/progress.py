"""How far a command has read its files: a bar on a terminal, else a plain line now and then."""

from __future__ import annotations

import sys
import time
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

REFRESH_S: Final = 0.1
PLAIN_EVERY_S: Final = 10.0


class FileProgress:
    """Over the bytes of all files, on standard error. Use as a context manager.

    `plain`: whether to say so in lines where standard error is no terminal.
    """

    def __init__(self, bytes_total: int, *, plain: bool = False) -> None:
        self._total = bytes_total
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._every_s = PLAIN_EVERY_S
        self._is_on = plain and sys.stderr is not None
        if sys.stderr is not None and sys.stderr.isatty():
            self._is_on = True
            self._every_s = REFRESH_S
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f} %  {task.fields[lines]:,} lines"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
        self._next_s = time.monotonic() + (self._every_s if self._bar is None else 0.0)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("", total=self._total, lines=0)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def is_due(self) -> bool:
        """Whether to call `show`; cheap."""
        return self._is_on and time.monotonic() >= self._next_s

    def show(self, what: str, bytes_done: int, lines: int) -> None:
        """`what` is being read; `lines` of it so far."""
        self._next_s = time.monotonic() + self._every_s
        if self._bar is not None:
            self._bar.update(self._task, completed=bytes_done, description=what, lines=lines)
        elif self._is_on:
            done = 100 * bytes_done // max(self._total, 1)
            print(f"{done:>3} %  {what}: {lines:,} lines", file=sys.stderr, flush=True)


class FilesProgress:
    """Over many files at once, on standard error: a bar over their bytes with files, lines a
    second and the time left; where that is no terminal, plain lines. Use as a context manager."""

    def __init__(self, files_total: int, bytes_total: int) -> None:
        self._files_total = files_total
        self._bytes_total = max(bytes_total, 1)
        self._started_s = time.monotonic()
        self._bytes_before: int | None = None
        self._bar: Progress | None = None
        self._task = TaskID(0)
        if sys.stderr is not None and sys.stderr.isatty():
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f} %  {task.fields[speed]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
        every_s = REFRESH_S if self._bar is not None else PLAIN_EVERY_S
        self._every_s = every_s
        self._next_s = self._started_s + every_s

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("", total=self._bytes_total, speed="")
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def text(self, text: str) -> None:
        """One line, above the bar."""
        print(text, file=sys.stderr, flush=True)

    def show(self, files_done: int, bytes_done: int, lines: int) -> None:
        """`bytes_done` of all files; `lines` of this run, without those of an earlier one."""
        now_s = time.monotonic()
        if self._bytes_before is None:
            self._bytes_before = bytes_done  # an earlier run's: they say nothing of the speed
        if now_s < self._next_s:
            return
        self._next_s = now_s + self._every_s
        passed_s = now_s - self._started_s
        files = f"{files_done:,}/{self._files_total:,} files"
        speed = f"{lines / passed_s:,.0f} lines/s"
        if self._bar is not None:
            self._bar.update(self._task, completed=bytes_done, description=files, speed=speed)
            return
        here = bytes_done - self._bytes_before
        left_s = passed_s * (self._bytes_total - bytes_done) / here if here > 0 else 0.0
        left = f", about {left_s:,.0f} s left" if here > 0 else ""
        percent = 100 * bytes_done // self._bytes_total
        self.text(f"{percent:>3} %  {files}, {lines:,} lines, {speed}{left}")
