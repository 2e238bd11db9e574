"""Sessions open, expire and are kept alive; an account finds its bets."""

from __future__ import annotations

from random import Random

from trader.simulator.exchange import accounts
from trader.simulator.exchange.accounts import Account, AccountConfig, Sessions
from trader.simulator.exchange.testing import Scene

HOUR_MS = 3_600_000


def opened(seed: int = 1) -> tuple[Sessions, Account]:
    return Sessions(Random(seed), HOUR_MS), Account("1", AccountConfig(), 0)


def test_a_session_is_known_by_its_token_until_it_expires() -> None:
    sessions, account = opened()
    session = sessions.open(account, 0)
    assert sessions.get(session.token, HOUR_MS - 1) is session
    assert sessions.get(session.token, HOUR_MS) is None
    assert len(sessions) == 0


def test_a_session_that_is_kept_alive_lasts_a_session_time_from_then() -> None:
    sessions, account = opened()
    session = sessions.open(account, 0)
    sessions.keep_alive(session, HOUR_MS - 1)
    assert sessions.get(session.token, 2 * HOUR_MS - 2) is session
    assert sessions.get(session.token, 2 * HOUR_MS - 1) is None


def test_a_token_nobody_was_given_opens_nothing() -> None:
    sessions, account = opened()
    session = sessions.open(account, 0)
    assert sessions.get(session.token[:-1], 0) is None
    assert sessions.get("", 0) is None


def test_a_closed_session_is_gone_and_closes_once() -> None:
    sessions, account = opened()
    session, other = sessions.open(account, 0), sessions.open(account, 0)
    assert sessions.close(session.token)
    assert not sessions.close(session.token)
    assert sessions.get(session.token, 0) is None
    assert sessions.get(other.token, 0) is other


def test_all_sessions_end_together_and_are_counted() -> None:
    sessions, account = opened()
    tokens = [sessions.open(account, 0).token for _ in range(3)]
    assert sessions.close_all() == 3
    assert all(sessions.get(token, 0) is None for token in tokens)


def test_tokens_are_drawn_from_the_seed() -> None:
    def tokens(seed: int) -> list[str]:
        sessions, account = opened(seed)
        return [sessions.open(account, 0).token for _ in range(5)]

    assert tokens(1) == tokens(1)
    assert not set(tokens(1)) & set(tokens(2))
    assert len(set(tokens(1))) == 5


def test_the_oldest_session_ends_where_there_are_too_many() -> None:
    sessions, account = opened()
    first = sessions.open(account, 0)
    second = sessions.open(account, 0)
    for _ in range(accounts.SESSIONS_MAX - 1):
        sessions.open(account, 0)
    assert len(sessions) == accounts.SESSIONS_MAX
    assert sessions.get(first.token, 0) is None
    assert sessions.get(second.token, 0) is second


def test_an_account_finds_its_bets_by_id_and_by_reference() -> None:
    scene = Scene(accounts=2)
    named = scene.bet("BACK", 3.0, 2, customer_order_ref="mine")
    again = scene.bet("BACK", 3.0, 2, customer_order_ref="mine")
    plain = scene.bet("BACK", 3.0, 2)
    others = scene.bet("BACK", 3.0, 2, account="two", customer_order_ref="mine")
    assert list(scene.account().bets) == [named.bet_id, again.bet_id, plain.bet_id]
    assert scene.account().by_order_ref == {"mine": [named, again]}
    assert scene.account("two").by_order_ref == {"mine": [others]}
