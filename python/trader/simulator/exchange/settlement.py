"""Settlement: what each bet made, the commission of each market, and the accounts' money.

A runner's final status decides its bets:

| status | its bets |
| --- | --- |
| WINNER, PLACED | win |
| LOSER | lose |
| REMOVED, REMOVED_VACANT | are void |
| any other, handicaps | are void once other runners are decided: neither side of the line won |
| any other | wait: the market stays unsettled, and `undecided` says why |

- More winners than the market pays: a dead heat. Each is paid its share of the places and loses
  the rest of the stake. A definition does not tell which winners shared a place: all do.
- Markets without a number of winners (handicaps) are decided runner by runner.
- LINE and EACH_WAY markets are void: a definition does not tell where a line came to, and each-way
  bets are two bets in one, which the venue here does not have.

Each match is settled by itself, so that both sides of it come to the same amount. Commission is the
market base rate, less the account's discount where the market allows one, of what the account won
on the market; nothing on a loss. Money in 1/10,000 of the currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from trader.execution.ledger import commission_e4, divided
from trader.simulator.exchange.accounts import Account
from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.market import REMOVED, ExchangeMarket

if TYPE_CHECKING:  # the venue has the settlements
    from trader.simulator.exchange.venue import Venue

WON: Final = frozenset({"WINNER", "PLACED"})
DECIDED: Final = WON | REMOVED | {"LOSER"}
EACH_WAY: Final = "EACH_WAY"
HANDICAPS: Final = "ASIAN_HANDICAP"
"""How the betting types begin that are bet on handicaps."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """One settled or void bet."""

    bet: Bet
    status: Literal["SETTLED", "VOIDED"]
    outcome: Literal["WON", "LOST", "VOIDED"]
    size_centi: int
    """The stake that was settled; what was matched of a void bet."""
    profit_e4: int
    settled_ms: int


@dataclass(frozen=True, slots=True)
class MarketSettlement:
    """What one account made on one market."""

    account_id: str
    market_id: str
    settled_ms: int
    gross_e4: int
    commission_e4: int

    @property
    def net_e4(self) -> int:
        return self.gross_e4 - self.commission_e4


class Settlements:
    """All that was settled so far; as many entries as there are bets at most."""

    def __init__(self) -> None:
        self.cleared: dict[str, list[Cleared]] = {}
        """Account id → its cleared bets, in the order of their settling."""
        self.markets: dict[str, list[MarketSettlement]] = {}
        """Account id → its results, in the order of their settling."""
        self.undecided: dict[str, str] = {}
        """Closed markets that cannot be settled → why. A later definition may decide them."""

    def closed(self, venue: Venue, market: ExchangeMarket) -> None:
        """A definition says that a market is closed: it is settled a little later, once."""
        assert not market.is_settled, "a market is settled once"
        if market.is_settling or not self._can_settle(market):
            return
        market.is_settling = True

        def settle() -> None:
            market.is_settling = False
            # It may have opened again since, or its results been taken back.
            if market.status == "CLOSED" and self._can_settle(market):
                self._settle(venue, market)
            venue.flush()

        venue.timers.after(venue.config.settle_after_ms, settle)

    def _can_settle(self, market: ExchangeMarket) -> bool:
        """Whether the definition decides every bet; if not, `undecided` says why."""
        why = _why_undecided(market)
        if why is None:
            self.undecided.pop(market.market_id, None)
        else:
            self.undecided[market.market_id] = why
        return why is None

    def of_market(self, account_id: str, market_id: str) -> MarketSettlement | None:
        """An account's result on a market that is settled."""
        results = self.markets.get(account_id, ())
        return next((result for result in results if result.market_id == market_id), None)

    def _settle(self, venue: Venue, market: ExchangeMarket) -> None:
        market.is_settled = True
        results = _Results(market)
        gross: dict[str, int] = {}
        for bet in market.bets.values():
            cleared = _clear(venue, results, bet)
            if cleared is None:
                continue
            self.cleared.setdefault(bet.account_id, []).append(cleared)
            gross[bet.account_id] = gross.get(bet.account_id, 0) + cleared.profit_e4
        for account_id, gross_e4 in gross.items():
            account = venue.account(account_id)
            result = MarketSettlement(
                account_id=account_id,
                market_id=market.market_id,
                settled_ms=venue.now_ms,
                gross_e4=gross_e4,
                commission_e4=_commission_e4(market, account, gross_e4),
            )
            account.balance_e4 += result.net_e4
            account.commission_e4 += result.commission_e4
            self.markets.setdefault(account_id, []).append(result)
        venue.exposures.settled(market.market_id)


class _Results:
    """How a market ended."""

    def __init__(self, market: ExchangeMarket) -> None:
        runners = market.definition.runners
        self.is_void = _is_void(market)
        self.statuses = {runner.key: runner.status for runner in runners}
        winners = sum(1 for runner in runners if runner.status in WON)
        self.places = market.definition.number_of_winners or 0
        self.heads = max(winners, self.places)
        """Among how many the places are shared."""

    def is_void_for(self, bet: Bet) -> bool:
        status = self.statuses.get(bet.runner)
        return self.is_void or status in REMOVED or status not in DECIDED

    def profit_e4(self, bet: Bet) -> int:
        """A bet's profit before commission."""
        won = self.statuses.get(bet.runner) in WON
        sign = 1 if bet.side == "BACK" else -1
        profit_e4 = 0
        for match in bet.matches:
            win_e4 = match.size_centi * (match.price_centi - 100)
            lose_e4 = -match.size_centi * 100
            if not won:
                profit_e4 += lose_e4
            elif self.heads == self.places or not self.places:
                profit_e4 += win_e4
            else:
                shared_e4 = win_e4 * self.places + lose_e4 * (self.heads - self.places)
                profit_e4 += divided(shared_e4, self.heads)
        return sign * profit_e4


def _clear(venue: Venue, results: _Results, bet: Bet) -> Cleared | None:
    """One bet's end; None for one that never had anything matched."""
    if bet.matches and results.is_void_for(bet):
        bet.void()
        venue.changed(bet)
    if bet.matches:
        profit_e4 = results.profit_e4(bet)
        outcome: Literal["WON", "LOST"] = "WON" if profit_e4 > 0 else "LOST"
        return Cleared(bet, "SETTLED", outcome, bet.matched_centi, profit_e4, venue.now_ms)
    if bet.voided_centi:  # now, or when its runner was removed
        return Cleared(bet, "VOIDED", "VOIDED", bet.voided_centi, 0, venue.now_ms)
    return None


def _commission_e4(market: ExchangeMarket, account: Account, gross_e4: int) -> int:
    raw = market.raw_definition or {}
    discount = account.config.discount_percent / 100 if raw.get("discountAllowed", True) else 0.0
    return commission_e4(gross_e4, market.definition.base_rate_percent or 0.0, discount)


def _why_undecided(market: ExchangeMarket) -> str | None:
    """Why a closed market cannot be settled; None when it can."""
    if _is_void(market):
        return None
    statuses = {runner.key: runner.status for runner in market.definition.runners}
    betting_type = (market.raw_definition or {}).get("bettingType") or ""
    if betting_type.startswith(HANDICAPS) and not DECIDED.isdisjoint(statuses.values()):
        return None
    for key in {bet.runner: None for bet in market.bets.values() if bet.matches}:
        status = statuses.get(key, "not in the definition")
        if status not in DECIDED:
            return f"runner {key[0]}: {status}"
    return None


def _is_void(market: ExchangeMarket) -> bool:
    return market.is_line or market.definition.market_type == EACH_WAY
