"""What is examined: a configuration, and what a trader would make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trader.config.schema import Config
from trader.execution.executor_py.venue_client import VenueClient
from trader.execution.rust_executor import RustExecutorConfig
from trader.live.listings import ListedMarket


@dataclass(slots=True)
class Visit:
    """What the checks of the venue have learnt so far, for those after them."""

    client: VenueClient | None = None
    app_key: str = ""
    listed: list[ListedMarket] = field(default_factory=list)
    clock_ahead_ms: dict[str, float] = field(default_factory=dict)
    """By how it was told: so much the venue's clock is ahead of ours."""


@dataclass(slots=True)
class Subject:
    """- `sources`: texts of the configuration by their names (files, `--set`), to look for secrets;
    - `out`: the folder of blotter and summary; `units`: folders of service units;
    - `venue`: the `betfair` section as an executor takes it; None where nothing of it is filled in;
    - `sidecar`: how the sidecar would be started in a dry run, or reached where somebody else looks
      after it; `external_wrong`: why that cannot be said.
    """

    config: Config
    sidecar: RustExecutorConfig
    out: Path
    venue: Mapping[str, Any] | None
    external_wrong: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    units: tuple[Path, ...] = ()
    visit: Visit = field(default_factory=Visit)

    @property
    def is_live(self) -> bool:
        """Whether orders go to the venue."""
        return not self.config.execution.dry_run

    @property
    def uses_sidecar(self) -> bool:
        return self.config.execution.backend == "rust"

    def secret_files(self) -> Iterator[tuple[str, str]]:
        """(key, path) of every secret that is configured; certificates are none."""
        betfair, execution = self.config.betfair, self.config.execution
        named = [("betfair.app_key_file", betfair.app_key_file)]
        keys = ("token_file", "username_file", "password_file", "key_file")
        named += [(f"betfair.session.{key}", getattr(betfair.session, key)) for key in keys]
        if execution.supervise == "external":
            named.append(("execution.external_token_file", execution.external_token_file))
        return ((key, path) for key, path in named if path)
