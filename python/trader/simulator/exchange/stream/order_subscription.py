"""A subscription to an account's orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trader.simulator.exchange.accounts import Account
from trader.simulator.exchange.bets import Bet
from trader.simulator.exchange.market import ExchangeMarket
from trader.simulator.exchange.stream.order_view import OrderView
from trader.simulator.exchange.stream.places import subscription_place
from trader.simulator.exchange.stream.positions import Row, Spot
from trader.simulator.exchange.stream.requests import OrderFilter, StreamRequest
from trader.simulator.exchange.stream.subscription import Subscription

if TYPE_CHECKING:
    from trader.simulator.exchange.stream.session import StreamSession
    from trader.simulator.exchange.venue import Changes


class OrderSubscription(Subscription):
    """Images leave out completed bets; updates tell of every change of a bet."""

    op = "ocm"
    array = "oc"

    def __init__(self, session: StreamSession, request: StreamRequest, account: Account) -> None:
        wanted = request.orderFilter or OrderFilter()
        place = subscription_place(
            "orders",
            account.account_id,
            *(getattr(wanted, name) for name in wanted.__struct_fields__),
        )
        super().__init__(session, request, place)
        if not session.is_delayed:
            self.conflate_ms = 0 if request.conflateMs is None else self.conflate_ms
        self._account = account
        self._positions = session.hub.positions(account.account_id)
        self._view = OrderView(wanted, self._positions)
        self._pending: dict[str, Bet] = {}
        self._pending_rows: dict[Spot, set[Row]] = {}
        self._pending_closed: dict[str, None] = {}

    def begin(self) -> None:
        """The image, or what changed since the place the client named."""
        live = [
            bet
            for market in self._venue.markets.values()
            for bet in market.live.values()
            if bet.account_id == self._account.account_id
        ]
        if self._resume_seq is None:
            self._send_first("SUB_IMAGE", self._view.image(live))
            return
        seq = self._resume_seq
        self._view.resumed()
        bets = [bet for bet in self._account.bets.values() if bet.changed_seq > seq]
        rows = {
            spot: changed
            for spot in self._positions.sizes
            if (changed := self._positions.rows_of(spot, seq))
        }
        closed = [
            market.market_id
            for market in self._venue.markets.values()
            if market.status == "CLOSED"
            and market.definition_changed_seq > seq
            and self._is_concerned(market)
        ]
        self._send_first("RESUB_DELTA", self._view.update(bets, rows, closed))

    def changed(
        self,
        changes: Changes,
        rows: Mapping[str, dict[Spot, set[Row]]],
        closed: Sequence[ExchangeMarket],
    ) -> None:
        """Bets of the venue changed, or markets closed."""
        account_id = self._account.account_id
        bets = changes.bets.get(account_id, ())
        ended = [market.market_id for market in closed if self._is_concerned(market)]
        if not (bets or ended):
            return
        if not self.conflate_ms:
            self._send_update(bets, rows.get(account_id, {}), ended)
            return
        self._pending |= {bet.bet_id: bet for bet in bets}
        for spot, changed in rows.get(account_id, {}).items():
            self._pending_rows.setdefault(spot, set()).update(changed)
        self._pending_closed |= dict.fromkeys(ended)
        if self._flush is None:
            due_ms = max(self._venue.now_ms, self._sent_ms + self.conflate_ms)
            self._flush = self._venue.timers.at(due_ms, self._send_gathered)

    def _send_gathered(self) -> None:
        self._flush = None
        bets, self._pending = self._pending, {}
        rows, self._pending_rows = self._pending_rows, {}
        closed, self._pending_closed = self._pending_closed, {}
        self._send_update(list(bets.values()), rows, list(closed))

    def _send_update(
        self, bets: Sequence[Bet], rows: dict[Spot, set[Row]], closed: Sequence[str]
    ) -> None:
        entries: list[dict[str, Any]] = self._view.update(bets, rows, closed)
        if entries:
            self._send_changes(entries)

    def _is_concerned(self, market: ExchangeMarket) -> bool:
        """Whether the account has bets on a market."""
        account_id = self._account.account_id
        return any(bet.account_id == account_id for bet in market.bets.values())
