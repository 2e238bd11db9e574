"""The command line's arguments and the help that teaches them."""

from __future__ import annotations

import argparse
import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from trader import __version__
from trader.apps import argument_values as values
from trader.apps import examples
from trader.betfair.signals.settings import FILL_MODELS, QUEUE_MODELS

COMMANDS: Final = (
    *("demo", "replay", "report", "generate", "parity", "compare", "calibrate", "live", "reload"),
    *("status", "sim-exchange", "config", "compat", "doctor"),
    *("orders", "cancel-all", "flatten", "kill", "resume"),
)
FEEDS: Final = ("raw", "normalized")
DEFAULT_COMMAND: Final = "demo"


class ArgumentError(Exception):
    """The command line is refused; one line, exit code 2."""


class Parser(argparse.ArgumentParser):
    """argparse with one-line errors raised instead of printed with the whole usage."""

    def error(self, message: str) -> NoReturn:
        raise ArgumentError(f"{message} (see `{self.prog} --help`)")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The parsed command line; without a command it is the demo's.

    Raises `ArgumentError`; `--help` and `--version` print and raise `SystemExit`.
    """
    return _parser().parse_args(_with_command(list(argv)))


def user_path(text: str) -> Path:
    """A path as the person meant it: under `bazel run` relative to where they stood."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""), text)


def _with_command(argv: list[str]) -> list[str]:
    if not argv:
        return [DEFAULT_COMMAND]
    first = argv[0]
    if first in ("-h", "--help", "--version"):
        return argv
    if first.startswith("-"):
        late = [word for word in argv if word in COMMANDS]
        if late and late[0] != DEFAULT_COMMAND and not _is_value(argv, late[0]):
            raise ArgumentError(f"put the command first: trader {late[0]} …")
        return [DEFAULT_COMMAND, *argv]
    if first not in COMMANDS:
        close = difflib.get_close_matches(first, COMMANDS, n=1)
        hint = f", did you mean '{close[0]}'?" if close else ""
        if not close and (user_path(first).exists() or "." in first or os.sep in first):
            hint = f", to replay a file: trader replay {first} --out DIR"
        raise ArgumentError(
            f"no command '{first}'{hint} (commands: {', '.join(COMMANDS)}; see `trader --help`)"
        )
    return argv


def _is_value(argv: list[str], word: str) -> bool:
    """Whether a word stands right after an option (`--out demo`)."""
    before = argv[argv.index(word) - 1]
    return before.startswith("--") and "=" not in before


def _parser() -> Parser:
    parser = Parser(
        prog="trader",
        description="Hotloop: a trading system for the Betfair exchange. Without a command: demo.",
        epilog=examples.TRADER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"hotloop trader {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_replay(commands)
    _add_generate(commands)
    _add_report(commands)
    _add_parity(commands)
    _add_compare(commands)
    _add_calibrate(commands)
    _add_exchange(commands)
    _add_config(commands)
    _add_compat(commands)
    _add_doctor(commands)
    _add_live(commands)
    _add_reload(commands)
    _add_status(commands)
    _add_desk(commands)
    return parser


def _add_demo(commands: argparse._SubParsersAction[Parser]) -> None:
    demo = _command(commands, "demo", "trade paper money on a generated race", examples.DEMO)
    demo.add_argument("--seed", type=values.seed, help="which race (default: simulator.demo.seed)")
    demo.add_argument(
        "--speed",
        type=values.speed,
        metavar="X",
        help="market seconds per second, or max (default: simulator.demo.speed)",
    )
    demo.add_argument(
        "--out", metavar="DIR", help="where to write (default: a folder of your user's own)"
    )
    _add_backends(demo)
    _add_edges(demo)
    _add_config_options(demo, "demo")


def _add_replay(commands: argparse._SubParsersAction[Parser]) -> None:
    replay = _command(commands, "replay", "recordings through the trader", examples.REPLAY)
    replay.add_argument("files", nargs="+", metavar="FILE", help="recordings of the market stream")
    replay.add_argument("--out", metavar="DIR", required=True, help="where to write")
    replay.add_argument(
        "--feed",
        choices=FEEDS,
        help="lines into the seam as they are, or decoded here first (default: simulator.feed)",
    )
    _add_backends(replay)
    _add_edges(replay)
    _add_many(replay)
    _add_config_options(replay, "dry")


def _add_many(replay: argparse.ArgumentParser) -> None:
    replay.add_argument(
        "--workers",
        type=values.workers,
        metavar="N",
        help="how many inputs are played at once (default: as many as there are processors)",
    )
    replay.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="workers on this machine, or of a Ray cluster (default: local)",
    )
    replay.add_argument(
        "--ray-address",
        metavar="ADDRESS",
        help="of the cluster (default: RAY_ADDRESS; without it one is started here)",
    )
    again = replay.add_mutually_exclusive_group()
    again.add_argument(
        "--resume",
        action="store_true",
        help="only go on with an unfinished run (default: go on where there is one)",
    )
    again.add_argument(
        "--fresh", action="store_true", help="throw away what an unfinished run had finished"
    )


def _add_generate(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "write a recording of generated races, to replay"
    generate = _command(commands, "generate", summary, examples.GENERATE)
    generate.add_argument("--out", metavar="FILE", required=True, help="where to write")
    _add_races(generate)
    _add_config_options(generate, None)


def _add_races(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--markets", type=values.count, metavar="N", help="how many generated races (default: 1)"
    )
    parser.add_argument(
        "--incidents",
        action="store_true",
        help="generated races with a non-runner, starting prices and a suspension in play",
    )
    parser.add_argument(
        "--seed", type=values.seed, help="which races (default: simulator.demo.seed)"
    )


def _add_report(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "make the report.html of a run anew, or of a live trader while it runs"
    page = _command(commands, "report", summary, examples.REPORT)
    page.add_argument("folder", metavar="DIR", help="the --out folder of a replay, demo or live")
    page.add_argument(
        "--runner",
        metavar="MARKET/SELECTION",
        help="whose ladder is shown first (default: the runner with the most fills)",
    )
    page.add_argument(
        "--out", metavar="FILE", help="where to write it (default: report.html in DIR)"
    )


def _add_parity(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "hold the Rust hotloop against the Python reference"
    parity = _command(commands, "parity", summary, examples.PARITY)
    parity.add_argument("files", nargs="+", metavar="FILE", help="recordings of the market stream")
    parity.add_argument(
        "--feed",
        choices=(*FEEDS, "both"),
        default="both",
        dest="feeds",
        help="lines as they are, decoded here first, or one after the other (default: both)",
    )
    parity.add_argument(
        "--queue-model",
        choices=(*QUEUE_MODELS, "all"),
        default="all",
        dest="queue_models",
        help="of queue positions: one model, or one after the other (default: all)",
    )
    _add_config_options(parity, "dry")


def _add_compare(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "hold two replays against each other, row by row"
    compare = _command(commands, "compare", summary, examples.COMPARE)
    compare.add_argument("dir_a", metavar="DIR_A", help="the folder of a run (its --out)")
    compare.add_argument("dir_b", metavar="DIR_B", help="the folder of another run")
    compare.add_argument("--json", action="store_true", help="the table for scripts")


def _add_calibrate(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "judge the fill probabilities by what traded, or choose their parameters"
    calibrate = _command(commands, "calibrate", summary, examples.CALIBRATE)
    calibrate.add_argument("files", nargs="+", metavar="FILE", help="recordings of market streams")
    calibrate.add_argument(
        "--model",
        choices=(*FILL_MODELS, "all"),
        default="all",
        dest="models",
        help="what is judged, beside exponential (default: all)",
    )
    calibrate.add_argument(
        "--queue-model",
        choices=(*QUEUE_MODELS, "all"),
        dest="queue_models",
        help="how queues move before trading reaches an order (default: all, one after the other; "
        "of --fit the configured one)",
    )
    calibrate.add_argument(
        "--every-ms",
        type=values.milliseconds,
        default=1000,
        metavar="MS",
        help="orders join on a runner at most so often (default: 1000)",
    )
    calibrate.add_argument(
        "--follow-ms",
        type=values.milliseconds,
        default=120_000,
        metavar="MS",
        help="each order is followed for so long (default: 120000)",
    )
    calibrate.add_argument(
        "--fit",
        action="store_true",
        help="choose the parameters of log_logistic; each file is judged with those of the others",
    )
    calibrate.add_argument(
        "--write", metavar="FILE", help="write what --fit chooses there, as a profile takes it"
    )
    calibrate.add_argument("--reliability", action="store_true", help="print the tenths as well")
    calibrate.add_argument("--json", metavar="FILE", help="write everything there")
    calibrate.add_argument(
        "--markdown", metavar="FILE", help="write the tables there, between its calibrate marks"
    )
    calibrate.add_argument("--hotloop", choices=("rust", "python"), help="who is judged")
    _add_config_options(calibrate, "dry")


def _add_exchange(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "a simulated Betfair for any client"
    exchange = _command(commands, "sim-exchange", summary, examples.EXCHANGE)
    exchange.add_argument(
        "--recording",
        metavar="FILE",
        action="append",
        default=[],
        dest="recordings",
        help="play a recording of the market stream; may be repeated (default: generated races)",
    )
    _add_races(exchange)
    exchange.add_argument(
        "--clock",
        choices=("scaled", "wall", "stepped"),
        default="scaled",
        help="the markets' own time at --speed; now; or only when the control port says so",
    )
    exchange.add_argument(
        "--speed", type=values.pace, metavar="X", help="market seconds per second (default: 1)"
    )
    exchange.add_argument("--tls", action="store_true", help="TLS with a certificate made now")
    for name in ("stream", "api", "control"):
        exchange.add_argument(
            f"--{name}-port",
            type=values.port,
            default=0,
            metavar="P",
            help="default: any free port",
        )
    exchange.add_argument("--faults", metavar="FILE", help="fault rules (YAML or JSON)")
    exchange.add_argument(
        "--out",
        metavar="DIR",
        help="for certificates and the control token (default: one that goes in the end)",
    )
    exchange.add_argument("--keep", action="store_true", help="go on after the last settlement")
    _add_config_options(exchange, None)


def _add_live(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "trade at the venue, or watch it in a dry run"
    live = _command(commands, "live", summary, examples.LIVE)
    live.add_argument(
        "--out",
        metavar="DIR",
        help="blotter and summary (default: a folder of your user's own for the profile)",
    )
    live.add_argument(
        "--record", metavar="DIR", help="also keep the market stream there, to be replayed"
    )
    _add_backends(live)
    _add_edges(live)
    _add_config_options(live, None)


def _add_reload(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "have the live trader that runs read its configuration anew"
    reload = _command(commands, "reload", summary, examples.RELOAD)
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
    status = _command(commands, "status", summary, examples.STATUS)
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
    _add_config_options(status, None)


def _add_config(commands: argparse._SubParsersAction[Parser]) -> None:
    config = _command(commands, "config", "check, render or edit the configuration", "")
    actions = config.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = _command(actions, "check", "check base.yaml and the profiles, list every problem", "")
    _add_edge_files(check)
    _add_config_options(check, None)
    render = _command(actions, "render", "print the sidecar's JSON made from the YAML", "")
    render.add_argument(
        "--out",
        metavar="FILE",
        help="of execution.supervise: external: write it there, and its token (both 0600); exit "
        "code 1 where there is none",
    )
    _add_config_options(render, "demo")
    get = _command(actions, "get", "print keys and their values", "")
    get.add_argument(
        "keys", nargs="+", metavar="KEY[=VALUE]", help="a dotted key; exit code 1 for another value"
    )
    _add_edge_files(get)
    _add_config_options(get, None)
    summary = "set keys in a profile's file, when the whole is valid with them"
    edit = _command(actions, "set", summary, examples.CONFIG_SET)
    edit.add_argument(
        "settings", nargs="+", metavar="KEY=VALUE", help="a dotted key and its value, as in YAML"
    )
    edit.add_argument("--dry-run", action="store_true", help="show what would change, no more")
    _add_edge_files(edit)
    _add_config_options(edit, None)


def _add_compat(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "which versions work together, and whether those installed here do"
    compat = _command(commands, "compat", summary, examples.COMPAT)
    compat.add_argument(
        "--executor", metavar="FILE", help="a binary to ask (default: the one the trader starts)"
    )
    compat.add_argument("--json", action="store_true", help="for scripts")
    _add_config_options(compat, None)


def _add_doctor(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "check everything a live trader needs, before it is started"
    doctor = _command(commands, "doctor", summary, examples.DOCTOR)
    doctor.add_argument("--json", action="store_true", help="for scripts")
    doctor.add_argument("--offline", action="store_true", help="leave out what asks the venue")
    doctor.add_argument("--strict", action="store_true", help="a warning is a failure, too")
    doctor.add_argument("--out", metavar="DIR", help="the folder that `live` would be given")
    _add_backends(doctor)
    _add_edges(doctor)
    _add_config_options(doctor, None)


def _add_desk(commands: argparse._SubParsersAction[Parser]) -> None:
    for name, summary in (
        ("orders", "print open orders and positions, as the journal of orders has them"),
        ("cancel-all", "cancel every order, by the executor that runs or by one of its own"),
        ("flatten", "cancel every order and close every position, when nobody trades"),
        ("kill", "cancel every order and take no new ones, whoever sends them, until resume"),
        ("resume", "take new orders again after a kill, by hand or by risk.max_loss"),
    ):
        _add_config_options(_command(commands, name, summary, examples.DESK), None)


def _command(
    commands: argparse._SubParsersAction[Parser], name: str, summary: str, more: str
) -> Parser:
    return commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _add_backends(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hotloop",
        choices=("rust", "python", "both"),
        help="who keeps books and signals; both: Python, with Rust compared in its shadow",
    )
    parser.add_argument(
        "--execution", choices=("rust", "python"), help="the sidecar, or this process"
    )


def _add_edges(parser: argparse.ArgumentParser) -> None:
    _add_edge_files(parser)
    parser.add_argument(
        "--without-shipped-edges",
        action="store_true",
        help="only edges from files trade (edges.NAME.enabled=false for all others)",
    )


def _add_edge_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--edge",
        metavar="FILE.py",
        action="append",
        default=[],
        dest="edge_files",
        help="a file with an edge of your own (docs/first_edge.md); may be repeated",
    )


def _add_config_options(parser: argparse.ArgumentParser, profile: str | None) -> None:
    default = f" (default: {profile})" if profile else ""
    parser.add_argument(
        "--profile",
        metavar="P",
        default=profile,
        help=f"a profile of configs/profiles, or a .yaml file{default}",
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        dest="overrides",
        help="a configuration key for this run, dotted; may be repeated",
    )
