"""For tests of the exchange: hand-made markets in a feed, a venue on them, bets on that.

Times are milliseconds after `T0_MS`. Prices are odds and sizes money, as the stream spells them;
what bets hold is in hundredths, as everywhere in the venue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

from trader.betfair.books import RESTED_SIDES, RestedSide
from trader.simulator.catalogue import Catalogue, CatalogueMarket
from trader.simulator.exchange.accounts import Account, AccountConfig
from trader.simulator.exchange.bets import Bet, OrderType, PersistenceType
from trader.simulator.exchange.market import ExchangeMarket
from trader.simulator.exchange.venue import Changes, Venue, VenueConfig
from trader.simulator.feeds import FeedEvent

T0_MS: Final = 1_700_000_000_000
MARKET: Final = "1.100000001"
RUNNERS: Final = (101, 102, 103, 104)
DEPOSIT_E4: Final = 100_000_000

Rows = Sequence[Sequence[float]]


def offers(
    selection_id: int,
    back: Rows = (),
    lay: Rows = (),
    traded: Rows = (),
    *,
    handicap: float | None = None,
    **values: Any,
) -> dict[str, Any]:
    """An `rc` entry: what is available to back and to lay, what was traded, and single values."""
    entry: dict[str, Any] = {"id": selection_id, **values}
    if handicap is not None:
        entry["hc"] = handicap
    for array, rows in (("atb", back), ("atl", lay), ("trd", traded)):
        if rows:
            entry[array] = [list(row) for row in rows]
    return entry


QUOTES: Final = (
    offers(101, back=[[3.0, 100]], lay=[[3.2, 100]]),
    offers(102, back=[[4.0, 100]], lay=[[4.2, 100]]),
)
"""Two runners with a lot on offer at one price a side."""


class MemoryFeed:
    """A `Feed` of the events it is given, in their order."""

    def __init__(self, events: Iterable[FeedEvent]) -> None:
        self._events = list(events)
        self._catalogue = Catalogue()
        for event in self._events:
            for change in event.changes:
                self._catalogue.learn(change)

    @property
    def first_pt_ms(self) -> int:
        return self._events[0].pt_ms

    def catalogue(self) -> Sequence[CatalogueMarket]:
        return self._catalogue.markets()

    def events(self) -> Iterator[FeedEvent]:
        return iter(self._events)


def event(at_ms: int, *changes: dict[str, Any]) -> FeedEvent:
    """What happens `at_ms` after `T0_MS`."""
    return FeedEvent(T0_MS + at_ms, changes)


def runner(
    selection_id: int,
    status: str = "ACTIVE",
    *,
    factor: float | None = 10.0,
    bsp: float | str | None = None,
    handicap: float | None = None,
    priority: int | None = None,
) -> dict[str, Any]:
    """One runner of a definition; `factor` is its reduction factor in percent."""
    entry: dict[str, Any] = {"id": selection_id, "status": status}
    entry["sortPriority"] = selection_id % 100 if priority is None else priority
    optional = {"adjustmentFactor": factor, "bsp": bsp, "hc": handicap}
    return entry | {key: value for key, value in optional.items() if value is not None}


def definition(runners: Iterable[Any] = RUNNERS, **fields: Any) -> dict[str, Any]:
    """A `marketDefinition` of an open win market before the off. `runners` are selection ids, or
    entries as of `runner`. `fields` are further ones or other
    values, by their own spelling; None leaves one out."""
    made = {
        "bspMarket": True,
        "turnInPlayEnabled": True,
        "persistenceEnabled": True,
        "marketBaseRate": 5.0,
        "eventId": "30000001",
        "eventTypeId": "7",
        "numberOfWinners": 1,
        "bettingType": "ODDS",
        "marketType": "WIN",
        "marketTime": "2023-11-14T22:20:00.000Z",
        "suspendTime": "2023-11-14T22:20:00.000Z",
        "bspReconciled": False,
        "complete": True,
        "inPlay": False,
        "crossMatching": False,
        "runnersVoidable": False,
        "betDelay": 0,
        "status": "OPEN",
        "runners": [one if isinstance(one, dict) else runner(one) for one in runners],
        "regulators": ["MR_INT"],
        "discountAllowed": True,
        "timezone": "GMT",
        "openDate": "2023-11-14T22:20:00.000Z",
        "version": 1,
        "priceLadderDefinition": {"type": "CLASSIC"},
    }
    return {key: value for key, value in (made | fields).items() if value is not None}


def change(
    rc: Sequence[dict[str, Any]] = (),
    defined: dict[str, Any] | None = None,
    *,
    market_id: str = MARKET,
    image: bool = False,
    **values: Any,
) -> dict[str, Any]:
    """An `mc` entry."""
    entry: dict[str, Any] = {"id": market_id, **values}
    if image:
        entry["img"] = True
    if defined is not None:
        entry["marketDefinition"] = defined
    if rc:
        entry["rc"] = list(rc)
    return entry


def defined(
    at_ms: int,
    runners: Iterable[Any] = RUNNERS,
    *,
    market_id: str = MARKET,
    rc: Sequence[dict[str, Any]] = (),
    image: bool = False,
    **fields: Any,
) -> FeedEvent:
    """A definition comes at a time; `fields` as of `definition`."""
    made = definition(runners, **fields)
    return event(at_ms, change(rc, made, market_id=market_id, image=image))


def traded(at_ms: int, *rc: dict[str, Any], market_id: str = MARKET) -> FeedEvent:
    """Runners change at a time: entries as of `offers`."""
    return event(at_ms, change(rc, market_id=market_id))


class Placed(NamedTuple):
    """A LIMIT bet of a property test, and when it is placed."""

    at_ms: int
    side: RestedSide
    price_centi: int
    size: int
    selection_id: int
    persistence: PersistenceType
    account: str


PERSISTENCES: Final[tuple[PersistenceType, ...]] = ("LAPSE", "PERSIST", "MARKET_ON_CLOSE")
PRICES_CENTI: Final = (250, 298, 300, 305, 310, 400, 420)


def placed_bets(until_ms: int = 3_900) -> st.SearchStrategy[list[Placed]]:
    """Bets of two accounts on the market of `whole_life`, in the order of their times."""
    one = st.builds(
        Placed,
        at_ms=st.integers(0, until_ms),
        side=st.sampled_from(RESTED_SIDES),
        price_centi=st.sampled_from(PRICES_CENTI),
        size=st.integers(1, 40),
        selection_id=st.sampled_from(RUNNERS),
        persistence=st.sampled_from(PERSISTENCES),
        account=st.sampled_from(["one", "two"]),
    )
    return st.lists(one, min_size=1, max_size=12).map(sorted)


def whole_life(
    winners: Sequence[int] = (101,), *, factor: float = 20.0, places: int = 1, **fields: Any
) -> list[FeedEvent]:
    """A market from its opening to its results, with trading, suspensions, the removal of 104 with
    a reduction factor, starting prices (103 has none), and the turn in-play. `fields` are those of
    every definition."""
    gone = runner(104, "REMOVED", factor=factor)
    prices: dict[int, float | str] = {101: 3.2963, 102: 4.1, 103: "NaN"}
    ready = [runner(key, bsp=price) for key, price in prices.items()]
    over = [runner(key, "WINNER" if key in winners else "LOSER", bsp=prices[key]) for key in prices]
    fields = {"numberOfWinners": places, **fields}
    started = fields | {"bspReconciled": True, "inPlay": True, "betDelay": 1}
    book = [
        offers(101, back=[[3.0, 20], [2.98, 30]], lay=[[3.1, 10]]),
        offers(102, back=[[4.0, 9]], lay=[[4.2, 9]]),
        offers(104, back=[[4.0, 9]], lay=[[4.2, 9]]),
    ]
    wiped = [{"id": 104, "atb": [[4.0, 0]], "atl": [[4.2, 0]], "trd": []}]
    at_sp = fields | {"bspReconciled": True}
    return [
        defined(0, image=True, rc=book, **fields),
        traded(400, offers(101, lay=[[3.1, 4]], traded=[[3.1, 30]])),
        traded(900, offers(102, back=[[4.3, 3]], lay=[[4.2, 0]])),
        defined(1_500, [*RUNNERS[:3], gone], rc=wiped, version=2, status="SUSPENDED", **fields),
        defined(2_000, [*RUNNERS[:3], gone], version=3, **fields),
        traded(2_400, offers(101, back=[[3.0, 2]], traded=[[3.0, 44]])),
        defined(3_000, [*ready, gone], version=4, status="SUSPENDED", **at_sp),
        defined(3_100, [*ready, gone], version=5, **started),
        traded(3_500, offers(101, back=[[2.5, 40]], lay=[[2.6, 40]])),
        defined(4_000, [*ready, gone], version=6, status="SUSPENDED", **started),
        defined(5_000, [*over, gone], version=7, status="CLOSED", **started),
    ]


class Heard:
    """A listener that keeps all it is told."""

    def __init__(self) -> None:
        self.changes: list[Changes] = []

    def changed(self, changes: Changes) -> None:
        self.changes.append(changes)


class Scene:
    """A venue on hand-made events, by default one open market that nobody else bets on.

    Accounts are "one", "two" and so on, with a deposit of 10,000.00 each.
    """

    def __init__(
        self,
        *events: FeedEvent,
        accounts: int = 1,
        discount_percent: float = 0.0,
        deposit_e4: int = DEPOSIT_E4,
        **config: Any,
    ) -> None:
        names = ("one", "two", "three", "four")[:accounts]
        opened = tuple(
            AccountConfig(name, deposit_e4=deposit_e4, discount_percent=discount_percent)
            for name in names
        )
        feed = MemoryFeed(events or [defined(0, image=True)])
        self.venue = Venue(VenueConfig(accounts=opened, **config), feed)
        self.heard = Heard()
        self.venue.listen(self.heard)
        self.to(0)

    @property
    def market(self) -> ExchangeMarket:
        """The market most tests have."""
        return self.venue.markets[MARKET]

    def account(self, name: str = "one") -> Account:
        return self.venue.accounts[name]

    def to(self, at_ms: int) -> Scene:
        """It becomes `at_ms` after `T0_MS`."""
        self.venue.advance(T0_MS + at_ms)
        return self

    def bet(
        self,
        side: RestedSide,
        price: float,
        size: float,
        selection_id: int = RUNNERS[0],
        *,
        account: str = "one",
        market_id: str = MARKET,
        order_type: OrderType = "LIMIT",
        persistence: PersistenceType = "LAPSE",
        handicap: float = 0.0,
        **fields: Any,
    ) -> Bet:
        """Places a bet now, without the checks of the API, and flushes. An on-close bet has its
        liability for a size, and its limit (0: none) for a price."""
        size_centi = round(size * 100)
        bet = Bet(
            bet_id=self.venue.new_bet_id(),
            account_id=self.account(account).account_id,
            market_id=market_id,
            runner=(selection_id, round(handicap * 100)),
            side=side,
            order_type=order_type,
            price_centi=round(price * 100),
            size_centi=size_centi,
            persistence=persistence,
            placed_ms=self.venue.now_ms,
            liability_centi=0 if order_type == "LIMIT" else size_centi,
            **fields,
        )
        self.venue.record(bet)
        if order_type == "LIMIT":
            self.venue.enter(bet)
        self.venue.flush()
        return bet

    def place(self, placed: Placed) -> Bet:
        """Places a bet of a property test."""
        return self.bet(
            placed.side,
            placed.price_centi / 100,
            placed.size,
            placed.selection_id,
            account=placed.account,
            persistence=placed.persistence,
        )


def is_taken(scene: Scene, placed: Placed) -> bool:
    """Whether the market of a scene takes such a bet now."""
    of = scene.market.runner_definition((placed.selection_id, 0))
    return scene.market.status == "OPEN" and of is not None and of.status == "ACTIVE"


def matched(bet: Bet) -> list[tuple[int, int]]:
    """(price, size) of each match, as they count now."""
    return [(match.price_centi, match.size_centi) for match in bet.matches]


def lapsed(bet: Bet, size_centi: int, reason: str | None, at_ms: int) -> None:
    """Asserts that a bet ended because so much of it lapsed."""
    in_order(bet)
    assert (bet.lapsed_centi, bet.lapse_reason) == (size_centi, reason)
    assert (bet.status, bet.lapsed_ms) == ("EXECUTION_COMPLETE", T0_MS + at_ms)


def in_order(bet: Bet) -> None:
    """Asserts what holds of every bet at every time: each hundredth of its size is somewhere."""
    parts = {
        "matched": bet.matched_centi,
        "remaining": bet.remaining_centi,
        "lapsed": bet.lapsed_centi,
        "cancelled": bet.cancelled_centi,
        "voided": bet.voided_centi,
    }
    assert all(part >= 0 for part in parts.values()), (bet.bet_id, parts)
    assert sum(parts.values()) == bet.size_centi, (bet.bet_id, parts)
    if bet.status == "EXECUTABLE":
        assert bet.remaining_centi > 0, (bet.bet_id, parts)
    elif bet.status != "PENDING":
        assert bet.remaining_centi == 0, (bet.bet_id, bet.status, parts)
