"""`trader`: takes the command line, runs the command, answers with an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from trader.apps.arguments import ArgumentError, parse
from trader.apps.commands import config, demo, replay
from trader.apps.interrupt import Interrupt
from trader.config.loading import ConfigError
from trader.execution.interfaces.executor import ExecutionError
from trader.monitoring.metrics import MetricsServeError
from trader.simulator.output import OutputError
from trader.simulator.recording import RecordingError
from trader.simulator.session import StartError

DONE: Final = 0
BAD_INPUT: Final = 2
NOT_STARTED: Final = 3
INTERRUPTED: Final = 130

_COMMANDS: Final = {"demo": demo.run, "replay": replay.run, "config": config.run}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; see the package for the exit codes."""
    try:
        try:
            arguments = parse(sys.argv[1:] if argv is None else argv)
            with Interrupt() as interrupt:
                return _COMMANDS[arguments.command](arguments, interrupt)
        finally:
            # Here and not at exit, so that a reader who has gone is noticed below.
            sys.stdout.flush()
    except (ArgumentError, ConfigError, OutputError, RecordingError) as error:
        return _fail(str(error), BAD_INPUT)
    except (StartError, MetricsServeError, ExecutionError) as error:
        return _fail(str(error), NOT_STARTED)
    except KeyboardInterrupt:
        return _fail("interrupted; nothing was kept", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); the interpreter must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _fail(message: str, code: int) -> int:
    print(f"trader: {' '.join(message.split())}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
