"""Accounts and the sessions that are open on them. Money in 1/10,000 of the account's currency."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final

from trader.simulator.exchange.bets import Bet

TOKEN_BYTES: Final = 32
SESSIONS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """An account as it is opened."""

    username: str = "hotloop"
    password: str = "paper-money"
    app_key: str = "paper-app-key"
    delayed_app_key: str = "paper-app-key-delayed"
    """A key whose streams are conflated, as the venue's free keys are."""
    deposit_e4: int = 100_000_000
    currency: str = "GBP"
    discount_percent: float = 0.0
    """Off the market base rate."""


@dataclass(slots=True)
class Account:
    """One account: its settled money and all of its bets."""

    account_id: str
    config: AccountConfig
    balance_e4: int
    """Deposited and settled; open bets do not change it."""
    commission_e4: int = 0
    """Paid so far; already taken from the balance."""
    bets: dict[str, Bet] = field(default_factory=dict)
    """By id, in placing order."""
    by_order_ref: dict[str, list[Bet]] = field(default_factory=dict)
    """customerOrderRef → the bets that carry it."""

    def record(self, bet: Bet) -> None:
        """Takes a new bet in."""
        self.bets[bet.bet_id] = bet
        if bet.customer_order_ref is not None:
            self.by_order_ref.setdefault(bet.customer_order_ref, []).append(bet)

    @property
    def app_keys(self) -> tuple[str, str]:
        return self.config.app_key, self.config.delayed_app_key


@dataclass(slots=True)
class Session:
    """A log-in. It ends when it was not kept alive for the venue's session time."""

    token: str
    account: Account
    expires_ms: int


class Sessions:
    """The open sessions by token. Tokens are drawn from the venue's seed: a run can be repeated."""

    def __init__(self, rng: Random, lifetime_ms: int) -> None:
        self._rng = rng
        self._lifetime_ms = lifetime_ms
        self._open: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._open)

    def open(self, account: Account, now_ms: int) -> Session:
        """A new session; the oldest one ends where there are too many."""
        if len(self._open) >= SESSIONS_MAX:
            del self._open[next(iter(self._open))]
        token = self._rng.randbytes(TOKEN_BYTES).hex()
        session = self._open[token] = Session(token, account, now_ms + self._lifetime_ms)
        return session

    def get(self, token: str, now_ms: int) -> Session | None:
        """The open session of a token; None when there is none or it has expired."""
        session = self._open.get(token)
        if session is not None and session.expires_ms <= now_ms:
            del self._open[token]
            return None
        return session

    def keep_alive(self, session: Session, now_ms: int) -> None:
        """It expires a session time from now."""
        session.expires_ms = now_ms + self._lifetime_ms

    def close(self, token: str) -> bool:
        """Ends a session; whether there was one."""
        return self._open.pop(token, None) is not None

    def close_all(self) -> int:
        """Ends every session, as an expiry of all of them; how many there were."""
        ended = len(self._open)
        self._open.clear()
        return ended
