"""`trader`: takes the command line, runs the command, answers with an exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

if __name__ == "__main__":
    # Ctrl-C while the imports below are under way: nothing was begun, so there is nothing to say.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

from trader.apps.arguments import ArgumentError, parse
from trader.apps.commands import (
    calibrate,
    compare,
    compat,
    config,
    demo,
    desk,
    doctor,
    generate,
    live,
    parity,
    reload,
    replay,
    report,
    sim_exchange,
    status,
)
from trader.apps.interrupt import Interrupt
from trader.calibration.fitting import FitError
from trader.config.loading import ConfigError
from trader.execution.executor_py.venue_client import VenueError
from trader.execution.interfaces.executor import ExecutionError
from trader.monitoring.metrics import MetricsServeError
from trader.recovery import SeamLost
from trader.session import StartError
from trader.simulator.compare_run import CompareError
from trader.simulator.feeds import FeedError
from trader.simulator.output import OutputError
from trader.simulator.recording import RecordingError
from trader.strategy.watched_edge import EdgeFailedError

DONE: Final = 0
BAD_INPUT: Final = 2
NOT_STARTED: Final = 3
INTERRUPTED: Final = 130

_COMMANDS: Final = {
    "demo": demo.run,
    "replay": replay.run,
    "generate": generate.run,
    "report": report.run,
    "parity": parity.run,
    "compare": compare.run,
    "calibrate": calibrate.run,
    "sim-exchange": sim_exchange.run,
    "config": config.run,
    "compat": compat.run,
    "doctor": doctor.run,
    "live": live.run,
    "reload": reload.run,
    "status": status.run,
    "orders": desk.orders,
    "cancel-all": desk.cancel_all,
    "kill": desk.kill,
    "resume": desk.resume,
    "flatten": desk.flatten,
}

_BAD_INPUT_ERRORS: Final = (
    *(ArgumentError, ConfigError, EdgeFailedError),
    *(CompareError, FeedError, FitError, OutputError, RecordingError),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; see the package for the exit codes."""
    interrupt = Interrupt()
    try:
        try:
            arguments = parse(sys.argv[1:] if argv is None else argv)
            with interrupt:
                return _COMMANDS[arguments.command](arguments, interrupt)
        finally:
            # Here and not at exit, so that a reader who has gone is noticed below.
            print(end="", flush=True)
    except _BAD_INPUT_ERRORS as error:
        return _fail(str(error), BAD_INPUT)
    except (StartError, MetricsServeError, ExecutionError, SeamLost, VenueError) as error:
        return _fail(str(error), NOT_STARTED)
    except KeyboardInterrupt as error:
        return _fail(str(error) or "interrupted; nothing was kept", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`).
        _leave_stdout()
        return INTERRUPTED if interrupt.requested() else DONE
    except OSError as error:
        # What is read and written elsewhere has errors of its own: this is the output, on a full
        # disk perhaps.
        _leave_stdout()
        return _fail(f"cannot write to standard output: {error.strerror}", BAD_INPUT)


def _leave_stdout() -> None:
    """Lets what is still in its buffer go nowhere: the interpreter must not complain at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> int:
    print(f"trader: {' '.join(message.split())}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
