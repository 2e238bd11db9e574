"""What strategies hold: `Hotloop` with the backend the configuration asks for.

The class name and its methods stay the same whichever backend answers (`hotloop.rust` in the
configuration), so that switching back is one line. Every method is the backend's own bound
method: the seam costs an attribute look-up and no call.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from trader.strategy.hotloop import reference
from trader.strategy.hotloop.config import read_config
from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.interface import (
    API_VERSION,
    METHODS,
    Backend,
    HotloopApi,
    MarketInfo,
    RunnerInfo,
)

__all__ = [
    "Hotloop",
    "HotloopApi",
    "HotloopError",
    "MarketInfo",
    "RunnerInfo",
    "UnsupportedHotloopError",
]

if TYPE_CHECKING:
    _Methods = reference.Hotloop  # to a type checker the facade has the reference's methods
else:
    _Methods = object


class UnsupportedHotloopError(ImportError):
    """The installed `Hotloop` has another API (`code` as in proto_wire/compatibility.yaml)."""

    code: Final = "UNSUPPORTED_HOTLOOP"

    def __init__(self, api_version: object) -> None:
        super().__init__(
            f"{self.code}: this trader uses API {API_VERSION} of Hotloop, the one installed has "
            f"{api_version}: install both from one release (docs/upgrade.md)",
            name="hotloop",
        )


class Hotloop(_Methods):
    """Signals and books behind API version 1; satisfies `HotloopApi`.

    `config` is the `hotloop:` block (None for the defaults); `rust` picks the extension, else the
    pure-Python reference. Raises `HotloopError` for a bad block, `ImportError` when `rust` is asked
    for and the extension is not installed (there is no silent fallback), `UnsupportedHotloopError`
    when the one installed has another API.
    """

    backend: Backend

    def __init__(self, config: Mapping[str, Any] | None = None, *, rust: bool) -> None:
        chosen = _backend_class(rust=rust)(read_config(config).as_map())
        api_version = chosen.capabilities()["api_version"]
        if api_version != API_VERSION:
            raise UnsupportedHotloopError(api_version)
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
