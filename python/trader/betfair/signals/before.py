"""What a runner's rows were before the message being applied, of those it changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class Before:
    """Only what a message touches is kept: a book is far larger than a message.

    `RunnerBook.apply` notes each array's rows just before it changes them; the first note of a
    price (of an array of levels) in a message counts, as the later ones see what it made itself.
    """

    __slots__ = ("levels", "prices")

    def __init__(self) -> None:
        self.prices: dict[str, dict[int, int]] = {}
        """Array (`atb`, `atl`, `trd`) → price → size, of the prices the message names."""
        self.levels: dict[str, dict[int, tuple[int, int]]] = {}
        """Array (`batb` …) → level → (price, size), whole: these have few rows, and one row that
        changes its price changes the sizes at two."""

    def note_prices(
        self, name: str, ladder: Mapping[int, int], rows: Iterable[tuple[int, int]]
    ) -> None:
        """The sizes at the prices of `rows` in `ladder` are about to be changed."""
        noted = self.prices.setdefault(name, {})
        for price, _ in rows:
            noted.setdefault(price, ladder.get(price, 0))

    def note_levels(self, name: str, levels: Mapping[int, tuple[int, int]]) -> None:
        """`levels` is about to be changed."""
        if name not in self.levels:
            self.levels[name] = dict(levels)
