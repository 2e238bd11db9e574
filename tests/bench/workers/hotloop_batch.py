"""`Hotloop.apply_batch`: the same lines in one call, with the interpreter lock released."""

from typing import Any

from hotloop import Hotloop


class Batch:
    def __init__(self, lines: list[bytes]) -> None:
        self._lines = lines
        self._book = Hotloop()

    def whole(self) -> None:
        self._book.apply_batch(self._lines, 0)

    def counts(self) -> dict[str, int]:
        stats = self._book.stats()
        changes = {name: stats[name] for name in ("market_changes", "runner_changes")}
        return {"lines": stats["messages"], **changes}


def start(lines: list[bytes], _path: str, _options: dict[str, Any]) -> Batch:
    return Batch(lines)
