"""The command line's arguments and the help that teaches them."""

from __future__ import annotations

import argparse
import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from trader import __version__
from trader.betfair.signals.settings import QUEUE_MODELS

COMMANDS: Final = (
    *("demo", "replay", "parity", "compare", "live", "sim-exchange", "config", "compat"),
    *("orders", "cancel-all", "flatten", "kill", "resume"),
)
WORKERS_MAX: Final = 256
FEEDS: Final = ("raw", "normalized")
DEFAULT_COMMAND: Final = "demo"

_EXAMPLES: Final = """\
examples:
  trader                                          the demo: a generated race, paper money
  trader --hotloop python --execution python      the same without Rust
  trader demo --seed 11 --speed max --out demo    another race, as fast as it goes
  trader replay 1.200806927.json --out out        a recording through the trader
  trader replay day/*.bz2 --out day-out --execution rust
  trader parity 1.200806927.json                  Rust and Python hotloop, every answer compared
  trader compare out-rust out-python              two replays, row against row
  trader sim-exchange --markets 5 --speed 10      a Betfair of our own, for any client
  trader config check                             every file of configs/, checked
  trader config render --profile demo             the sidecar's own configuration
  trader compat                                   which versions work together, and yours
  trader live --profile live.yaml                 the venue's stream, orders by either executor
  trader orders --profile live.yaml               what is open at the venue, and positions
  trader cancel-all --profile live.yaml           all of it cancelled, whoever trades

exit codes: 0 done, 1 the check found a difference, 2 bad arguments, input or configuration,
3 could not start, 130 interrupted after a clean stop
"""
_REPLAY_EXAMPLES: Final = """\
A recording is lines of the market stream (op mcm), plain or as .gz or .bz2; of a .tar or .zip
every market recording in it is played. DIR gets summary.json and blotter.sqlite (tables runs,
intents, estimates, cannibalisation, reports, fills, settlements, positions); the same replay again
replaces them, a different one is refused. Several recordings are played at once, with the same
result; those that are finished when it is interrupted, or killed, are kept, and the same command
goes on with the rest.

examples:
  trader replay 1.127236622.bz2 --out out
  trader replay 1.200806927.json --out out-py --hotloop python --feed normalized
  trader replay 1.200806927.json --out wide --set edges.passive_maker.min_spread_ticks=3
  trader replay data.tar --out month --workers 8
"""
_LIVE_EXAMPLES: Final = """\
Logs in, asks the catalogue for what `selector` takes, and trades it until Ctrl-C (or until every
market of selector.market_ids is over and paid out). With execution.dry_run, which is the default,
nothing is sent: orders are matched here by the queue models. The profile says where the secrets
are (`betfair`), which edges trade (`edges`), where the journal of orders lies
(`execution.journal.dir`) and, to trade for real, `execution: {dry_run: false}`.

Started again after a crash it goes on: open orders, positions and hedges are taken up.
Ctrl-C cancels what rests. `trader orders` and `cancel-all` work beside it.

examples:
  trader live --profile live.yaml --set execution.dry_run=true
  trader live --profile live.yaml --record recordings
  trader live --profile live.yaml --execution rust --out day
"""
_PARITY_EXAMPLES: Final = """\
Feeds the lines of each FILE (op mcm; plain, .gz, .bz2 or .zip) to the Rust Hotloop and to the
Python reference, and compares what they answer after every line: books, signals, queue positions
of made-up orders, definitions, counts. Integers, flags and lists must be equal, floats to 1e-9
relative or 1e-12 absolute. Each feed with each queue model is a run of its own over the file; of
the second queue model on, only what a queue model can change is compared.

Stops at the first difference: file, line, market, runner, the call, both answers; exit code 1.

examples:
  trader parity 1.200806927.json
  trader parity day/*.bz2 --feed raw --queue-model prob_power
  trader parity 1.200806927.json --set hotloop.book.source=best --set hotloop.min_obs_s=0
"""
_COMPARE_EXAMPLES: Final = """\
DIR_A and DIR_B are the folders of two replays of the same files with the same profile and
configuration; backends and feed may differ. Every row of both blotters is held against its
counterpart, and the table shows what two runs are accepted by:

  what was read       lines, runner changes, markets
  what was wanted     intents per minute by edge, intents by action, replace:place ratio, fee share
  what was expected   last-traded times, and the distributions of p_fill and the time to fill that
                      the books gave for each order as it was sent
  what came of it     fills, matched stake, refusals, cancels, rejects, P&L of each market
  the blotters        rows of intents, estimates, reports, fills, settlements, positions
  time                apply_delta, decision, pfill_ttf: side by side with the ratio B to A

Equal means equal; signals (p_fill, time to fill) are so to 1e-9 relative or 1e-12 absolute, as in
`trader parity`, and the table says how many differ by that rounding. Times decide nothing. The
first difference is shown with its table, run, intent and column.

Exit code 1: something differs. Exit code 2: a folder holds no whole run, or the two were given
different things to do (it says which).

examples:
  trader replay 1.200806927.json --out out-rust
  trader replay 1.200806927.json --out out-python --hotloop python --execution python
  trader compare out-rust out-python
  trader compare out-rust out-python --json | jq '.rows[] | select(.equal == false)'
"""
_DESK_EXAMPLES: Final = """\
The configuration (--profile) says which journal of orders and which venue: the one that is traded
with. `orders` only reads. `cancel-all` asks the sidecar that trades, past its trader; where nobody
trades it does it itself. `flatten` closes positions at the market's prices, a few ticks beyond the
best at most, and refuses while somebody trades. After `kill` nothing new is taken, also by other
traders and after restarts, until `resume`. Exit code 1: something is left.

examples:
  trader orders --profile live.yaml
  trader cancel-all --profile live.yaml
  trader flatten --profile live.yaml
  trader kill --profile live.yaml
"""
_COMPAT_EXAMPLES: Final = """\
Asks the Hotloops and the executor that are installed here which versions they are, then prints the
matrix of every pair that was published (proto_wire/compatibility.yaml). A pair that does not work
is refused at the start with the code it names, never at the first order.

exit codes: 0 what is installed works together, 1 it does not, or what the configuration asks for
is missing

examples:
  trader compat
  trader compat --executor /opt/hotloop/bin/executor
  trader compat --json --profile dry
"""
_DEMO_EXAMPLES: Final = """\
A race of eight runners that never was, generated from a seed: ten minutes before the off, the
race in play, the settlement. It runs on a simulated exchange in this process, which the trader
reaches over sockets as it would Betfair; the exchange's time stands while the trader works, so a
seed gives one result. No account, no data, no network. With --execution rust the sidecar keeps
the orders in a dry run.

examples:
  trader demo
  trader demo --seed 11 --speed 60
  trader demo --hotloop python --execution python --speed max
"""


_EXCHANGE_EXAMPLES: Final = """\
A Betfair on this machine: the Exchange Stream API and API-NG (JSON-RPC and REST, with log-in), for
any client that can be given other addresses. Markets are recordings or generated races; your bets
queue, match, lapse, are voided and settle as they would have. Standard output has one JSON line
with addresses, account and files; a control port steps time, tells the ledger and makes faults.

  client = betfairlightweight.APIClient("hotloop", "paper-money", app_key="paper-app-key")
  client.api_uri, client.identity_uri = API + "/exchange/", API + "/api/"
  client.login_interactive()

With --tls, ca_file is the authority to trust; a client that is led here by the venue's host names
verifies them as it would there, and certs=DIR has the certificate of client.login().

Faults come from a YAML file, a list of rules, for example
  - {fault: timeout, operation: placeOrders, times: 1, executed: true}
  - {fault: duplicate, operation: ocm, probability: 0.1}

examples:
  trader sim-exchange
  trader sim-exchange --markets 20 --speed 5 --incidents
  trader sim-exchange --recording 1.200806927.json --speed 100
  trader sim-exchange --recording 1.127236622.bz2 --clock wall --tls --out exchange
  trader sim-exchange --clock stepped --faults faults.yaml
"""


class ArgumentError(Exception):
    """The command line is refused; one line, exit code 2."""


class Parser(argparse.ArgumentParser):
    """argparse with one-line errors raised instead of printed with the whole usage."""

    def error(self, message: str) -> NoReturn:
        raise ArgumentError(f"{message} (see `{self.prog} --help`)")


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
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"hotloop trader {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_replay(commands)
    _add_parity(commands)
    _add_compare(commands)
    _add_exchange(commands)
    _add_config(commands)
    _add_compat(commands)
    _add_live(commands)
    _add_desk(commands)
    return parser


def _add_demo(commands: argparse._SubParsersAction[Parser]) -> None:
    demo = _command(commands, "demo", "trade paper money on a generated race", _DEMO_EXAMPLES)
    demo.add_argument("--seed", type=_seed, help="which race (default: simulator.demo.seed)")
    demo.add_argument(
        "--speed",
        type=_speed,
        metavar="X",
        help="market seconds per second, or max (default: simulator.demo.speed)",
    )
    demo.add_argument(
        "--out", metavar="DIR", help="where to write (default: a folder of your user's own)"
    )
    _add_backends(demo)
    _add_config_options(demo, "demo")


def _add_replay(commands: argparse._SubParsersAction[Parser]) -> None:
    replay = _command(commands, "replay", "recordings through the trader", _REPLAY_EXAMPLES)
    replay.add_argument("files", nargs="+", metavar="FILE", help="recordings of the market stream")
    replay.add_argument("--out", metavar="DIR", required=True, help="where to write")
    replay.add_argument(
        "--feed",
        choices=FEEDS,
        help="lines into the seam as they are, or decoded here first (default: simulator.feed)",
    )
    _add_backends(replay)
    _add_many(replay)
    _add_config_options(replay, "dry")


def _add_many(replay: argparse.ArgumentParser) -> None:
    replay.add_argument(
        "--workers",
        type=_workers,
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


def _add_parity(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "hold the Rust hotloop against the Python reference"
    parity = _command(commands, "parity", summary, _PARITY_EXAMPLES)
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
    _add_config_options(parity, "dry")


def _add_compare(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "hold two replays against each other, row by row"
    compare = _command(commands, "compare", summary, _COMPARE_EXAMPLES)
    compare.add_argument("dir_a", metavar="DIR_A", help="the folder of a run (its --out)")
    compare.add_argument("dir_b", metavar="DIR_B", help="the folder of another run")
    compare.add_argument("--json", action="store_true", help="the table for scripts")


def _add_exchange(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "a simulated Betfair for any client"
    exchange = _command(commands, "sim-exchange", summary, _EXCHANGE_EXAMPLES)
    exchange.add_argument(
        "--recording",
        metavar="FILE",
        action="append",
        default=[],
        dest="recordings",
        help="play a recording of the market stream; may be repeated (default: generated races)",
    )
    exchange.add_argument(
        "--markets", type=_count, metavar="N", help="how many generated races (default: 1)"
    )
    exchange.add_argument(
        "--incidents",
        action="store_true",
        help="generated races with a non-runner, starting prices and a suspension in play",
    )
    exchange.add_argument("--seed", type=_seed, help="which races (default: simulator.demo.seed)")
    exchange.add_argument(
        "--clock",
        choices=("scaled", "wall", "stepped"),
        default="scaled",
        help="the markets' own time at --speed; now; or only when the control port says so",
    )
    exchange.add_argument(
        "--speed", type=_pace, metavar="X", help="market seconds per second (default: 1)"
    )
    exchange.add_argument("--tls", action="store_true", help="TLS with a certificate made now")
    for name in ("stream", "api", "control"):
        exchange.add_argument(
            f"--{name}-port", type=_port, default=0, metavar="P", help="default: any free port"
        )
    exchange.add_argument("--faults", metavar="FILE", help="fault rules (YAML or JSON)")
    exchange.add_argument(
        "--out",
        metavar="DIR",
        help="for certificates and the control token (default: one that goes in the end)",
    )
    exchange.add_argument("--keep", action="store_true", help="go on after the last settlement")
    _add_config_options(exchange, None)


def _add_live(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "trade at the venue, or watch it in a dry run"
    live = _command(commands, "live", summary, _LIVE_EXAMPLES)
    live.add_argument(
        "--out",
        metavar="DIR",
        help="blotter and summary (default: a folder of your user's own for the profile)",
    )
    live.add_argument(
        "--record", metavar="DIR", help="also keep the market stream there, to be replayed"
    )
    _add_backends(live)
    _add_config_options(live, None)


def _add_config(commands: argparse._SubParsersAction[Parser]) -> None:
    config = _command(commands, "config", "check or render the configuration", "")
    actions = config.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = _command(actions, "check", "check base.yaml and the profiles, list every problem", "")
    _add_config_options(check, None)
    render = _command(actions, "render", "print the sidecar's JSON made from the YAML", "")
    _add_config_options(render, "demo")


def _add_compat(commands: argparse._SubParsersAction[Parser]) -> None:
    summary = "which versions work together, and whether those installed here do"
    compat = _command(commands, "compat", summary, _COMPAT_EXAMPLES)
    compat.add_argument(
        "--executor", metavar="FILE", help="a binary to ask (default: the one the trader starts)"
    )
    compat.add_argument("--json", action="store_true", help="for scripts")
    _add_config_options(compat, None)


def _add_desk(commands: argparse._SubParsersAction[Parser]) -> None:
    for name, summary in (
        ("orders", "print open orders and positions, as the journal of orders has them"),
        ("cancel-all", "cancel every order, by the executor that runs or by one of its own"),
        ("flatten", "cancel every order and close every position, when nobody trades"),
        ("kill", "cancel every order and take no new ones, whoever sends them, until resume"),
        ("resume", "take new orders again after a kill, by hand or by risk.max_loss"),
    ):
        _add_config_options(_command(commands, name, summary, _DESK_EXAMPLES), None)


def _command(
    commands: argparse._SubParsersAction[Parser], name: str, summary: str, more: str
) -> Parser:
    return commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _add_backends(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hotloop", choices=("rust", "python"), help="who keeps books and signals")
    parser.add_argument(
        "--execution", choices=("rust", "python"), help="the sidecar, or this process"
    )


def _add_config_options(parser: argparse.ArgumentParser, profile: str | None) -> None:
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


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number below 2^63")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 5_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to 5000")
    return int(text)


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= WORKERS_MAX:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to {WORKERS_MAX}")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port from 0 to 65535")
    return int(text)


def _pace(text: str) -> float:
    speed = _speed(text)
    if not speed:
        raise argparse.ArgumentTypeError("an exchange has no 'max': its clients need time")
    return speed


def _speed(text: str) -> float:
    if text == "max":
        return 0.0
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0.01 <= speed <= 1e6:
        raise argparse.ArgumentTypeError(f"'{text}' is not 'max' or a number from 0.01 to 1000000")
    return speed
