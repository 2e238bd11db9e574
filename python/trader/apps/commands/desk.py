"""`trader orders`, `cancel-all`, `kill`, `resume`, `flatten`: the hands of the person at the desk.

All of them go by the journal of orders: what is open stands there, whichever executor runs or none.
`cancel-all`, `kill` and `resume` ask the executor that has the journal; where nobody has it, one is
started for it. `flatten` is for when nobody trades: it has the journal to itself.
"""

from __future__ import annotations

import argparse
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from trader.apps.commands.common import traded_with
from trader.apps.commands.live_executor import document
from trader.apps.interrupt import Interrupt
from trader.betfair import ladder
from trader.execution.executor_py.from_document import python_executor
from trader.execution.executor_py.journal_file import JournalInUseError
from trader.execution.executor_py.secret_file import read_secret
from trader.execution.executor_py.venue_executor import VenueExecutor
from trader.execution.interfaces.executor import ExecutorStartError
from trader.execution.interfaces.ids import IdSource
from trader.execution.interfaces.intents import QuoteIntent, Side
from trader.execution.interfaces.reports import ExecutionReport
from trader.execution.ipc import Bus
from trader.execution.orders.order import Order
from trader.live.adopt import read_journal

WAIT_S: Final = 30.0
CLOSE_TICKS: Final = 3
"""A position is closed at the best price, or up to so many ticks beyond it."""
CLOSE_MS: Final = 3_000
"""What is not matched within this time is cancelled."""
EDGE: Final = "flatten"
_LOOK_S: Final = 0.01
_DIFFERENCE: Final = 1


def orders(arguments: argparse.Namespace, _interrupt: Interrupt) -> int:
    """Prints open orders and positions. Reads the journal only."""
    sections = document(traded_with(arguments))
    book = read_journal(Path(sections["journal"]["dir"]))
    for order in book.orders.values():
        print(_line(order))
    for market_id, runners in sorted(book.exposure.markets.items()):
        for (selection_id, handicap_centi), profit in runners:
            runner = f"{selection_id}" + (f"/{handicap_centi / 100:+g}" if handicap_centi else "")
            print(
                f"position  {market_id} {runner:>12}  if it wins {profit.if_wins / 10_000:+10.2f}"
                f"  if it loses {profit.if_loses / 10_000:+10.2f}"
            )
    count = len(book.orders)
    print(f"{count} order{'' if count == 1 else 's'} open{', KILLED' if book.killed else ''}")
    return 0


def _line(order: Order) -> str:
    intent = order.intent
    stage = type(order.stage).__name__.lower()
    return (
        f"{order.name:<32}  {intent.market_id} {intent.selection_id:>12} {intent.side.value:<4} "
        f"{intent.price_centi / 100:>7.2f}  {max(order.remaining_centi, 0) / 100:>9.2f} open  "
        f"{order.matched[0] / 100:>9.2f} matched  {stage:<7} bet {order.bet_id or '-'}"
    )


def cancel_all(arguments: argparse.Namespace, _interrupt: Interrupt) -> int:
    """Cancels every order. Exit code 1 when some are still open."""
    if arguments.if_needed:
        config = traded_with(arguments)
        journal = config.execution.journal.dir
        if config.execution.dry_run or not read_journal(Path(journal), may_be_absent=True).orders:
            print("no order is open")
            return 0
    return _control(arguments, "cancel_all")


def kill(arguments: argparse.Namespace, _interrupt: Interrupt) -> int:
    """Cancels every order and refuses new ones, whoever sends them, until `resume`. Exit code 1
    when some are still open."""
    return _control(arguments, "kill")


def resume(arguments: argparse.Namespace, _interrupt: Interrupt) -> int:
    """Takes new orders again after a kill."""
    return _control(arguments, "resume")


def _control(arguments: argparse.Namespace, action: str) -> int:
    sections = document(traded_with(arguments))
    folder = Path(sections["journal"]["dir"])
    try:
        with _executor(sections) as executor:
            executor.control(action, "by hand")
            if action != "resume":
                return _ended(executor)
            executor.poll()
    except JournalInUseError as error:
        _ask(error.holder, action)
        if action != "resume":
            return _told(_wait(lambda: len(read_journal(folder).orders)))
    print("new orders are taken again; a trader that has killed itself has to be started again")
    return 0


def _ask(holder: Mapping[str, Any], action: str) -> None:
    """Tells the executor that has the journal. Raises `ExecutorStartError`."""
    if holder.get("backend") != "rust" or "control" not in holder:
        raise ExecutorStartError(
            f"the orders are in the hands of process {holder.get('pid', '?')} (a trader with the "
            "Python executor): end it with Ctrl-C or SIGTERM, it cancels what rests; "
            "one that hangs with SIGKILL, then run this again"
        )
    request = urllib.request.Request(
        f"http://{holder['control']}/control/{action}",
        method="POST",
        headers={"X-Token": read_secret(holder["token_file"])},
    )
    # Past any proxy of the environment: the token is for the sidecar alone.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=WAIT_S) as reply:
            msgspec.json.decode(reply.read())
    except (OSError, urllib.error.URLError, msgspec.DecodeError) as error:
        raise ExecutorStartError(
            f"the sidecar (process {holder.get('pid')}) does not answer: {error}; end it "
            "(SIGKILL if need be), then run this again"
        ) from None


def flatten(arguments: argparse.Namespace, _interrupt: Interrupt) -> int:
    """Cancels every order and closes every position at the market's prices. Exit code 1 when
    something is left."""
    sections = document(traded_with(arguments))
    try:
        with _executor(sections, is_the_end=True) as executor:
            executor.control("cancel_all", "by hand")
            left = _ended(executor)
            return _close_all(executor) or left
    except JournalInUseError as error:
        raise ExecutorStartError(
            f"process {error.holder.get('pid', '?')} trades with this journal: end it first "
            "(`trader cancel-all` cancels what rests meanwhile)"
        ) from None


@contextmanager
def _executor(sections: Mapping[str, Any], *, is_the_end: bool = False) -> Iterator[VenueExecutor]:
    """One of our own. Its reports are kept for the trader that comes next, which has to know what
    was matched meanwhile; not where this is the end. Raises `JournalInUseError`,
    `ExecutorStartError`."""
    bus = Bus()
    if not is_the_end:
        bus.halt()
    executor = python_executor(dict(sections) | {"on_stop": "leave"}, bus)
    executor.start()
    try:
        yield executor
    finally:
        executor.stop()


def _ended(executor: VenueExecutor) -> int:
    """Waits for the end of every order."""

    def open_orders() -> int:
        executor.poll()
        return len(executor.machine.book.orders)

    return _told(_wait(open_orders))


def _told(left: int) -> int:
    if left:
        print(f"{left} orders are still open after {WAIT_S:g} s; run this again")
        return _DIFFERENCE
    print("no order is open")
    return 0


def _wait(count: Callable[[], int]) -> int:
    """What is left when nothing is, or when it took too long."""
    deadline_s = time.monotonic() + WAIT_S
    while (left := count()) and time.monotonic() < deadline_s:
        time.sleep(_LOOK_S)
    return left


# --- flatten ------------------------------------------------------------------------------------


def _close_all(executor: VenueExecutor) -> int:
    """Evens every position out: as much is won whether a runner wins or loses."""
    ended: dict[str, ExecutionReport] = {}

    def heard(report: ExecutionReport) -> None:
        if report.is_terminal:
            ended[report.intent_id] = report

    executor.bus.subscribe(heard)
    names = IdSource(time.time_ns() & 0xFFFF_FFFF)
    sent: list[QuoteIntent] = []
    for market_id, runners in sorted(executor.machine.book.exposure.markets.items()):
        prices = executor.best_prices(market_id)
        for runner, profit in runners:
            wish = _closing(market_id, runner, profit.if_wins - profit.if_loses, prices, names)
            if wish is not None:
                sent.append(wish)
    for wish in sent:
        executor.submit(wish)

    def waiting() -> int:
        executor.poll()
        return sum(wish.intent_id not in ended for wish in sent)

    _wait(waiting)
    left = 0
    for wish in sent:
        report = ended.get(wish.intent_id)
        matched = report.size_matched_centi if report is not None else 0
        code = report.reject_code if report is not None else "no answer"
        print(
            f"{wish.side.value:<4} {wish.size_centi / 100:.2f} at {wish.price_centi / 100:.2f} of "
            f"{wish.market_id} {wish.selection_id}: {matched / 100:.2f} matched"
            + (f" ({code})" if code else "")
        )
        left += matched < wish.size_centi
    if not sent:
        print("no position is open")
    return _DIFFERENCE if left else 0


def _closing(
    market_id: str,
    runner: tuple[int, int],
    difference: int,
    prices: Mapping[tuple[int, int], tuple[int | None, int | None]],
    names: IdSource,
) -> QuoteIntent | None:
    """The order that evens a runner out. `difference`: what is won more if it wins than if it
    loses, hundredths of hundredths; `prices`: the best to back at and to lay at, hundredths."""
    to_back, to_lay = prices.get(runner, (None, None))
    side, best = (Side.LAY, to_lay) if difference > 0 else (Side.BACK, to_back)
    if not difference or best is None:
        return None
    size_centi = round(abs(difference) / best)
    if size_centi < 1:
        return None
    step = ladder.next_price if side is Side.LAY else ladder.prev_price
    limit = best
    for _ in range(CLOSE_TICKS):
        limit = step(limit) or limit
    now_ms = time.time_ns() // 1_000_000
    return QuoteIntent.place(
        intent_id=names.new(now_ms),
        ts_ms=now_ms,
        edge=EDGE,
        market_id=market_id,
        selection_id=runner[0],
        handicap_centi=runner[1],
        side=side,
        price_centi=limit,
        size_centi=size_centi,
        ttl_ms=CLOSE_MS,
        dry_run=False,
    )
