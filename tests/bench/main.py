"""`./bazelw run //tests/bench -- [FILE…]`: the command line of the benchmark suite."""

import argparse
import json
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn, TypeVar

from tests.bench.contestants import CONTESTANTS, MEASUREMENTS, NAMES
from tests.bench.errors import BadArgumentsError, BenchError
from tests.bench.goals import goals
from tests.bench.recordings import default_files
from tests.bench.report import as_json, markdown
from tests.bench.suite import Plan, run_suite

Number = TypeVar("Number", int, float)

EPILOG: Final = """\
examples, after `./bazelw run //tests/bench --`:
  (nothing)                                all of them over the four files of the goals
  --rounds 1 --only hotloop,orjson         a first look, in seconds
  --only hotloop,flumine my_market.bz2     one peer, a file of your own (plain, .gz, .bz2)
  --only replay,replay-flumine,orders,orders-flumine,decision    the engine alone
  --markdown bench.md --json bench.json    keep the report

Each contestant runs in a process and an environment of its own. Peers are installed once, from
tests/bench/peers/*.txt, into the cache folder; that needs the package index, the rest needs no
network. The report goes to the standard output, progress to the standard error.

It judges no times: a goal missed is said in the report, and the exit code stays 0.
exit codes: 0 done, 1 ours gave other counts than the file holds, or backends that must do the
same did not, 2 bad arguments, 3 a file, an environment or a worker that does not work,
130 interrupted (nothing is written then)
"""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadArgumentsError(f"{message} (--help tells more)")


def parser() -> argparse.ArgumentParser:
    made = Parser(
        prog="bench",
        description="Measures Hotloop beside its peers, on the same lines, in one run.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("files", nargs="*", metavar="FILE", help="market streams, a message a line")
    made.add_argument("--rounds", type=int, default=5, metavar="N", help="5 unless given")
    made.add_argument("--only", metavar="NAME,…", help="these contestants and measurements alone")
    made.add_argument(
        "--envs", metavar="DIR", help="where peers are installed (bench in the cache)"
    )
    made.add_argument("--json", metavar="OUT", help="also write everything measured to this file")
    made.add_argument("--markdown", metavar="OUT", help="also write the report to this file")
    made.add_argument("--list", action="store_true", help="say who can be measured, and stop")
    made.add_argument(
        "--seconds",
        type=float,
        default=0.5,
        metavar="S",
        help="repeat quick contestants until a round has measured so much (0.5)",
    )
    return made


def main(arguments: Sequence[str]) -> int:
    # A Ctrl-C while a shell script started this in the background would otherwise be ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return _main(arguments)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("bench: interrupted, nothing is written", file=sys.stderr)
        return 130


def _main(arguments: Sequence[str]) -> int:
    given = parser().parse_args(arguments)
    if given.list:
        print(listing())
        return 0
    outputs = {name: _output(getattr(given, name)) for name in ("json", "markdown")}
    plan = Plan(
        files=[_resolved(file) for file in given.files] or default_files(),
        names=_names(given.only),
        rounds=_positive("--rounds", given.rounds),
        seconds=_positive("--seconds", given.seconds),
        cache=_resolved(given.envs) if given.envs else _cache(),
        wheel=Path(os.environ["HOTLOOP_WHEEL"]).absolute() if _has_wheel() else None,
        command=shlex.join(["./bazelw", "run", "//tests/bench", "--", *arguments]),
    )
    with tempfile.TemporaryDirectory(prefix="hotloop-bench-", dir=_memory_folder()) as work:
        results = run_suite(plan, Path(work), lambda line: print(f"bench: {line}", file=sys.stderr))
    judged = goals(results)
    text = markdown(results, judged)
    print(text, end="")
    if outputs["markdown"]:
        outputs["markdown"].write_text(text, encoding="utf-8")
    if outputs["json"]:
        written = json.dumps(as_json(results, judged), indent=1, ensure_ascii=False)
        outputs["json"].write_text(written + "\n", encoding="utf-8")
    return 0


def listing() -> str:
    rows = [(entry.name, entry.what) for entry in (*CONTESTANTS, *MEASUREMENTS)]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {what}" for name, what in rows)


def _names(only: str | None) -> list[str]:
    if only is None:
        return list(NAMES)
    wanted = [name for part in only.split(",") if (name := part.strip())]
    unknown = [name for name in wanted if name not in NAMES]
    if unknown or not wanted:
        raise BadArgumentsError(
            f"--only: no {', '.join(unknown) or 'name'}; --list says who there is"
        )
    return wanted


def _positive(option: str, value: Number) -> Number:
    if not value > 0:
        raise BadArgumentsError(f"{option}: {value} is not above 0")
    return value


def _resolved(path: str) -> Path:
    """Relative to where the person is, which `bazel run` is not."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY") or Path.cwd(), path)


def _output(path: str | None) -> Path | None:
    if path is None:
        return None
    resolved = _resolved(path)
    if not resolved.parent.is_dir() or resolved.is_dir():
        raise BadArgumentsError(f"{resolved}: cannot be written, no such folder or a folder itself")
    return resolved


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("HOTLOOP_CACHE") or Path(base, "hotloop")) / "bench"


def _has_wheel() -> bool:
    return bool(os.environ.get("HOTLOOP_WHEEL"))


def _memory_folder() -> str | None:
    """Files that peers read by path lie in memory where there is such a folder."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
