"""betfair_data: its file object over the file's bytes, one book for each step of the iterator.

`mutable` books are reused from one step to the next, which is its fastest way; else each step gives
a new one.
"""

import importlib
import time
from typing import Any

betfair_data: Any = importlib.import_module("betfair_data")


class File:
    def __init__(self, lines: list[bytes], path: str, mutable: bool) -> None:
        self._file = betfair_data.File(path, b"\n".join(lines) + b"\n", mutable=mutable)
        self._books = 0

    def whole(self) -> None:
        books = 0
        for _ in self._file:
            books += 1
        self._books = books

    def each(self, samples: list[int]) -> None:
        clock, books = time.perf_counter_ns, iter(self._file)
        while True:
            begun = clock()
            book = next(books, None)
            ended = clock()
            if book is None:
                return
            samples.append(ended - begun)

    def counts(self) -> dict[str, int]:
        return {"books": self._books}


def start(lines: list[bytes], path: str, options: dict[str, Any]) -> File:
    return File(lines, path, options["mutable"])
