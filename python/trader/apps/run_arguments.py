"""Arguments of the commands that run, make and compare what is not live."""

from __future__ import annotations

import argparse
from typing import Final

from trader.apps import argument_values as values
from trader.apps import examples
from trader.apps.argument_options import (
    Parser,
    add_backends,
    add_config_options,
    add_edges,
    command,
)
from trader.betfair.signals.settings import FILL_MODELS, QUEUE_MODELS

FEEDS: Final = ("raw", "normalized")


def add_run_commands(commands: argparse._SubParsersAction[Parser]) -> None:
    """Of `demo`, `replay`, `generate`, `report`, `parity`, `compare`, `calibrate` and
    `sim-exchange`."""
    for add in (
        *(_add_demo, _add_replay, _add_generate, _add_report, _add_parity, _add_compare),
        *(_add_calibrate, _add_exchange),
    ):
        add(commands)


def _add_demo(commands: argparse._SubParsersAction[Parser]) -> None:
    demo = command(commands, "demo", "trade paper money on a generated race", examples.DEMO)
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
    add_backends(demo)
    add_edges(demo)
    add_config_options(demo, "demo")


def _add_replay(commands: argparse._SubParsersAction[Parser]) -> None:
    replay = command(commands, "replay", "recordings through the trader", examples.REPLAY)
    replay.add_argument("files", nargs="+", metavar="FILE", help="recordings of the market stream")
    replay.add_argument("--out", metavar="DIR", required=True, help="where to write")
    replay.add_argument(
        "--feed",
        choices=FEEDS,
        help="lines into the seam as they are, or decoded here first (default: simulator.feed)",
    )
    add_backends(replay)
    add_edges(replay)
    _add_many(replay)
    add_config_options(replay, "dry")


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
    generate = command(commands, "generate", summary, examples.GENERATE)
    generate.add_argument("--out", metavar="FILE", required=True, help="where to write")
    _add_races(generate)
    add_config_options(generate, None)


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
    page = command(commands, "report", summary, examples.REPORT)
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
    parity = command(commands, "parity", summary, examples.PARITY)
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
    add_config_options(parity, "dry")


def _add_compare(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "hold two replays against each other, row by row"
    compare = command(commands, "compare", summary, examples.COMPARE)
    compare.add_argument("dir_a", metavar="DIR_A", help="the folder of a run (its --out)")
    compare.add_argument("dir_b", metavar="DIR_B", help="the folder of another run")
    compare.add_argument("--json", action="store_true", help="the table for scripts")


def _add_calibrate(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "judge the fill probabilities by what traded, or choose their parameters"
    calibrate = command(commands, "calibrate", summary, examples.CALIBRATE)
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
    add_config_options(calibrate, "dry")


def _add_exchange(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "a simulated Betfair for any client"
    exchange = command(commands, "sim-exchange", summary, examples.EXCHANGE)
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
    add_config_options(exchange, None)
