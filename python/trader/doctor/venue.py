"""The venue as the configured account sees it. Only asks; nothing there is changed.

A log-in of its own is made for it (the venue allows many), and one stream for a moment.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Final

import msgspec

from trader.betfair.dial import StreamError
from trader.betfair.stream import StreamClient, StreamCredentials, Subscription
from trader.doctor.findings import Finding, fail, ok, warn
from trader.doctor.subject import Subject
from trader.execution.executor_py.from_document import stream_endpoint, venue_client
from trader.execution.executor_py.venue_client import VenueClient, VenueError
from trader.execution.interfaces.executor import ExecutorStartError
from trader.live.listings import Listings
from trader.live.subscription import FIELDS, SUBSCRIBED_MAX
from trader.strategy.selector import catalogue_filter

LOG_IN: Final = "log-in"
ACCOUNT: Final = "account"
CATALOGUE: Final = "catalogue"
STREAM: Final = "market stream"
CLOCK: Final = "venue's clock"
STREAM_CURRENCY: Final = "GBP"
STREAM_WAIT_S: Final = 10.0
CLOCK_WARN_MS: Final = 1_500.0
"""A Date header is no better than a second."""
CLOCK_FAIL_MS: Final = 10_000.0
_STREAM_CLOCK: Final = "the stream's pt"
_HEARTBEAT_MS: Final = 500


class _Head(msgspec.Struct):
    pt: int | None = None
    ct: str | None = None


def log_in(subject: Subject) -> list[Finding]:
    """Whether the venue lets us in, and keeps the session when asked to."""
    assert subject.venue is not None, "the files were found good"
    started = time.monotonic()
    try:
        client, app_key = venue_client(subject.venue)
        client.login()
    except (ExecutorStartError, OSError) as error:
        return [
            fail(
                LOG_IN,
                str(error),
                "see user name, password, application key, and that the certificate was uploaded",
            )
        ]
    took_ms = (time.monotonic() - started) * 1000
    session = subject.config.betfair.session
    if session.token_file:
        how = "with the token of session.token_file"
    else:
        how = "by certificate" if session.cert_file else "by password"
    try:
        if not client.keep_alive():
            return [fail(LOG_IN, "the session cannot be kept alive", "log in again; see the venue")]
    except VenueError as error:
        return [fail(LOG_IN, f"keep-alive: {error}", "see the network and the identity service")]
    subject.visit.client, subject.visit.app_key = client, app_key
    every_s = subject.config.betfair.keep_alive_s
    return [ok(LOG_IN, f"{how}, {took_ms:.0f} ms; kept alive every {every_s} s")]


def account(subject: Subject) -> list[Finding]:
    """The account's currency against the configured one, and its funds against the limits."""
    client = _client(subject)
    try:
        currency = client.currency()
        funds = client.listing(client.api.account.get_account_funds)
        available = float(funds["availableToBetBalance"])
        exposure = abs(float(funds["exposure"]))
    except VenueError as error:
        return [fail(ACCOUNT, str(error), "see that the application key may be used for accounts")]
    except (KeyError, TypeError, ValueError) as error:
        return [fail(ACCOUNT, f"the funds are none: {error!r}", "see what betfair.api_url is")]
    return list(_of_account(subject, currency, available, exposure))


def _of_account(
    subject: Subject, currency: str, available: float, exposure: float
) -> Iterator[Finding]:
    wanted, risk = subject.config.betfair.currency, subject.config.risk
    if wanted and currency != wanted:
        yield fail(
            ACCOUNT,
            f"is in {currency}, betfair.currency says {wanted}",
            "set betfair.currency right, and every limit with it; or see whose account it is",
        )
        return
    has = f"{currency}, {available:.2f} to bet with, {exposure:.2f} at risk"
    if currency != STREAM_CURRENCY:
        yield warn(
            ACCOUNT,
            f"{has}; the sizes of the market stream are in {STREAM_CURRENCY}",
            "set stakes and limits with that in mind",
        )
    elif available < risk.max_exposure:
        yield warn(
            ACCOUNT,
            f"{has}; risk.max_exposure is {risk.max_exposure:g}",
            "the venue will refuse orders before the trader does: lower it, or deposit",
        )
    else:
        yield ok(ACCOUNT, has)


def catalogue(subject: Subject) -> list[Finding]:
    """How many markets `selector` finds now."""
    config = subject.config
    listings = Listings(_client(subject), config.betfair.strategy_ref)
    wanted = catalogue_filter(config.selector, time.time_ns() // 1_000_000)
    limit = min(config.selector.max_markets, SUBSCRIBED_MAX)
    try:
        listed = listings.markets(wanted, limit)
    except VenueError as error:
        return [fail(CATALOGUE, str(error), "see `selector`, and what betfair.api_url is")]
    if not listed:
        return [
            warn(
                CATALOGUE,
                "the venue lists no market that `selector` takes at the moment",
                "right out of hours: the trader waits for one; else widen `selector`",
            )
        ]
    subject.visit.listed = listed
    more = " or more (as many as one subscription may have)" if len(listed) == limit else ""
    plural = "" if len(listed) == 1 else "s"
    return [ok(CATALOGUE, f"{len(listed)} market{plural}{more}, first {listed[0].market_id}")]


def stream(subject: Subject) -> list[Finding]:
    """Whether the market stream takes us, and whether its data are live or delayed."""
    client = _client(subject)
    assert subject.venue is not None, "logged in there"
    if not subject.visit.listed:
        return [
            warn(
                STREAM,
                "not subscribed: no market is listed, and a subscription to none is one to all",
                "run this again when there are markets: only then is the key seen to be live",
            )
        ]
    body = {
        "marketFilter": {"marketIds": [subject.visit.listed[0].market_id]},
        "marketDataFilter": {"fields": list(FIELDS)},
    }
    try:
        opened = StreamClient(
            stream_endpoint(subject.venue),
            Subscription("marketSubscription", body, heartbeat_ms=_HEARTBEAT_MS),
            StreamCredentials(
                subject.visit.app_key, lambda: client.token, lambda: client.login(client.token)
            ),
        )
        with closing(opened):
            return [_heard(subject, opened)]
    except (StreamError, ExecutorStartError) as error:
        return [fail(STREAM, str(error), "see the application key, and betfair.stream")]


def _heard(subject: Subject, opened: StreamClient) -> Finding:
    """Waits for the image, then for what was published at a moment that is known: a heartbeat."""
    started = time.monotonic()
    image_ms: float | None = None
    while time.monotonic() - started < STREAM_WAIT_S:
        line = opened.next_line(0.2)
        if line is None:
            continue
        head = msgspec.json.decode(line, type=_Head)
        if head.pt is not None and not opened.is_delayed:
            subject.visit.clock_ahead_ms[_STREAM_CLOCK] = head.pt - time.time() * 1000
        if image_ms is not None:
            break
        image_ms = (time.monotonic() - started) * 1000
        if opened.is_delayed:
            break  # the next line is three minutes away
    if image_ms is None:
        lost = ", ".join(opened.counts.lost) or "no line came"
        return fail(
            STREAM,
            f"no image within {STREAM_WAIT_S:g} s: {lost}",
            "see the application key, and that fewer streams than the venue allows are open",
        )
    if not opened.is_delayed:
        return ok(
            STREAM, f"image of {subject.visit.listed[0].market_id} in {image_ms:.0f} ms, live"
        )
    told = "the application key is for delayed data: the stream is conflated to 180 s"
    advice = "have the venue activate the live key, or name it in betfair.app_key_file"
    return fail(STREAM, told, advice) if subject.is_live else warn(STREAM, told, advice)


def clock(subject: Subject) -> list[Finding]:
    """This machine's clock against the venue's: deadlines and schedules go by ours."""
    told = subject.visit.clock_ahead_ms
    if not told:
        return [
            warn(CLOCK, "the venue has told no time", "see that this machine's clock is set by NTP")
        ]
    # Whatever is in the way makes the venue seem behind; the smallest difference is the truest.
    by = min(told, key=lambda name: abs(told[name]))
    ahead_ms = told[by]
    how = "ahead" if ahead_ms >= 0 else "behind"
    found = f"{abs(ahead_ms) / 1000:.1f} s {how} of ours, by {by}"
    advice = "set this machine's clock by NTP (timedatectl set-ntp true)"
    if abs(ahead_ms) >= CLOCK_FAIL_MS:
        return [fail(CLOCK, found, advice)]
    if abs(ahead_ms) >= CLOCK_WARN_MS:
        return [warn(CLOCK, found, advice)]
    return [ok(CLOCK, found)]


def _client(subject: Subject) -> VenueClient:
    assert subject.visit.client is not None, "logged in before"
    return subject.visit.client
