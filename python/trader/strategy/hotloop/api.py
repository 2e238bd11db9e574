"""What strategies hold: `Hotloop` with the backend the configuration asks for.

The class name and its methods stay the same whichever backend answers (`hotloop.rust` in the
configuration), so that switching back is one line. Every method is the backend's own bound
method: the seam costs an attribute look-up and no call.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trader.strategy.hotloop import reference
from trader.strategy.hotloop.config import read_config
from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.interface import METHODS, Backend, HotloopApi, MarketInfo, RunnerInfo

__all__ = ["Hotloop", "HotloopApi", "HotloopError", "MarketInfo", "RunnerInfo"]

if TYPE_CHECKING:
    _Methods = reference.Hotloop  # to a type checker the facade has the reference's methods
else:
    _Methods = object


class Hotloop(_Methods):
    """Signals and books behind API version 1; satisfies `HotloopApi`.

    `config` is the `hotloop:` block (None for the defaults); `rust` picks the extension, else the
    pure-Python reference. Raises `HotloopError` for a bad block, `ImportError` when `rust` is asked
    for and the extension is not installed: there is no silent fallback.
    """

    backend: Backend

    def __init__(self, config: Mapping[str, Any] | None = None, *, rust: bool) -> None:
        chosen = _backend_class(rust=rust)(read_config(config).as_map())
        self.backend = "rust" if rust else "python"
        for name in METHODS:
            setattr(self, name, getattr(chosen, name))


def _backend_class(*, rust: bool) -> Any:
    if not rust:
        return reference.Hotloop
    try:
        return importlib.import_module("hotloop").Hotloop
    except ModuleNotFoundError as error:
        raise ImportError(
            "the Rust extension `hotloop` is not installed: build it, or set hotloop.rust: false",
            name="hotloop",
        ) from error
