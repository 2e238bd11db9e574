"""What the arguments of several commands are made of."""

from __future__ import annotations

import argparse
from typing import NoReturn


class ArgumentError(Exception):
    """The command line is refused; one line, exit code 2."""


class Parser(argparse.ArgumentParser):
    """argparse with one-line errors raised instead of printed with the whole usage."""

    def error(self, message: str) -> NoReturn:
        raise ArgumentError(f"{message} (see `{self.prog} --help`)")


def command(
    commands: argparse._SubParsersAction[Parser], name: str, summary: str, more: str
) -> Parser:
    """A command among others; `more`: what its help ends with."""
    return commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def add_backends(parser: argparse.ArgumentParser) -> None:
    """Who does it: `--hotloop`, `--execution`."""
    parser.add_argument(
        "--hotloop",
        choices=("rust", "python", "both"),
        help="who keeps books and signals; both: Python, with Rust compared in its shadow",
    )
    parser.add_argument(
        "--execution", choices=("rust", "python"), help="the sidecar, or this process"
    )


def add_edges(parser: argparse.ArgumentParser) -> None:
    """Which edges trade."""
    add_edge_files(parser)
    parser.add_argument(
        "--without-shipped-edges",
        action="store_true",
        help="only edges from files trade (edges.NAME.enabled=false for all others)",
    )


def add_edge_files(parser: argparse.ArgumentParser) -> None:
    """`--edge`."""
    parser.add_argument(
        "--edge",
        metavar="FILE.py",
        action="append",
        default=[],
        dest="edge_files",
        help="a file with an edge of your own (docs/first_edge.md); may be repeated",
    )


def add_config_options(parser: argparse.ArgumentParser, profile: str | None) -> None:
    """`--profile` (None: no default) and `--set`."""
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
