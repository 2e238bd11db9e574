"""`./install`: reads the command line, does one thing, says how it ended."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from deploy.installer import checks, release, steps
from deploy.installer.errors import FailedError, RefusedError
from deploy.installer.hands import Hands
from deploy.installer.layout import Layout

MakeHands: TypeAlias = Callable[[Layout, bool], Hands]


def main(argv: Sequence[str] | None = None, make_hands: MakeHands | None = None) -> int:
    """The exit code; see the package. `make_hands`: for a layout, and whether it only says."""
    arguments = _parser().parse_args(argv)
    os.umask(0o022)
    make = make_hands or (lambda layout, dry: Hands(layout, print, dry_run=dry))
    try:
        return _run(arguments, make)
    except RefusedError as error:
        return _fail(str(error), 2)
    except FailedError as error:
        return _fail(f"{error}; the version in use is what it was; run it again", 3)
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}; run it again", 3)
    except KeyboardInterrupt:
        return _fail("interrupted; run it again", 130)


def _run(arguments: argparse.Namespace, make_hands: MakeHands) -> int:
    layout = Layout(Path(os.path.abspath(arguments.root)))  # noqa: PTH100  (links stay)
    checks.rights(layout)
    hands = make_hands(layout, arguments.dry_run)
    if arguments.check:
        wrong = steps.check(layout)
        print("\n".join(wrong) or f"{layout.current_version()}: everything is as it was laid out")
        return 1 if wrong else 0
    if arguments.rollback:
        lines = steps.rollback(layout, hands)
    elif arguments.uninstall:
        lines = steps.uninstall(layout, hands)
    else:
        checks.interpreter()
        source = release.read(Path(arguments.release))
        lines = steps.install(layout, source, hands, while_running=arguments.while_running)
    print("a dry run: nothing was changed" if arguments.dry_run else "\n".join(lines))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="install",
        allow_abbrev=False,
        description="Lays this release out in /opt/hotloop/VERSION, with its own virtual "
        "environment (offline), user, folders and systemd units, and switches "
        "/opt/hotloop/current to it. Starts nothing. Stopped anywhere it can be run again.",
        epilog="Exit codes: 0 done, 1 --check found differences, 2 refused, nothing was changed, "
        "3 failed on the way, 130 interrupted.",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--rollback", action="store_true", help="switch to the version before")
    what.add_argument(
        "--check", action="store_true", help="say what differs from what was laid out"
    )
    what.add_argument(
        "--uninstall",
        action="store_true",
        help="remove programs and units; /etc/hotloop and /var/lib/hotloop are kept",
    )
    what.add_argument(
        "--while-running",
        action="store_true",
        help="with a trader at work: lay everything out, switch nothing",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--root", default="/", metavar="DIR", help="a tree elsewhere, for tests")
    parser.add_argument("--release", default=".", help=argparse.SUPPRESS)
    return parser


def _fail(message: str, code: int) -> int:
    print(f"install: {' '.join(message.split())}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
