"""The identity service: log-in, keep-alive, log-out."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from trader.simulator.exchange.api.http_types import HttpRequest

if TYPE_CHECKING:
    from trader.simulator.exchange.accounts import Account
    from trader.simulator.exchange.venue import Venue


def certlogin(venue: Venue, request: HttpRequest) -> dict[str, Any]:
    """Log-in with a certificate; whether there is one is the transport's to see."""
    account, error = _account(venue, request)
    if account is None:
        return {"loginStatus": error}
    session = venue.sessions.open(account, venue.now_ms)
    return {"sessionToken": session.token, "loginStatus": "SUCCESS"}


def login(venue: Venue, request: HttpRequest) -> dict[str, Any]:
    """Log-in with name and password."""
    key = request.headers.get("x-application", "")
    account, error = _account(venue, request)
    if account is None:
        return _answer("", key, "FAIL", error)
    session = venue.sessions.open(account, venue.now_ms)
    return _answer(session.token, key, "SUCCESS", "")


def keep_alive(venue: Venue, request: HttpRequest) -> dict[str, Any]:
    """A session goes on."""
    key = request.headers.get("x-application", "")
    session = venue.session(request.headers.get("x-authentication", ""))
    if session is None:
        return _answer("", key, "FAIL", "NO_SESSION")
    venue.sessions.keep_alive(session, venue.now_ms)
    return _answer(session.token, key, "SUCCESS", "")


def logout(venue: Venue, request: HttpRequest) -> dict[str, Any]:
    """A session ends."""
    key = request.headers.get("x-application", "")
    token = request.headers.get("x-authentication", "")
    if not venue.sessions.close(token):
        return _answer("", key, "FAIL", "NO_SESSION")
    return _answer(token, key, "SUCCESS", "")


def _account(venue: Venue, request: HttpRequest) -> tuple[Account | None, str]:
    """The account that a log-in names and knows the password of, or why not."""
    if not request.headers.get("x-application"):
        return None, "INPUT_VALIDATION_ERROR"
    form = parse_qs(request.body.decode("utf-8", "replace"))
    username = form.get("username", [""])[0]
    password = form.get("password", [""])[0]
    account = venue.accounts.get(username)
    known = account.config.password if account is not None else ""
    # Compared even where there is no such account: how long it takes tells nothing.
    same = hmac.compare_digest(password.encode(), known.encode())
    if account is None or not same:
        return None, "INVALID_USERNAME_OR_PASSWORD"
    return account, ""


def _answer(token: str, key: str, status: str, error: str) -> dict[str, Any]:
    return {"token": token, "product": key, "status": status, "error": error}
