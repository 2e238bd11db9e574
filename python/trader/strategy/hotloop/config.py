"""The `hotloop:` block of the configuration, validated as a whole.

`read_config` refuses unknown keys and bad values with the dotted path of the key; what is absent
or null takes its default. The table of keys is in docs/signals.md, "Configuration".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn, TypeVar

from trader.betfair.books import Depth
from trader.strategy.hotloop.errors import hotloop_error

Name = TypeVar("Name", bound=str)

QUEUE_MODELS: Final = ("risk_averse", "prob_power", "prob_log")
BOOK_SOURCES: Final[tuple[Depth | Literal["auto"], ...]] = ("auto", "full", "best", "display")

_RETENTION_MS_MAX: Final = 1e15


@dataclass(frozen=True, slots=True)
class HotloopConfig:
    """Validated settings of a `Hotloop`, with the units in the names."""

    queue_window_s: float = 10.0
    queue_model: str = "prob_power"
    min_obs_s: float = 5.0
    max_ttf_ms: int = 600_000
    book_source: Depth | Literal["auto"] = "auto"
    max_markets: int = 5_000
    closed_retention_s: float = 3_600.0
    max_segment_bytes: int = 64 << 20

    @property
    def closed_retention_ms(self) -> int:
        """To the nearest millisecond; beyond `_RETENTION_MS_MAX` is for ever."""
        return math.floor(min(self.closed_retention_s * 1_000, _RETENTION_MS_MAX) + 0.5)

    def as_map(self) -> dict[str, Any]:
        """The compact map a backend takes: the block's own shape, every key given."""
        return {
            "queue": {"window_s": self.queue_window_s, "model": self.queue_model},
            "min_obs_s": self.min_obs_s,
            "max_ttf_ms": self.max_ttf_ms,
            "book": {"source": self.book_source},
            "state": {
                "max_markets": self.max_markets,
                "closed_retention_s": self.closed_retention_s,
                "max_segment_bytes": self.max_segment_bytes,
            },
        }


DEFAULT: Final = HotloopConfig()


def read_config(block: Mapping[str, Any] | None) -> HotloopConfig:
    """The validated block. Raises `HotloopError` with the dotted path as `field`."""
    root = _Section(block, "")
    queue, book, state = root.section("queue"), root.section("book"), root.section("state")
    for flag in ("enabled", "rust"):  # read by whoever chooses the backend; only checked here
        root.boolean(flag)
    config = HotloopConfig(
        queue_window_s=queue.positive("window_s", DEFAULT.queue_window_s),
        queue_model=queue.choice("model", QUEUE_MODELS, DEFAULT.queue_model),
        min_obs_s=root.non_negative("min_obs_s", DEFAULT.min_obs_s),
        max_ttf_ms=root.count("max_ttf_ms", DEFAULT.max_ttf_ms),
        book_source=book.choice("source", BOOK_SOURCES, DEFAULT.book_source),
        max_markets=state.count("max_markets", DEFAULT.max_markets),
        closed_retention_s=state.non_negative("closed_retention_s", DEFAULT.closed_retention_s),
        max_segment_bytes=state.count("max_segment_bytes", DEFAULT.max_segment_bytes),
    )
    for section in (root, queue, book, state):
        section.refuse_unread()
    return config


class _Section:
    """One mapping of the block; remembers which keys were read."""

    def __init__(self, values: object, path: str) -> None:
        if values is None:
            values = {}
        if not isinstance(values, Mapping):
            _refuse(path or "hotloop", "is not a mapping")
        self._values: Mapping[object, Any] = values
        self._path = path
        self._read: set[str] = set()

    def section(self, key: str) -> _Section:
        return _Section(self._get(key), self._dotted(key))

    def boolean(self, key: str) -> None:
        value = self._get(key)
        if value is not None and not isinstance(value, bool):
            _refuse(self._dotted(key), "is not true or false")

    def positive(self, key: str, default: float) -> float:
        value = self.non_negative(key, default)
        if value == 0:
            _refuse(self._dotted(key), "is not above 0")
        return value

    def non_negative(self, key: str, default: float) -> float:
        value = self._get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            _refuse(self._dotted(key), "is not a number")
        if not math.isfinite(value) or value < 0:
            _refuse(self._dotted(key), "is not a finite number of 0 or more")
        return float(value)

    def count(self, key: str, default: int) -> int:
        value = self._get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < 1 << 63:
            _refuse(self._dotted(key), "is not a whole number of 1 or more")
        return value

    def choice(self, key: str, choices: tuple[Name, ...], default: Name) -> Name:
        value = self._get(key)
        if value is None:
            return default
        if value not in choices:
            _refuse(self._dotted(key), f"is not one of {', '.join(choices)}")
        return choices[choices.index(value)]

    def refuse_unread(self) -> None:
        for key in self._values:
            if key not in self._read:
                _refuse(self._dotted(str(key)), "is not a known key")

    def _get(self, key: str) -> Any:
        self._read.add(key)
        return self._values.get(key)

    def _dotted(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key


def _refuse(path: str, why: str) -> NoReturn:
    raise hotloop_error(f"config {path} {why}", field=path)
