"""`trader report DIR`: the page of a run made anew, or of a live trader while it runs."""

from __future__ import annotations

import argparse

from trader.apps.arguments import ArgumentError, user_path
from trader.apps.interrupt import Interrupt
from trader.report.page import report
from trader.simulator.output import REPORT, OutputError, replace_file


def run(arguments: argparse.Namespace, _: Interrupt) -> int:
    """Exit code 0; failures are raised (see `apps.trader`)."""
    folder = user_path(arguments.folder)
    page = report(folder, arguments.folder, arguments.runner)
    path, shown = folder / REPORT, f"{arguments.folder}/{REPORT}"
    if arguments.out is not None:
        path, shown = user_path(arguments.out), arguments.out
        if path.is_dir():
            raise ArgumentError(f"--out {shown}: is a folder; name a file, such as report.html")
    try:
        replace_file(path, page)
    except OSError as error:
        raise OutputError(f"{shown}: cannot be written: {error.strerror}") from None
    said = shown.encode("utf-8", "backslashreplace").decode()  # a name may be no text
    print(f"report: {said}", flush=True)
    return 0
