"""The control port: how a test or a person steers a running exchange, JSON over HTTP.

| request | what happens |
| --- | --- |
| GET /status | time, clock, lag, connections, counts |
| POST /advance {"to_ms"} or {"by_ms"} | stepped clock: time goes on, and all until then happens |
| GET /ledger?first=N&count=N | every account with its bets, matches, settlements |
| GET /markets, GET /books/ID | the markets; one market as it is shown |
| POST /faults [rules], DELETE /faults, GET /faults, GET /faults/log | faults from now on |
| POST /streams/ID/FAULT {"operation", "ms"} | a fault to one stream connection, now |
| POST /sessions/expire | every log-in ends |

Every request needs the header X-Control-Token. A ledger has `BETS_MAX` bets of each account and
their number, `bets_total`: ask on with `first`.
"""

from __future__ import annotations

import hmac
import logging
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from trader.clock import SteppedClock
from trader.simulator.exchange import oracle
from trader.simulator.exchange.api import HttpReply, HttpRequest
from trader.simulator.exchange.faults.faulty_api import AnswerTo
from trader.simulator.exchange.faults.plan import (
    STREAM_FAULTS,
    STREAM_OPERATIONS,
    FaultError,
    FaultRule,
    read_rules,
)
from trader.simulator.exchange.faults.stream_faults import happen

if TYPE_CHECKING:
    from trader.simulator.exchange.server import ExchangeServer

_log: Final = logging.getLogger("trader.exchange")
TOKEN_HEADER: Final = "x-control-token"
BETS_MAX: Final = 10_000
"""Bets of an account in one answer."""
STEP_MS_MAX: Final = 31 * 86_400_000
"""So far time goes on with one request."""
DIGITS_MAX: Final = 18
SHOWN_MAX: Final = 200


class StandstillError(Exception):
    """The venue cannot go on; the message says why."""


class _Advance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far time goes on: to a time, or by so much."""

    to_ms: int | None = None
    by_ms: int | None = None


class _StreamFault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a fault to one stream connection is told, beside its name."""

    operation: str = "ocm"
    ms: int = 0


class Control:
    """Answers the control port of one server."""

    def __init__(self, server: ExchangeServer, token: str) -> None:
        self._server = server
        self._token = token.encode()

    def handle(self, request: HttpRequest, answer: AnswerTo) -> None:
        """Always answers at once."""
        given = request.headers.get(TOKEN_HEADER, "").encode()
        if not hmac.compare_digest(given, self._token):
            answer(_error(401, f"the header {TOKEN_HEADER} is missing or wrong"))
            return
        try:
            answer(self._serve(request))
        except msgspec.MsgspecError as error:
            answer(_error(400, f"the body is not the JSON it should be: {error}"))
        except RecursionError:
            answer(_error(400, "the body is nested too deep"))
        except (FaultError, ValueError) as error:
            answer(_error(400, str(error)))
        except StandstillError as error:
            answer(_error(409, f"the venue stands still: {error}"))
        except Exception as error:  # a client of the control port is never left without an answer
            _log.exception("the control port failed at %s", request.path)
            answer(_error(500, type(error).__name__))

    def _serve(self, request: HttpRequest) -> HttpReply:
        server = self._server
        address = urlsplit(request.path)
        path = [unquote(part) for part in address.path.strip("/").split("/")]
        body = msgspec.json.decode(request.body) if request.body else {}
        match request.method, *path:
            case "GET", "status":
                reply = _reply(server.status())
            case "GET", "markets":
                markets = server.venue.markets.values()
                reply = _reply({market.market_id: market.status for market in markets})
            case "GET", "books", market_id:
                reply = self._book(market_id)
            case "GET", "ledger":
                reply = self._ledger(address.query)
            case "POST", "advance":
                reply = self._advance(msgspec.convert(body, _Advance))
            case "POST", "sessions", "expire":
                reply = _reply({"ended": server.venue.sessions.close_all()})
            case "POST", "streams", connection_id, fault:
                reply = self._harm(connection_id, fault, msgspec.convert(body, _StreamFault))
            case method, "faults", *rest:
                reply = self._faults(method, rest, body)
            case _:
                reply = _error(404, f"no {request.method} {request.path[:SHOWN_MAX]}")
        return reply

    def _book(self, market_id: str) -> HttpReply:
        market = self._server.venue.markets.get(market_id)
        if market is None:
            return _error(404, f"no market {market_id}")
        return _reply(oracle.book(market))

    def _ledger(self, query: str) -> HttpReply:
        wanted = {"first": 0, "count": BETS_MAX}
        for name, text in parse_qsl(query, keep_blank_values=True):
            if name not in wanted or not text.isdecimal() or len(text) > DIGITS_MAX:
                raise ValueError(f"a ledger has first and count, whole numbers, not {name}={text}")
            wanted[name] = int(text)
        count = min(wanted["count"], BETS_MAX)
        return _reply(oracle.ledger(self._server.venue, wanted["first"], count))

    def _advance(self, wanted: _Advance) -> HttpReply:
        clock = self._server.clock
        if not isinstance(clock, SteppedClock):
            raise FaultError("this exchange's clock is not stepped: its time goes by itself")
        if (wanted.to_ms is None) == (wanted.by_ms is None):
            raise ValueError("to_ms or by_ms says how far time goes on: one of them")
        now_ms = clock.now_ms()
        to_ms = wanted.to_ms if wanted.to_ms is not None else now_ms + (wanted.by_ms or 0)
        if to_ms - now_ms > STEP_MS_MAX:
            raise ValueError(f"time goes on by {STEP_MS_MAX} ms at most in one step")
        self._server.step(to_ms)
        return _reply(self._server.status())

    def _harm(self, connection_id: str, fault: str, wanted: _StreamFault) -> HttpReply:
        session = self._server.hub.sessions.get(connection_id)
        if session is None:
            return _error(404, f"no stream connection {connection_id}")
        if fault not in STREAM_FAULTS:
            return _error(404, f"no fault {fault!r} (there are: {', '.join(STREAM_FAULTS)})")
        if wanted.operation not in STREAM_OPERATIONS:
            raise ValueError(f"operation is mcm or ocm, not {wanted.operation}")
        rule = FaultRule(fault, wanted.operation, ms=wanted.ms)
        rule.check()
        happen(session, wanted.operation, rule)
        return _reply({})

    def _faults(self, method: str, rest: list[str], body: Any) -> HttpReply:
        plan = self._server.plan
        match method, *rest:
            case "GET", "log":
                return _reply(list(plan.log))
            case ["POST"]:
                plan.add(read_rules(body))
            case ["DELETE"]:
                plan.clear()
            case ["GET"]:
                pass
            case _:
                return _error(404, f"no {method} /{'/'.join(['faults', *rest])}")
        return _reply(plan.rules)


def _reply(body: object) -> HttpReply:
    return HttpReply(200, msgspec.json.encode(body))


def _error(status: int, message: str) -> HttpReply:
    return HttpReply(status, msgspec.json.encode({"error": message}))
