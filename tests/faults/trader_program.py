"""A trader as a process of its own, to be killed:

    python -m tests.faults.trader_program LINK DIARY SEED

LINK is the sidecar's socket, or the document (JSON) of a Python executor, which then is in this
process. SEED `each` plays `one_of_each` instead of a random trader.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.faults.busy import busy, one_of_each
from tests.faults.trader import Trader, over_the_wire
from trader.execution.executor_py.from_document import python_executor

SECONDS = 60.0


def main() -> None:
    link, diary, seed = sys.argv[1:]
    if link.endswith(".json"):
        document = json.loads(Path(link).read_text())
        trader = Trader(lambda bus: python_executor(document, bus), Path(diary))
    else:
        trader = Trader(over_the_wire(link), Path(diary))
    trader.connect()
    trader.resume()
    if seed == "each":
        one_of_each(trader)
    else:
        busy(trader, random.Random(seed), SECONDS)


@contextmanager
def trader_program(
    link: str, folder: Path, seed: str, more: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The program, running, with these variables in its environment."""
    command = [sys.executable, "-m", "tests.faults.trader_program", link, str(folder), seed]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | dict(more or {})
    with (folder / "trader.log").open("ab") as log:
        program = subprocess.Popen(command, env=environment, stderr=log)
    try:
        yield program
    finally:
        program.kill()
        program.wait()


if __name__ == "__main__":
    main()
