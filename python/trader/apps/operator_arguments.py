"""Arguments of the commands for whoever operates a trader."""

from __future__ import annotations

import argparse

from trader.apps import argument_values as values
from trader.apps import examples
from trader.apps.argument_options import (
    Parser,
    add_backends,
    add_config_options,
    add_edge_files,
    add_edges,
    command,
)


def add_operator_commands(commands: argparse._SubParsersAction[Parser]) -> None:
    """Of `config`, `compat`, `doctor`, `live`, `reload`, `status`, and the desk's."""
    for add in (
        *(_add_config, _add_compat, _add_doctor, _add_live, _add_reload, _add_status),
        _add_desk,
    ):
        add(commands)


def _add_config(commands: argparse._SubParsersAction[Parser]) -> None:
    config = command(commands, "config", "check, render or edit the configuration", "")
    actions = config.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = command(actions, "check", "check base.yaml and the profiles, list every problem", "")
    add_edge_files(check)
    add_config_options(check, None)
    render = command(actions, "render", "print the sidecar's JSON made from the YAML", "")
    render.add_argument(
        "--out",
        metavar="FILE",
        help="of execution.supervise: external: write it there, and its token (both 0600); exit "
        "code 1 where there is none",
    )
    add_config_options(render, "demo")
    get = command(actions, "get", "print keys and their values", "")
    get.add_argument(
        "keys", nargs="+", metavar="KEY[=VALUE]", help="a dotted key; exit code 1 for another value"
    )
    add_edge_files(get)
    add_config_options(get, None)
    summary = "set keys in a profile's file, when the whole is valid with them"
    edit = command(actions, "set", summary, examples.CONFIG_SET)
    edit.add_argument(
        "settings", nargs="+", metavar="KEY=VALUE", help="a dotted key and its value, as in YAML"
    )
    edit.add_argument("--dry-run", action="store_true", help="show what would change, no more")
    add_edge_files(edit)
    add_config_options(edit, None)


def _add_compat(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "which versions work together, and whether those installed here do"
    compat = command(commands, "compat", summary, examples.COMPAT)
    compat.add_argument(
        "--executor", metavar="FILE", help="a binary to ask (default: the one the trader starts)"
    )
    compat.add_argument("--json", action="store_true", help="for scripts")
    add_config_options(compat, None)


def _add_doctor(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "check everything a live trader needs, before it is started"
    doctor = command(commands, "doctor", summary, examples.DOCTOR)
    doctor.add_argument("--json", action="store_true", help="for scripts")
    doctor.add_argument("--offline", action="store_true", help="leave out what asks the venue")
    doctor.add_argument("--strict", action="store_true", help="a warning is a failure, too")
    doctor.add_argument("--out", metavar="DIR", help="the folder that `live` would be given")
    add_backends(doctor)
    add_edges(doctor)
    add_config_options(doctor, None)


def _add_live(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "trade at the venue, or watch it in a dry run"
    live = command(commands, "live", summary, examples.LIVE)
    live.add_argument(
        "--out",
        metavar="DIR",
        help="blotter and summary (default: a folder of your user's own for the profile)",
    )
    live.add_argument(
        "--record", metavar="DIR", help="also keep the market stream there, to be replayed"
    )
    add_backends(live)
    add_edges(live)
    add_config_options(live, None)


def _add_reload(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "have the live trader that runs read its configuration anew"
    reload = command(commands, "reload", summary, examples.RELOAD)
    reload.add_argument("--out", metavar="DIR", help="the trader's --out (default: as of live)")
    reload.add_argument(
        "--profile",
        metavar="P",
        help="the trader's --profile, which says where it writes by default",
    )
    reload.add_argument(
        "--timeout",
        type=values.seconds,
        default=60.0,
        metavar="S",
        help="wait so long for its answer (default: 60)",
    )


def _add_status(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "how the trader that runs is, for people and for scripts"
    status = command(commands, "status", summary, examples.STATUS)
    status.add_argument(
        "--out", metavar="DIR", help="the trader's folder (default: that of the profile)"
    )
    status.add_argument("--json", action="store_true", help="the state document (docs/status.md)")
    status.add_argument(
        "--expect",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="exit code 1 unless it is so; dotted; also >= and <=; may be repeated",
    )
    status.add_argument(
        "--within",
        type=values.seconds,
        default=0.0,
        metavar="S",
        help="wait so long for a trader, and for what is expected",
    )
    add_config_options(status, None)


def _add_desk(commands: argparse._SubParsersAction[Parser]) -> None:
    for name, summary in (
        ("orders", "print open orders and positions, as the journal of orders has them"),
        ("cancel-all", "cancel every order, by the executor that runs or by one of its own"),
        ("flatten", "cancel every order and close every position, when nobody trades"),
        ("kill", "cancel every order and take no new ones, whoever sends them, until resume"),
        ("resume", "take new orders again after a kill, by hand or by risk.max_loss"),
    ):
        desk = command(commands, name, summary, examples.DESK)
        if name == "cancel-all":
            desk.add_argument(
                "--if-needed",
                action="store_true",
                help="do nothing for a dry run, or where the journal has no open order",
            )
        add_config_options(desk, None)
