"""`trader compare DIR_A DIR_B`: the acceptance table between the runs of two folders."""

from __future__ import annotations

import argparse
import json
import sys

from rich.console import Console

from trader.apps.arguments import user_path
from trader.apps.interrupt import Interrupt
from trader.simulator.compare import Comparison, compare
from trader.simulator.compare_report import as_json, end_lines, head_lines, table, text_lines
from trader.simulator.compare_tables import StoppedError

EQUAL = 0
DIFFERENT = 1


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Exit code 0 when every row is equal, 1 when one is not; failures are raised (see
    `apps.trader`)."""
    first, second = ((name, user_path(name)) for name in (arguments.dir_a, arguments.dir_b))
    try:
        comparison = compare(first, second, interrupt.requested)
    except StoppedError:
        raise KeyboardInterrupt from None
    if arguments.json:
        print(json.dumps(as_json(comparison), indent=2, ensure_ascii=False, default=repr))
    else:
        _print(comparison, Console())
    return EQUAL if comparison.is_equal else DIFFERENT


def _print(comparison: Comparison, console: Console) -> None:
    for line in head_lines(comparison):
        print(line)
    print()
    if console.is_terminal:
        sys.stdout.flush()
        console.print(table(comparison, console.width))
    else:
        for line in text_lines(comparison):
            print(line)
    print()
    for line in end_lines(comparison):
        print(line)
