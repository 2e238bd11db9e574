"""`trader config check`, `trader config render` and `trader config set`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from trader.apps.arguments import user_path
from trader.apps.commands import config_set
from trader.apps.commands.common import configured, edge_files_of, profile_of
from trader.apps.commands.executors import rust_config
from trader.apps.commands.live_executor import document
from trader.apps.interrupt import Interrupt
from trader.config.loading import ConfigError, load, profiles

TOKEN_FILE: Final = "executor.token"


def run(arguments: argparse.Namespace, _interrupt: Interrupt) -> int:
    """Exit code 0 when the configuration is right, 2 when not."""
    if arguments.action == "check":
        return _check(arguments)
    if arguments.action == "set":
        return config_set.run(arguments)
    config = configured(arguments)
    settings = rust_config(config)
    if config.betfair.app_key_file:
        settings = replace(settings, clock="wall", live=document(config))
    rendered = settings.render(Path())
    # The token is made at each start; the file's place is the run's folder.
    rendered["listen"]["token_file"] = TOKEN_FILE
    print(json.dumps(rendered, indent=2, sort_keys=True))
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
