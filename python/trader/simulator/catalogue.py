"""What listMarketCatalogue tells of a market, from the market's definition.

A definition on the live stream names nobody; official recordings and the generator put the names
in (`name` and `eventName` of the definition, `name` of a runner). Where there are none they are
made from the ids, so that everything has a name.

How much is matched changes all the time and is left to whoever keeps the books.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

MARKETS_MAX: Final = 5_000
EVENT_TYPES: Final[Mapping[str, str]] = {
    "1": "Soccer",
    "2": "Tennis",
    "3": "Golf",
    "4": "Cricket",
    "5": "Rugby Union",
    "6": "Boxing",
    "7": "Horse Racing",
    "8": "Motor Sport",
    "1477": "Rugby League",
    "3503": "Darts",
    "4339": "Greyhound Racing",
    "6422": "Snooker",
    "6423": "American Football",
    "7511": "Baseball",
    "7522": "Basketball",
    "7524": "Ice Hockey",
    "61420": "Australian Rules",
    "468328": "Handball",
    "998917": "Volleyball",
    "2378961": "Politics",
    "26420387": "Mixed Martial Arts",
    "27454571": "Esports",
}

_Kind: TypeAlias = type | tuple[type, ...]
_NUMBER: Final[_Kind] = (int, float)


class CatalogueError(ValueError):
    """A definition that no catalogue entry can be made of; `str()` says which market and why."""


class CatalogueRunner(NamedTuple):
    """A selection of a market. With handicaps one selection id has several of them."""

    selection_id: int
    handicap: float
    name: str
    sort_priority: int


@dataclass(frozen=True, slots=True)
class LineRange:
    """The lines that a LINE_RANGE market is bet on."""

    min_unit: float
    max_unit: float
    interval: float


@dataclass(frozen=True, slots=True)
class CatalogueMarket:
    """One market as it is listed.

    Times are as the venue spells them ("2026-03-14T15:00:00.000Z"), `market_base_rate` is in
    percent. None is what the definition does not tell. Removed runners stay among `runners`.
    """

    market_id: str
    market_name: str
    event_id: str
    event_name: str
    event_type_id: str
    event_type_name: str
    country_code: str | None
    venue: str | None
    timezone: str | None
    open_date: str | None
    market_start_time: str
    suspend_time: str | None
    market_type: str | None
    betting_type: str
    race_type: str | None
    market_base_rate: float
    bsp_market: bool
    turn_in_play_enabled: bool
    persistence_enabled: bool
    discount_allowed: bool
    each_way_divisor: float | None
    regulators: tuple[str, ...]
    ladder_type: str
    line_range: LineRange | None
    runners: tuple[CatalogueRunner, ...]


class Catalogue:
    """The markets of a feed by id, learnt from their definitions as these come by.

    Holds at most `markets_max` markets and forgets none.
    """

    def __init__(self, markets_max: int = MARKETS_MAX) -> None:
        self._markets: dict[str, CatalogueMarket] = {}
        self._markets_max = markets_max

    def markets(self) -> tuple[CatalogueMarket, ...]:
        """Every market known, in the order they became known."""
        return tuple(self._markets.values())

    def learn(self, change: Mapping[str, Any]) -> CatalogueMarket | None:
        """Takes one `mc` entry; the market when it is new or no longer as it was, else None.

        An entry without a definition tells nothing. Names once known are kept when a later
        definition has none. Raises `CatalogueError` for a definition that lacks what every market
        has, or a market beyond the limit.
        """
        definition = change.get("marketDefinition")
        if definition is None:
            return None
        market_id = change["id"]
        held = self._markets.get(market_id)
        if held is None and len(self._markets) >= self._markets_max:
            raise CatalogueError(
                f"market {market_id} would be one more than the catalogue's {self._markets_max:,}"
            )
        market = market_of(market_id, definition, held)
        if market == held:
            return None
        self._markets[market_id] = market
        return market


def market_of(
    market_id: str, definition: Mapping[str, Any], known: CatalogueMarket | None = None
) -> CatalogueMarket:
    """The entry of a market with this definition; `known` gives names that it does not have.

    Raises `CatalogueError` where `eventId`, `eventTypeId`, `marketTime`, `bettingType` or
    `runners` is missing, or a value is of the wrong kind.
    """
    if not isinstance(definition, Mapping):
        raise CatalogueError(f"market {market_id}: its definition is not an object")
    read = _Fields(market_id, definition)
    event_id = read.text("eventId")
    event_type_id = read.text("eventTypeId")
    held_name, held_event = (known.market_name, known.event_name) if known else (None, None)
    return CatalogueMarket(
        market_id=market_id,
        market_name=read.text_or_none("name") or held_name or f"market {market_id}",
        event_id=event_id,
        event_name=read.text_or_none("eventName") or held_event or f"event {event_id}",
        event_type_id=event_type_id,
        event_type_name=EVENT_TYPES.get(event_type_id, f"event type {event_type_id}"),
        country_code=read.text_or_none("countryCode"),
        venue=read.text_or_none("venue"),
        timezone=read.text_or_none("timezone"),
        open_date=read.text_or_none("openDate"),
        market_start_time=read.text("marketTime"),
        suspend_time=read.text_or_none("suspendTime"),
        market_type=read.text_or_none("marketType"),
        betting_type=read.text("bettingType"),
        race_type=read.text_or_none("raceType"),
        market_base_rate=read.number_or_none("marketBaseRate") or 0.0,
        bsp_market=read.flag("bspMarket"),
        turn_in_play_enabled=read.flag("turnInPlayEnabled"),
        persistence_enabled=read.flag("persistenceEnabled"),
        discount_allowed=read.flag("discountAllowed"),
        each_way_divisor=read.number_or_none("eachWayDivisor"),
        regulators=tuple(read.value("regulators", list) or ()),
        ladder_type=(read.value("priceLadderDefinition", dict) or {}).get("type") or "CLASSIC",
        line_range=_line_range(read),
        runners=_runners(read, known),
    )


def _runners(read: _Fields, known: CatalogueMarket | None) -> tuple[CatalogueRunner, ...]:
    entries: Sequence[Any] | None = read.value("runners", list)
    if entries is None:
        raise read.bad("runners", "is missing")
    names = {(r.selection_id, r.handicap): r.name for r in known.runners} if known else {}
    runners: list[CatalogueRunner] = []
    for place, entry in enumerate(entries):
        if not isinstance(entry, Mapping):
            raise read.bad(f"runners[{place}]", "is not an object")
        runner = _Fields(read.market_id, entry, f"runners[{place}].")
        selection_id = runner.value("id", int)
        if selection_id is None:
            raise runner.bad("id", "is missing")
        handicap = runner.number_or_none("hc") or 0.0
        made = names.get((selection_id, handicap)) or f"selection {selection_id}"
        name = runner.text_or_none("name") or made
        priority = runner.value("sortPriority", int)
        order = place + 1 if priority is None else priority
        runners.append(CatalogueRunner(selection_id, handicap, name, order))
    return tuple(runners)


def _line_range(read: _Fields) -> LineRange | None:
    lowest = read.number_or_none("lineMinUnit")
    highest = read.number_or_none("lineMaxUnit")
    interval = read.number_or_none("lineInterval")
    if lowest is None or highest is None or interval is None:
        return None
    return LineRange(lowest, highest, interval)


class _Fields:
    """Reads the values of one object; says which market and field a bad one is of."""

    def __init__(self, market_id: str, held: Mapping[str, Any], within: str = "") -> None:
        self.market_id = market_id
        self._held = held
        self._within = within

    def bad(self, key: str, what: str) -> CatalogueError:
        return CatalogueError(f"market {self.market_id}: {self._within}{key} {what}")

    def value(self, key: str, kind: _Kind) -> Any:
        """The value, None where it is absent or null."""
        value = self._held.get(key)
        wrong = value is not None and not isinstance(value, kind)
        if wrong or (isinstance(value, bool) and kind is not bool):
            raise self.bad(key, f"is of the wrong kind: {value!r:.40}")
        return value

    def text(self, key: str) -> str:
        value = self.text_or_none(key)
        if value is None:
            raise self.bad(key, "is missing")
        return value

    def text_or_none(self, key: str) -> str | None:
        value: str | None = self.value(key, str)
        return value

    def number_or_none(self, key: str) -> float | None:
        value: float | None = self.value(key, _NUMBER)
        return None if value is None else float(value)

    def flag(self, key: str) -> bool:
        return self.value(key, bool) is True
