"""Paper trading: the trader as a client of a simulated exchange in this process, over sockets.

The exchange's time stands while the trader works: it goes on to the next thing that happens when
every line the venue has sent was taken, and every request it was sent has been answered. So a run
depends on the feed, the seed and the configuration alone, though everything goes over the wire.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

from trader.betfair.dial import StreamEndpoint
from trader.betfair.stream import StreamClient, StreamCredentials, Subscription
from trader.clock import SteppedClock
from trader.config.schema import Config
from trader.execution.executor_py.venue_client import VenueAddress, VenueClient
from trader.execution.executor_py.venue_executor import VenueExecutor
from trader.execution.executor_py.venue_settings import VenueSettings
from trader.execution.interfaces.executor import Executor, ExecutorLost
from trader.execution.ipc import Bus
from trader.execution.orders.config import Config as OrdersConfig
from trader.execution.orders.config import Limits, Pacing
from trader.monitoring.metrics import Metrics
from trader.order_desk import STRATEGY_REF
from trader.simulator.exchange import oracle
from trader.simulator.exchange.accounts import AccountConfig
from trader.simulator.exchange.embedded import EmbeddedExchange
from trader.simulator.exchange.server import HOST
from trader.simulator.exchange.venue import Venue, VenueConfig
from trader.simulator.feeds import Feed
from trader.strategy.hotloop.config import read_config

MARKET_FIELDS: Final = ("EX_ALL_OFFERS", "EX_TRADED", "EX_TRADED_VOL", "EX_LTP", "EX_MARKET_DEF")
HEARTBEAT_MS: Final = 5_000
LINE_TIMEOUT_S: Final = 20.0
NO_LIMIT_CENTI: Final = 10**12
NO_LIMIT: Final = 10**9


def venue_config(config: Config) -> VenueConfig:
    """The venue that a configuration describes."""
    settings = config.simulator.exchange
    return VenueConfig(
        seed=settings.seed,
        accounts=(AccountConfig(deposit_e4=round(settings.deposit * 10_000)),),
        signals=read_config(config.hotloop.seam_config()).signals,
        session_ms=round(settings.session_s * 1000),
        best_execution=settings.best_execution,
        settle_after_ms=settings.settle_after_ms,
    )


@dataclass(frozen=True, slots=True)
class AccountResult:
    """How the venue's account stands at the end. Money in 1/10,000."""

    gross_e4: int
    commission_e4: int
    bets: int
    matched_centi: int
    markets_settled: int

    @property
    def net_e4(self) -> int:
        return self.gross_e4 - self.commission_e4

    def as_json(self) -> dict[str, Any]:
        """For `summary.json`: money as decimals."""
        return {
            "bets": self.bets,
            "matched_stake": self.matched_centi / 100,
            "markets_settled": self.markets_settled,
            "gross": self.gross_e4 / 10_000,
            "commission": self.commission_e4 / 10_000,
            "net": self.net_e4 / 10_000,
        }


def _orders(config: Config) -> OrdersConfig:
    """What the order machine keeps to, money of another venue left out: what a paper account may
    cost, its deposit says."""
    return OrdersConfig(
        limits=Limits(
            **asdict(config.execution.limits.dry_run()),
            max_market_exposure_centi=NO_LIMIT_CENTI,
            max_exposure_centi=NO_LIMIT_CENTI,
        ),
        pacing=Pacing(per_hour=NO_LIMIT),
    )


class PaperVenue:
    """A running exchange with one account, the trader's market stream on it, and its executor."""

    def __init__(self, config: Config, feed: Feed) -> None:
        venue = venue_config(config)
        self._account = venue.accounts[0]
        self._clock = SteppedClock(feed.first_pt_ms)
        self._exchange = EmbeddedExchange(Venue(venue, feed), self._clock)
        self._stack = ExitStack()
        self._client: VenueClient | None = None

    def __enter__(self) -> Self:
        self._stack.enter_context(self._exchange)
        url = self._exchange.api_url
        address = VenueAddress(
            url, url, self._account.app_key, self._account.username, self._account.password
        )
        self._client = VenueClient(address)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def address(self) -> str:
        """Where its API listens, to be shown."""
        return self._exchange.api_url

    def make_executor(self, config: Config, bus: Bus, metrics: Metrics, run_dir: Path) -> Executor:
        """The executor that trades here, as a session asks for it; not started yet."""
        del metrics, run_dir
        return VenueExecutor(
            bus,
            self._need_client(),
            self._endpoint(),
            self._account.app_key,
            VenueSettings(STRATEGY_REF, orders=_orders(config)),
            lockstep=self._exchange,
        )

    def lines(self) -> Generator[bytes, None, None]:
        """The market stream's lines, the venue's time going on between them, until its feed has
        ended and its markets are settled. Raises `ExecutorLost` when the venue is gone."""
        client = self._need_client()
        client.login()
        stream = StreamClient(
            self._endpoint(),
            Subscription(
                "marketSubscription",
                {"marketFilter": {}, "marketDataFilter": {"fields": list(MARKET_FIELDS)}},
                heartbeat_ms=HEARTBEAT_MS,
                silent_s=math.inf,
            ),
            StreamCredentials(self._account.app_key, lambda: client.token, client.login),
        )
        try:
            yield self._line(stream)  # the first: connects
            while True:
                connection_id, taken = stream.position
                if taken < self._exchange.lines_sent(connection_id):
                    yield self._line(stream)
                    continue
                if not self._exchange.step_on():
                    return
        finally:
            stream.close()

    def result(self) -> AccountResult:
        """How the account stands."""
        ledger = self._exchange.call(lambda server: oracle.ledger(server.venue))
        account = ledger["accounts"][self._account.username]
        return AccountResult(
            gross_e4=sum(one["gross_e4"] for one in account["settlements"]),
            commission_e4=sum(one["commission_e4"] for one in account["settlements"]),
            bets=len(account["bets"]),
            matched_centi=sum(bet["matched_centi"] for bet in account["bets"]),
            markets_settled=len(account["settlements"]),
        )

    def _line(self, stream: StreamClient) -> bytes:
        line = stream.next_line(LINE_TIMEOUT_S)
        if line is None:
            raise ExecutorLost(f"the venue's market stream is silent for {LINE_TIMEOUT_S:g} s")
        return line

    def _endpoint(self) -> StreamEndpoint:
        return StreamEndpoint(HOST, self._exchange.ports.stream, tls=False)

    def _need_client(self) -> VenueClient:
        assert self._client is not None, "the venue was entered"
        return self._client
