"""The control port: how a test or a person steers a running exchange, JSON over HTTP.

| request | what happens |
| --- | --- |
| GET /status | time, clock, lag, connections, counts |
| POST /advance {"to_ms"} or {"by_ms"} | stepped clock: time goes on, and all until then happens |
| GET /ledger | every account with its bets, matches, settlements |
| GET /markets, GET /books/ID | the markets; one market as it is shown |
| POST /faults [rules], DELETE /faults, GET /faults, GET /faults/log | faults from now on |
| POST /streams/ID/FAULT {"op", "ms"} | a fault to one stream connection, now |
| POST /sessions/expire | every log-in ends |

Every request needs the header X-Control-Token.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from trader.clock import SteppedClock
from trader.simulator.exchange import oracle
from trader.simulator.exchange.api import HttpReply, HttpRequest
from trader.simulator.exchange.faults.faulty_api import AnswerTo
from trader.simulator.exchange.faults.plan import STREAM_FAULTS, FaultError, FaultRule, read_rules
from trader.simulator.exchange.faults.stream_faults import happen

if TYPE_CHECKING:
    from trader.simulator.exchange.server import ExchangeServer

_log: Final = logging.getLogger("trader.exchange")
TOKEN_HEADER: Final = "x-control-token"


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
            body = msgspec.json.decode(request.body) if request.body else {}
            answer(self._serve(request.method, request.path.strip("/").split("/"), body))
        except msgspec.MsgspecError as error:
            answer(_error(400, f"the body is not the JSON it should be: {error}"))
        except (FaultError, ValueError) as error:
            answer(_error(400, str(error)))
        except Exception as error:  # a client of the control port is never left without an answer
            _log.exception("the control port failed at %s", request.path)
            answer(_error(500, type(error).__name__))

    def _serve(self, method: str, path: list[str], body: Any) -> HttpReply:
        server = self._server
        first, rest = path[0], path[1:]
        if first == "faults":
            return self._faults(method, rest, body)
        if method == "POST" and first == "streams" and len(rest) == 2:
            return self._harm(rest[0], rest[1], body)
        if method == "GET" and first == "books" and len(rest) == 1:
            return self._book(rest[0])
        plain: dict[tuple[str, str], Callable[[], object]] = {
            ("GET", "status"): server.status,
            ("GET", "ledger"): lambda: oracle.ledger(server.venue),
            ("GET", "markets"): lambda: {
                market.market_id: market.status for market in server.venue.markets.values()
            },
            ("POST", "sessions/expire"): lambda: {"ended": server.venue.sessions.close_all()},
            ("POST", "advance"): lambda: self._advance(body),
        }
        found = plain.get((method, "/".join(path)))
        if found is None:
            return _error(404, f"no {method} /{'/'.join(path)}")
        return _reply(found())

    def _book(self, market_id: str) -> HttpReply:
        market = self._server.venue.markets.get(market_id)
        if market is None:
            return _error(404, f"no market {market_id}")
        return _reply(oracle.book(market))

    def _advance(self, body: Any) -> object:
        clock = self._server.clock
        if not isinstance(clock, SteppedClock):
            raise FaultError("this exchange's clock is not stepped: its time goes by itself")
        wanted = msgspec.convert(body, dict[str, int])
        self._server.step(wanted.get("to_ms", clock.now_ms() + wanted.get("by_ms", 0)))
        return self._server.status()

    def _harm(self, connection_id: str, fault: str, body: Any) -> HttpReply:
        session = self._server.hub.sessions.get(connection_id)
        if session is None:
            return _error(404, f"no stream connection {connection_id}")
        if fault not in STREAM_FAULTS:
            return _error(404, f"no fault {fault!r} (there are: {', '.join(STREAM_FAULTS)})")
        wanted = msgspec.convert({"fault": fault} | body, FaultRule)
        op = "ocm" if wanted.operation == "*" else wanted.operation
        happen(session, op, wanted)
        return _reply({})

    def _faults(self, method: str, rest: list[str], body: Any) -> HttpReply:
        plan = self._server.plan
        if method == "GET" and rest == ["log"]:
            return _reply(list(plan.log))
        if rest:
            return _error(404, f"no {method} /faults/{'/'.join(rest)}")
        if method == "POST":
            plan.add(read_rules(body))
        elif method == "DELETE":
            plan.clear()
        return _reply(plan.rules)


def _reply(body: object) -> HttpReply:
    return HttpReply(200, msgspec.json.encode(body))


def _error(status: int, message: str) -> HttpReply:
    return HttpReply(status, msgspec.json.encode({"error": message}))
