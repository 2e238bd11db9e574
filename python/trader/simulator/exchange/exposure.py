"""What an account can lose: for each market the worst outcome over who wins.

What is matched counts as it is; what is unmatched counts as matched wherever that is worse. With K
winners the worst is every runner losing, with the K runners winning instead for which that is
worst; markets that do not say how many win are taken runner by runner. Bets for the starting price
count with their liability. On lines (LINE betting), where prices are no odds, every bet counts as
lost: they are struck at evens.

A bet that changes brings its runner's sums forward, and only a market where something changed is
worked out again: neither depends on how many bets there were. Money in 1/10,000 of the currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from trader.betfair.messages import RunnerKey
from trader.simulator.exchange.accounts import Account
from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.market import ExchangeMarket

if TYPE_CHECKING:  # the venue has the exposures
    from trader.simulator.exchange.venue import Venue


class Outcome(NamedTuple):
    """What bets on one runner come to: what is matched, and what their unmatched parts would add
    if they were matched where that is worse."""

    win_e4: int = 0
    lose_e4: int = 0
    unmatched_win_e4: int = 0
    unmatched_lose_e4: int = 0

    def plus(self, other: Outcome, sign: int = 1) -> Outcome:
        return Outcome(
            self.win_e4 + sign * other.win_e4,
            self.lose_e4 + sign * other.lose_e4,
            self.unmatched_win_e4 + sign * other.unmatched_win_e4,
            self.unmatched_lose_e4 + sign * other.unmatched_lose_e4,
        )


NOTHING: Final = Outcome()


class _Book:
    """One account's bets on one market."""

    __slots__ = ("counted", "runners", "worst_e4")

    def __init__(self) -> None:
        self.runners: dict[RunnerKey, Outcome] = {}
        self.counted: dict[str, Outcome] = {}
        """Bet id → its part of them, for bets that have one."""
        self.worst_e4 = 0
        """As worked out last."""

    def count(self, bet: Bet, outcome: Outcome) -> bool:
        """Counts a bet as it is now; whether that changed anything."""
        before = self.counted.get(bet.bet_id, NOTHING)
        if outcome == before:
            return False
        if outcome == NOTHING:
            del self.counted[bet.bet_id]
        else:
            self.counted[bet.bet_id] = outcome
        whole = self.runners.get(bet.runner, NOTHING)
        self.runners[bet.runner] = whole.plus(outcome).plus(before, -1)
        return True


class Exposures:
    """The worst case of each account on each market, kept until something changes there.

    Holds a part for each bet of a market that is not settled; the venue bounds bets.
    """

    def __init__(self, markets: Mapping[str, ExchangeMarket]) -> None:
        self._markets = markets
        self._books: dict[str, dict[str, _Book]] = {}
        """Market id → account id → its book."""
        self._totals: dict[str, int] = {}
        self._stale: dict[str, dict[str, None]] = {}
        """Account id → the markets to be worked out again."""

    def changed(self, bet: Bet) -> None:
        """A bet is new or changed."""
        market = self._markets[bet.market_id]
        books = self._books.setdefault(bet.market_id, {})
        book = books.get(bet.account_id)
        if book is None:
            book = books[bet.account_id] = _Book()
        if book.count(bet, outcome_of(bet, is_line=market.is_line)):
            self._stale.setdefault(bet.account_id, {})[bet.market_id] = None

    def redefined(self, market_id: str) -> None:
        """A market has a new definition: who can win may be another matter."""
        for account_id in self._books.get(market_id, ()):
            self._stale.setdefault(account_id, {})[market_id] = None

    def settled(self, market_id: str) -> None:
        """Nothing can be lost on a market any more."""
        for account_id, book in self._books.pop(market_id, {}).items():
            self._totals[account_id] = self._totals.get(account_id, 0) - book.worst_e4
            self._stale.get(account_id, {}).pop(market_id, None)

    def total_e4(self, account_id: str) -> int:
        """The account's exposure, 0 or below."""
        stale = self._stale.pop(account_id, None)
        for market_id in stale or ():
            book = self._books[market_id][account_id]
            before, book.worst_e4 = book.worst_e4, worst_e4(self._markets[market_id], book.runners)
            change_e4 = book.worst_e4 - before
            self._totals[account_id] = self._totals.get(account_id, 0) + change_e4
        return self._totals.get(account_id, 0)

    def with_e4(self, account_id: str, market_id: str, extra: Iterable[Bet]) -> int:
        """The account's exposure if these bets were on the market as well."""
        total_e4 = self.total_e4(account_id)
        market = self._markets[market_id]
        book = self._books.get(market_id, {}).get(account_id) or _Book()
        runners = dict(book.runners)
        for bet in extra:
            outcome = outcome_of(bet, is_line=market.is_line)
            runners[bet.runner] = runners.get(bet.runner, NOTHING).plus(outcome)
        return total_e4 - book.worst_e4 + worst_e4(market, runners)

    def outcomes(self, account_id: str, market_id: str) -> Mapping[RunnerKey, Outcome]:
        """What an account's bets on a market come to, by runner; empty once it is settled."""
        book = self._books.get(market_id, {}).get(account_id)
        return book.runners if book is not None else {}


def exposure_e4(venue: Venue, account: Account) -> int:
    """What the account can lose on its open markets; 0 or below."""
    return venue.exposures.total_e4(account.account_id)


def available_e4(venue: Venue, account: Account) -> int:
    """What the account can bet with."""
    return account.balance_e4 + exposure_e4(venue, account)


def exposure_with_e4(venue: Venue, account: Account, market_id: str, extra: Sequence[Bet]) -> int:
    """The exposure if these bets were on the market as well."""
    return venue.exposures.with_e4(account.account_id, market_id, extra)


def runner_outcomes_e4(venue: Venue, account_id: str, market_id: str) -> dict[RunnerKey, int]:
    """What the account's matched bets come to by who wins, alone; what is unmatched left out."""
    outcomes = venue.exposures.outcomes(account_id, market_id)
    losing_e4 = sum(outcome.lose_e4 for outcome in outcomes.values())
    found: dict[RunnerKey, int] = {}
    for runner in venue.markets[market_id].definition.runners:
        outcome = outcomes.get(runner.key, NOTHING)
        found[runner.key] = losing_e4 - outcome.lose_e4 + outcome.win_e4
    return found


def worst_e4(market: ExchangeMarket, runners: Mapping[RunnerKey, Outcome]) -> int:
    """The least that bets on one market can come to; 0 or below."""
    losing_e4 = 0
    swings: list[int] = []  # what each runner's winning changes
    for key, (win_e4, lose_e4, unmatched_win_e4, unmatched_lose_e4) in runners.items():
        losing_e4 += lose_e4 + unmatched_lose_e4
        if key not in market.removals:
            swings.append(win_e4 + unmatched_win_e4 - lose_e4 - unmatched_lose_e4)
    places = market.definition.number_of_winners or 0
    if not places:
        return min(0, losing_e4 + sum(swing for swing in swings if swing < 0))
    # Runners without bets may win as well, and change nothing when they do.
    running = sum(1 for r in market.definition.runners if r.key not in market.removals)
    others = max(0, running - len(swings))
    worst = sorted([*swings, *[0] * min(places, others)])[:places]
    return min(0, losing_e4 + sum(worst))


def outcome_of(bet: Bet, *, is_line: bool) -> Outcome:
    """What one bet comes to."""
    matched_e4 = bet.matched_centi * 100
    remaining_e4 = bet.remaining_centi * 100 if bet.is_executable else 0
    if is_line:
        return Outcome(-matched_e4, -matched_e4, -remaining_e4, -remaining_e4)
    win_e4 = bet.value_e4 - matched_e4
    if bet.side == "BACK":
        return Outcome(win_e4, -matched_e4, 0, -remaining_e4)
    if bet.order_type == "LIMIT":  # else its size is its liability
        remaining_e4 = remaining_e4 // 100 * (bet.price_centi - 100)
    return Outcome(-win_e4, matched_e4, -remaining_e4, 0)
