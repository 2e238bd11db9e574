"""`trader doctor --profile P`: the pre-flight list, checked."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from trader.apps.arguments import user_path
from trader.apps.commands.common import configured, live_folder
from trader.apps.commands.executors import rust_config
from trader.apps.commands.live_executor import betfair_section, external_sidecar
from trader.apps.interrupt import Interrupt
from trader.config.schema import Config
from trader.config.texts import texts
from trader.doctor.all_checks import CHECKS
from trader.doctor.examination import examine
from trader.doctor.findings import Finding
from trader.doctor.shown import as_json, has_colours, is_well, last_line, line_of
from trader.doctor.subject import Subject
from trader.execution.interfaces.executor import ExecutorStartError

UNIT_FOLDERS: Final = tuple(
    Path(folder)
    for folder in ("/etc/systemd/system", "/usr/local/lib/systemd/system", "/lib/systemd/system")
)


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Exit code 0 when nothing failed (with `--strict`: nor warns), 1 when something did, 130 when
    interrupted. Raises `ConfigError` for a configuration that is none."""
    config = configured(arguments)
    # What the parts would log is in the findings.
    logging.getLogger("trader").addHandler(logging.NullHandler())
    logging.getLogger("trader").propagate = False
    subject = _subject(config, arguments)
    colours = has_colours(os.environ, is_terminal=sys.stdout.isatty())

    def tell(finding: Finding) -> None:
        if not arguments.json:
            print(line_of(finding, colours=colours), flush=True)

    def waiting(name: str) -> None:
        print(f"{name} …", file=sys.stderr, flush=True)

    found = examine(
        CHECKS,
        subject,
        offline=arguments.offline,
        tell=tell,
        waiting=waiting,
        stop=interrupt.requested,
    )
    if arguments.json:
        document = as_json(found, profile=config.profile, strict=arguments.strict)
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        print(last_line(found, strict=arguments.strict))
    return 0 if is_well(found, strict=arguments.strict) else 1


def _subject(config: Config, arguments: argparse.Namespace) -> Subject:
    external, external_wrong = None, ""
    if not config.execution.dry_run:  # a dry run starts a sidecar of its own
        try:
            external = external_sidecar(config)
        except ExecutorStartError as error:
            external_wrong = str(error)
    return Subject(
        config=config,
        sidecar=replace(rust_config(config), external=external),
        external_wrong=external_wrong,
        out=user_path(live_folder(arguments.out, config.profile)).absolute(),
        venue=_venue(config),
        sources=texts(config.profile or None, arguments.overrides),
        environment=os.environ,
        units=UNIT_FOLDERS,
    )


def _venue(config: Config) -> Mapping[str, Any] | None:
    try:
        return betfair_section(config.betfair)
    except ExecutorStartError:
        return None
