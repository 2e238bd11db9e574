"""`trader config check`, `trader config render` and `trader config set`."""

from __future__ import annotations

import argparse
import json
import sys

from trader.apps.arguments import user_path
from trader.apps.commands import config_get, config_set, sidecar_files
from trader.apps.commands.common import configured, edge_files_of, profile_of
from trader.apps.interrupt import Interrupt
from trader.config.loading import ConfigError, load, profiles


def run(arguments: argparse.Namespace, _interrupt: Interrupt) -> int:
    """Exit code 0 when the configuration is right, 2 when not; 1 of `get` for another
    value, and of `render --out` when it needs no sidecar of somebody else."""
    if arguments.action == "check":
        return _check(arguments)
    if arguments.action == "get":
        return config_get.run(arguments)
    if arguments.action == "set":
        return config_set.run(arguments)
    config = configured(arguments)
    if arguments.out is None:
        print(json.dumps(sidecar_files.rendered(config), indent=2, sort_keys=True))
        return 0
    why_none = sidecar_files.why_none(config)
    if why_none:
        print(f"trader: {why_none}; nothing is written", file=sys.stderr)
        return 1
    sidecar_files.write(sidecar_files.rendered(config), user_path(arguments.out))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    """Base alone and with each profile (or the one that was named); every problem is printed."""
    named = profile_of(arguments.profile)
    wanted = [named] if named is not None else [None, *profiles()]
    seen: set[str] = set()
    for profile in wanted:
        try:
            load(
                profile,
                arguments.overrides,
                edge_files=edge_files_of(arguments),
                working_dir=user_path(""),
            )
        except ConfigError as error:
            for problem in error.problems:
                if str(problem) not in seen:
                    seen.add(str(problem))
                    print(f"trader: {problem}", file=sys.stderr)
        else:
            print(f"ok: {'base' if profile is None else f'base with {profile}'}")
    return 2 if seen else 0
