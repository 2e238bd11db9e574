"""Settlement: what each bet made, the commission of each market, and the accounts' money.

A runner's final status decides its bets: WINNER and PLACED pay, LOSER does not, a removed runner's
bets are void. More winners than places are a dead heat: each is paid its share and loses the rest.
Bets of a market whose definition names no number of winners (handicaps) are decided runner by
runner. Lines (LINE betting) are void: a definition does not tell where the line came to.

Commission is the market base rate, less the account's discount, of what the account won on the
market; nothing on a loss. Money in 1/10,000 of the currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from trader.execution.ledger import commission_e4
from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.market import REMOVED, ExchangeMarket

if TYPE_CHECKING:  # the venue has the settlements
    from trader.simulator.exchange.venue import Venue

WON: Final = frozenset({"WINNER", "PLACED"})
DECIDED: Final = WON | REMOVED | {"LOSER"}


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
        if market.is_settled or market.is_settling:
            return
        why = _why_undecided(market)
        if why is not None:
            self.undecided[market.market_id] = why
            return
        self.undecided.pop(market.market_id, None)
        market.is_settling = True

        def settle() -> None:
            self._settle(venue, market)
            venue.flush()

        venue.timers.after(venue.config.settle_after_ms, settle)

    def of_market(self, account_id: str, market_id: str) -> MarketSettlement | None:
        """An account's result on a market that is settled."""
        results = self.markets.get(account_id, ())
        return next((result for result in results if result.market_id == market_id), None)

    def _settle(self, venue: Venue, market: ExchangeMarket) -> None:
        market.is_settled = True
        gross: dict[str, int] = {}
        for bet in market.bets.values():
            cleared = self._clear(venue, market, bet)
            if cleared is None:
                continue
            self.cleared.setdefault(bet.account_id, []).append(cleared)
            gross[bet.account_id] = gross.get(bet.account_id, 0) + cleared.profit_e4
        rate_percent = market.definition.base_rate_percent or 0.0
        for account_id, gross_e4 in gross.items():
            account = venue.account(account_id)
            discount = account.config.discount_percent / 100
            result = MarketSettlement(
                account_id=account_id,
                market_id=market.market_id,
                settled_ms=venue.now_ms,
                gross_e4=gross_e4,
                commission_e4=commission_e4(gross_e4, rate_percent, discount),
            )
            account.balance_e4 += result.net_e4
            account.commission_e4 += result.commission_e4
            self.markets.setdefault(account_id, []).append(result)
        venue.exposures.settled(market.market_id)

    def _clear(self, venue: Venue, market: ExchangeMarket, bet: Bet) -> Cleared | None:
        """One bet's end; None for one that never had anything matched."""
        if bet.voided_centi and not bet.matches:
            return Cleared(bet, "VOIDED", "VOIDED", bet.voided_centi, 0, venue.now_ms)
        if not bet.matches:
            return None
        runner = market.runner_definition(bet.runner)
        status = runner.status if runner is not None else None
        if status in REMOVED or _is_line(market):
            size_centi = bet.matched_centi
            bet.void()
            venue.changed(bet)
            return Cleared(bet, "VOIDED", "VOIDED", size_centi, 0, venue.now_ms)
        profit_e4 = _profit_e4(market, bet, won=status in WON)
        outcome: Literal["WON", "LOST"] = "WON" if profit_e4 > 0 else "LOST"
        return Cleared(bet, "SETTLED", outcome, bet.matched_centi, profit_e4, venue.now_ms)


def _why_undecided(market: ExchangeMarket) -> str | None:
    """Why a closed market cannot be settled; None when it can."""
    if _is_line(market):
        return None
    for key in {bet.runner for bet in market.bets.values() if bet.matches}:
        runner = market.runner_definition(key)
        if runner is None or runner.status not in DECIDED:
            status = "not in the definition" if runner is None else runner.status
            return f"runner {key[0]}: {status}"
    return None


def _is_line(market: ExchangeMarket) -> bool:
    return (market.raw_definition or {}).get("bettingType") == "LINE"


def _profit_e4(market: ExchangeMarket, bet: Bet, *, won: bool) -> int:
    """A bet's profit before commission."""
    stake_e4 = bet.matched_centi * 100
    win_e4 = bet.value_e4 - stake_e4
    if bet.side == "LAY":
        win_e4, stake_e4 = -win_e4, -stake_e4
    if not won:
        return -stake_e4
    places = market.definition.number_of_winners or 0
    winners = sum(1 for runner in market.definition.runners if runner.status in WON)
    if not places or winners <= places:
        return win_e4
    return _divided(win_e4 * places - stake_e4 * (winners - places), winners)


def _divided(amount: int, by: int) -> int:
    """An integer quotient rounded half away from zero, so that back and lay agree."""
    sign = -1 if amount < 0 else 1
    return sign * ((2 * abs(amount) + by) // (2 * by))
