"""The command line's arguments and the help that teaches them."""

from __future__ import annotations

import argparse
import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from trader import __version__
from trader.apps import examples
from trader.apps.argument_options import ArgumentError, Parser
from trader.apps.operator_arguments import add_operator_commands
from trader.apps.run_arguments import add_run_commands

__all__ = ["COMMANDS", "ArgumentError", "parse", "user_path"]

COMMANDS: Final = (
    *("demo", "replay", "report", "generate", "parity", "compare", "calibrate", "live", "reload"),
    *("status", "sim-exchange", "config", "compat", "doctor"),
    *("orders", "cancel-all", "flatten", "kill", "resume"),
)
DEFAULT_COMMAND: Final = "demo"


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
    add_run_commands(commands)
    add_operator_commands(commands)
    return parser
