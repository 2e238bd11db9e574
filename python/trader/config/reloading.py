"""Which keys a running trader takes anew, which need a restart, and what differs between two
configurations. docs/reload.md has the same tables for people."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Final

from trader.config.schema import Config, LiveScopeConfig

RELOADED: Final = (
    *("hotloop.enabled", "hotloop.rust"),
    *("hotloop.shadow", "hotloop.shadow_every", "hotloop.shadow_load"),
    *("hotloop.queue", "hotloop.pfill", "hotloop.traded", "hotloop.min_obs_s"),
    *("hotloop.max_ttf_ms", "hotloop.sweep", "hotloop.big_move", "hotloop.rf", "hotloop.trend"),
    *("hotloop.emit", "hotloop.state"),
    *("edges", "selector", "arbiter", "sizer", "fee_gate", "risk", "hedge"),
    *("monitoring.log", "slo"),
)
"""Taken anew by any live trader; a key or a section with all that is in it."""
OF_THE_EXECUTOR: Final = (
    *("execution.backend", "execution.transport", "execution.host", "execution.port"),
    *("execution.heartbeat_ms", "execution.heartbeat_timeout_s", "execution.recover_s"),
    *("execution.spin_us", "execution.trader_timeout_s", "execution.send_queue_max"),
    *("execution.log", "execution.metrics"),
)
"""Taken anew by beginning the executor again over its journal; a dry run has none to begin with."""
OF_THE_ORDERS: Final = (
    *("execution.limits", "execution.pacing", "execution.reconcile", "execution.live_scope"),
)
"""The same; to a dry run only `limits` means anything, which it takes as it runs."""
OF_THE_POLICY: Final = (
    *("execution.restarts", "execution.restart_window_s", "execution.on_unhealthy"),
)
"""What is done when the executor is away; a dry run has chosen when it began."""
RESTARTED: Final = (
    *("bundle_version", "book_builder", "betfair", "live", "edge_files", "report", "simulator"),
    *("hotloop.book", "monitoring.metrics", "monitoring.status"),
    *("execution.dry_run", "execution.supervise", "execution.journal"),
    *("execution.external_socket", "execution.external_token_file"),
)
"""Needs a restart."""
CLASSES: Final = (RELOADED, OF_THE_EXECUTOR, OF_THE_ORDERS, OF_THE_POLICY, RESTARTED)
_NOT_KEYS: Final = frozenset({"profile", "own_edges"})


def changed(was: Config, config: Config) -> tuple[str, ...]:
    """The dotted keys whose values differ. An edge's file with another text is `edge_files`."""
    before, after = dict(_leaves(was)), dict(_leaves(config))
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    texts = [{name: own.sha256 for name, own in c.own_edges.items()} for c in (was, config)]
    if texts[0] != texts[1] and "edge_files" not in keys:
        keys.append("edge_files")
    return tuple(sorted(keys))


def is_of(key: str, sections: tuple[str, ...]) -> bool:
    """Whether a key is one of these, or in a section of them."""
    return any(key == one or key.startswith(f"{one}.") for one in sections)


def in_the_way(keys: tuple[str, ...], *, dry_run: bool) -> str | None:
    """The first key that a running trader cannot take, with the reason; None when it takes all."""
    for key in keys:
        if is_of(key, RESTARTED):
            return f"{key}: takes effect with a restart only"
        if dry_run and (is_of(key, OF_THE_EXECUTOR) or is_of(key, OF_THE_POLICY)):
            return f"{key}: the orders of a dry run are in its executor alone: restart"
    return None


def scope_in_the_way(was: LiveScopeConfig, wanted: LiveScopeConfig) -> str | None:
    """Why a live trader does not take another scope; None when it does. Who takes the last market
    out of a list means nowhere, and an empty list is everywhere."""
    is_emptied = (was.market_ids and not wanted.market_ids) or (
        was.event_types and not wanted.event_types
    )
    is_named = wanted.market_ids or (wanted.event_types and wanted.event_types != was.event_types)
    if not is_emptied or is_named or wanted.everywhere:
        return None
    key = "market_ids" if was.market_ids and not wanted.market_ids else "event_types"
    if wanted.event_types:
        return (
            f"execution.live_scope.{key}: without one every market of event types "
            f"{', '.join(wanted.event_types)} would be live: restart where that is meant"
        )
    return (
        f"execution.live_scope.{key}: an empty list is everywhere; where that is meant, set "
        "execution.live_scope.everywhere: true as well; to have nothing live, restart with "
        "execution.dry_run: true"
    )


def _leaves(config: Config) -> Iterator[tuple[str, object]]:
    for field in dataclasses.fields(config):
        if field.name not in _NOT_KEYS:
            yield from _below(field.name, getattr(config, field.name))


def _below(path: str, value: object) -> Iterator[tuple[str, object]]:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _below(f"{path}.{field.name}", getattr(value, field.name))
    elif isinstance(value, Mapping):
        for name, child in value.items():
            yield from _below(f"{path}.{name}", child)
    else:
        yield path, value
