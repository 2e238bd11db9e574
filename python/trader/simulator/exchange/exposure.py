"""What an account can lose: for each market the worst outcome over who wins.

What is matched counts as it is; what is unmatched counts as matched wherever that is worse. With K
winners the worst is every runner losing, with the K runners winning instead for which that is
worst; markets that do not say how many win are taken runner by runner. Bets for the starting price
count with their liability.

Only the market that changed is worked out again. Money in 1/10,000 of the currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from trader.betfair.messages import RunnerKey
from trader.simulator.exchange.accounts import Account
from trader.simulator.exchange.bets import Bet

if TYPE_CHECKING:  # the venue has the exposures
    from trader.simulator.exchange.venue import Venue


class Exposures:
    """The worst case of each account on each market, kept until something changes there."""

    def __init__(self) -> None:
        self._bets: dict[tuple[str, str], list[Bet]] = {}
        self._known: dict[tuple[str, str], int] = {}
        self._markets: dict[str, set[str]] = {}
        self._totals: dict[str, int] = {}

    def recorded(self, bet: Bet) -> None:
        """A new bet is in the books."""
        self._bets.setdefault((bet.account_id, bet.market_id), []).append(bet)
        self._markets.setdefault(bet.account_id, set()).add(bet.market_id)
        self.changed(bet)

    def changed(self, bet: Bet) -> None:
        """A bet changed: what its market can cost has to be worked out again."""
        known = self._known.pop((bet.account_id, bet.market_id), None)
        if known is not None:
            self._totals[bet.account_id] -= known

    def settled(self, market_id: str) -> None:
        """Nothing can be lost on a market any more."""
        for account_id, markets in self._markets.items():
            if market_id in markets:
                markets.discard(market_id)
                known = self._known.pop((account_id, market_id), 0)
                self._totals[account_id] = self._totals.get(account_id, 0) - known
                self._bets.pop((account_id, market_id), None)

    def total_e4(self, venue: Venue, account_id: str) -> int:
        """The account's exposure, 0 or below."""
        for market_id in self._markets.get(account_id, ()):
            if (account_id, market_id) not in self._known:
                self._work_out(venue, account_id, market_id)
        return self._totals.get(account_id, 0)

    def of_market_e4(self, venue: Venue, account_id: str, market_id: str) -> int:
        """What one market can cost."""
        known = self._known.get((account_id, market_id))
        if known is None and market_id in self._markets.get(account_id, ()):
            known = self._work_out(venue, account_id, market_id)
        return known or 0

    def bets_of(self, account_id: str, market_id: str) -> Sequence[Bet]:
        """An account's bets on a market that is not settled."""
        return self._bets.get((account_id, market_id), ())

    def _work_out(self, venue: Venue, account_id: str, market_id: str) -> int:
        bets = self._bets[account_id, market_id]
        worst = worst_case_e4(venue, market_id, bets)
        self._known[account_id, market_id] = worst
        self._totals[account_id] = self._totals.get(account_id, 0) + worst
        # What ended without a match can never cost anything: it need not be looked at again.
        self._bets[account_id, market_id] = [b for b in bets if b.matches or b.is_executable]
        return worst


def exposure_e4(venue: Venue, account: Account) -> int:
    """What the account can lose on its open markets; 0 or below."""
    return venue.exposures.total_e4(venue, account.account_id)


def available_e4(venue: Venue, account: Account) -> int:
    """What the account can bet with."""
    return account.balance_e4 + exposure_e4(venue, account)


def exposure_with_e4(venue: Venue, account: Account, market_id: str, extra: Sequence[Bet]) -> int:
    """The exposure if these bets were on the market as well."""
    exposures, account_id = venue.exposures, account.account_id
    without = exposures.of_market_e4(venue, account_id, market_id)
    bets = [*exposures.bets_of(account_id, market_id), *extra]
    return exposure_e4(venue, account) - without + worst_case_e4(venue, market_id, bets)


def runner_outcomes_e4(venue: Venue, account_id: str, market_id: str) -> dict[RunnerKey, int]:
    """What the account's matched bets come to by who wins, alone; what is unmatched left out."""
    bets = venue.exposures.bets_of(account_id, market_id)
    wins: dict[RunnerKey, int] = {}
    losing_e4 = 0
    for bet in bets:
        stake_e4 = bet.matched_centi * 100
        win_e4 = bet.value_e4 - stake_e4
        if bet.side == "LAY":
            win_e4, stake_e4 = -win_e4, -stake_e4
        wins[bet.runner] = wins.get(bet.runner, 0) + win_e4 + stake_e4
        losing_e4 -= stake_e4
    keys = [runner.key for runner in venue.markets[market_id].definition.runners]
    return {key: losing_e4 + wins.get(key, 0) for key in keys}


def worst_case_e4(venue: Venue, market_id: str, bets: Iterable[Bet]) -> int:
    """The least that bets on one market can come to; 0 or below."""
    wins: dict[RunnerKey, int] = {}
    loses: dict[RunnerKey, int] = {}
    for bet in bets:
        win_e4, lose_e4 = _outcomes_e4(bet)
        wins[bet.runner] = wins.get(bet.runner, 0) + win_e4
        loses[bet.runner] = loses.get(bet.runner, 0) + lose_e4
    losing_e4 = sum(loses.values())
    swings = [wins[key] - loses[key] for key in wins]
    market = venue.markets[market_id]
    places = market.definition.number_of_winners or 0
    if not places:
        return min(0, losing_e4 + sum(swing for swing in swings if swing < 0))
    # Runners without bets may win as well, and change nothing when they do.
    others = max(0, len(market.definition.runners) - len(swings))
    worst = sorted([*swings, *[0] * min(places, others)])[:places]
    return min(0, losing_e4 + sum(worst))


def _outcomes_e4(bet: Bet) -> tuple[int, int]:
    """(what a bet returns if its runner wins, if it loses), unmatched parts at their worst."""
    matched_e4 = bet.matched_centi * 100
    win_e4, lose_e4 = bet.value_e4 - matched_e4, -matched_e4
    if bet.side == "LAY":
        win_e4, lose_e4 = -win_e4, -lose_e4
    remaining = bet.remaining_centi if bet.is_executable else 0
    if not remaining:
        return win_e4, lose_e4
    if bet.side == "BACK":
        return win_e4, lose_e4 - remaining * 100
    per_stake = 100 if bet.order_type != "LIMIT" else bet.price_centi - 100
    return win_e4 - remaining * per_stake, lose_e4
