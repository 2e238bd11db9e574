"""The one door to the API: which operation a request asks for, by whom, and how it is answered.

Requests are served one after another, and only those that place bets in play wait: the venue's
limit of three listings of an account in execution at a time is never met here.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from trader.simulator.exchange.accounts import Session
from trader.simulator.exchange.api import account, changing, identity, parameters, placing
from trader.simulator.exchange.api import listing_books as books
from trader.simulator.exchange.api import listing_markets as markets
from trader.simulator.exchange.api import listing_orders as orders
from trader.simulator.exchange.api.account import Heartbeats
from trader.simulator.exchange.api.call import Answer, Call, Traffic
from trader.simulator.exchange.api.errors import (
    ANGX,
    APING,
    BAD_JSON,
    BAD_PARAMETERS,
    BAD_TYPE,
    METHOD_NOT_FOUND,
    MISSING,
    NO_SUCH_OPERATION,
    PARSE_ERROR,
    ApiError,
    RpcError,
)
from trader.simulator.exchange.api.http_types import HttpReply, HttpRequest

if TYPE_CHECKING:
    from trader.simulator.exchange.venue import Venue

BODY_BYTES_MAX: Final = 1024 * 1024
BATCH_MAX: Final = 100

ReplyTo: TypeAlias = Callable[[HttpReply], None]
_Serve: TypeAlias = Callable[[Call, Any, Answer], None]
_Done: TypeAlias = Callable[[Any, ApiError | RpcError | None], None]
"""Takes an operation's result, or why there is none."""

_log: Final = logging.getLogger("trader.exchange")


@dataclass(frozen=True, slots=True)
class _Operation:
    decoder: msgspec.json.Decoder[Any]
    serve: _Serve


def _operation(kind: type, serve: _Serve) -> _Operation:
    return _Operation(msgspec.json.Decoder(kind, strict=False), serve)


class _Rpc(msgspec.Struct):
    """One JSON-RPC call."""

    method: str
    params: msgspec.Raw = msgspec.Raw(b"{}")
    id: int | str | None = None
    jsonrpc: str = "2.0"


_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are no message of ours; the last for one nested too deep."""
_RPC: Final = msgspec.json.Decoder(_Rpc)
_BATCH: Final = msgspec.json.Decoder(list[_Rpc])
_IDENTITY: Final = {
    "/api/certlogin": ("certlogin", identity.certlogin),
    "/api/login": ("login", identity.login),
    "/api/keepAlive": ("keepAlive", identity.keep_alive),
    "/api/logout": ("logout", identity.logout),
}
_SERVICES: Final = {
    "betting": "SportsAPING/v1.0/",
    "account": "AccountAPING/v1.0/",
    "heartbeat": "HeartbeatAPING/v1.0/",
}


class Api:
    """For one venue. `parked` counts the requests that wait for a later time of the venue."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.parked = 0
        self.served = 0
        self.traffic: dict[str, Traffic] = {}
        """By account id."""
        self._operations = _operations(Heartbeats())

    @staticmethod
    def operation(request: HttpRequest) -> str:
        """What a request asks for, for whoever treats operations differently: `placeOrders`,
        `login` …; `batch` for several calls in one, `unknown` for anything else."""
        known = _IDENTITY.get(request.path.rstrip("/"))
        if known is not None:
            return known[0]
        parts = request.path.strip("/").split("/")
        if len(parts) >= 5 and parts[0] == "exchange" and parts[2] == "rest":
            return parts[4] if parts[4] in _NAMES else "unknown"
        if request.body.lstrip()[:1] == b"[":
            return "batch"
        try:
            name = _RPC.decode(request.body).method.rsplit("/", 1)[-1]
        except _UNREADABLE:
            return "unknown"
        return name if name in _NAMES else "unknown"

    def handle(self, request: HttpRequest, reply: ReplyTo) -> None:
        """Calls `reply` once: now, or when the venue's time has come to it. Whoever listens to the
        venue is told of what followed first: who has a reply can ask what was sent before it."""
        self.served += 1
        self.parked += 1
        at_once: list[HttpReply] = []
        is_serving = True

        def answered(answer: HttpReply) -> None:
            if is_serving:
                at_once.append(answer)
            else:
                self.parked -= 1
                reply(answer)

        try:
            self._route(request, answered)
        except Exception:
            _log.exception("the API failed at %s", request.path)
            at_once = [_json(500, {"faultcode": "Server", "faultstring": "internal error"})]
        self.venue.flush()
        is_serving = False
        for answer in at_once[:1]:
            self.parked -= 1
            reply(answer)

    def _route(self, request: HttpRequest, reply: ReplyTo) -> None:
        if len(request.body) > BODY_BYTES_MAX:
            reply(_fault("REQUEST_SIZE_EXCEEDS_LIMIT", f"{len(request.body)} bytes"))
            return
        known = _IDENTITY.get(request.path.rstrip("/"))
        if known is not None:
            reply(_json(200, known[1](self.venue, request)))
            return
        parts = request.path.strip("/").split("/")
        service = parts[1] if len(parts) > 2 and parts[0] == "exchange" else ""
        if service not in _SERVICES or request.method != "POST":
            reply(_json(404, {"faultcode": "Client", "faultstring": "no such address"}))
        elif parts[2] == "rest" and len(parts) >= 5:
            self._rest(request, service, parts[4], reply)
        elif parts[2] == "json-rpc":
            self._json_rpc(request, service, reply)
        else:
            reply(_json(404, {"faultcode": "Client", "faultstring": "no such address"}))

    # --- the two forms ---------------------------------------------------------------------------

    def _rest(self, request: HttpRequest, service: str, name: str, reply: ReplyTo) -> None:
        def done(result: Any, error: ApiError | RpcError | None) -> None:
            if error is None:
                reply(_json(200, result))
            elif isinstance(error, ApiError):
                reply(_fault(error.code, error.details))
            else:
                status = 404 if error.number == METHOD_NOT_FOUND else 400
                reply(_client_fault(status, error.message, {}))

        self._call(request, service, name, request.body or b"{}", done)

    def _json_rpc(self, request: HttpRequest, service: str, reply: ReplyTo) -> None:
        is_batch = request.body.lstrip()[:1] == b"["
        try:
            calls = _BATCH.decode(request.body) if is_batch else [_RPC.decode(request.body)]
            if not 1 <= len(calls) <= BATCH_MAX:
                raise msgspec.ValidationError("too many calls")
        except _UNREADABLE:
            reply(_json(200, _rpc_error(None, PARSE_ERROR, BAD_JSON)))
            return
        answers: list[dict[str, Any] | None] = [None] * len(calls)

        def finish(index: int, answer: dict[str, Any]) -> None:
            answers[index] = answer
            if None not in answers:
                reply(_json(200, answers if is_batch else answers[0]))

        for index, call in enumerate(calls):
            prefix, _, name = call.method.rpartition("/")
            if f"{prefix}/" != _SERVICES[service]:
                name = ""
            self._call(request, service, name, bytes(call.params), _rpc_done(index, call, finish))

    # --- one operation ---------------------------------------------------------------------------

    def _call(
        self, request: HttpRequest, service: str, name: str, params: bytes, done: _Done
    ) -> None:
        """Serves one operation; `done` hears once of the result or of why there is none."""
        is_done = False

        def end(result: Any, error: ApiError | RpcError | None) -> None:
            nonlocal is_done
            if not is_done:
                is_done = True
                done(result, error)

        try:
            operation = self._operations.get((service, name))
            if operation is None:
                raise RpcError(METHOD_NOT_FOUND, NO_SUCH_OPERATION)
            session, has_delayed_key = self._session(request)
            wanted = _decoded(operation, params)
            account_id = session.account.account_id
            traffic = self.traffic.setdefault(account_id, Traffic())
            refuse = partial(end, None)
            call = Call(self.venue, session, traffic, refuse, has_delayed_key)
            operation.serve(call, wanted, lambda result: end(result, None))
        except (ApiError, RpcError) as error:
            end(None, error)
        except Exception:
            _log.exception("the API failed at %s", name)
            end(None, ApiError("UNEXPECTED_ERROR", "the exchange failed"))

    def _session(self, request: HttpRequest) -> tuple[Session, bool]:
        """Who asks, and whether with the key for delayed data. Raises `ApiError`."""
        key = request.headers.get("x-application", "")
        if not key:
            raise ApiError("NO_APP_KEY", "the header X-Application is missing")
        token = request.headers.get("x-authentication", "")
        if not token:
            raise ApiError("NO_SESSION", "the header X-Authentication is missing")
        session = self.venue.session(token)
        if session is None:
            raise ApiError("INVALID_SESSION_INFORMATION", "the session is not open")
        keys = session.account.app_keys
        told = key.encode("utf-8", "replace")
        is_live, is_delayed = (hmac.compare_digest(told, own.encode()) for own in keys)
        if not (is_live or is_delayed):
            raise ApiError("INVALID_APP_KEY", "the application key is not the account's")
        return session, not is_live


def _operations(heartbeats: Heartbeats) -> dict[tuple[str, str], _Operation]:
    betting: dict[str, tuple[type, _Serve]] = {
        "placeOrders": (parameters.PlaceOrders, placing.place_orders),
        "cancelOrders": (parameters.CancelOrders, changing.cancel_orders),
        "replaceOrders": (parameters.ReplaceOrders, changing.replace_orders),
        "updateOrders": (parameters.UpdateOrders, changing.update_orders),
        "listCurrentOrders": (parameters.ListCurrentOrders, orders.list_current_orders),
        "listClearedOrders": (parameters.ListClearedOrders, orders.list_cleared_orders),
        "listMarketCatalogue": (parameters.ListMarketCatalogue, markets.list_market_catalogue),
        "listMarketBook": (parameters.ListMarketBook, books.list_market_book),
        "listRunnerBook": (parameters.ListRunnerBook, books.list_runner_book),
        "listMarketProfitAndLoss": (
            parameters.ListProfitAndLoss,
            books.list_market_profit_and_loss,
        ),
        "listEventTypes": (parameters.ListMarkets, markets.list_event_types),
        "listEvents": (parameters.ListMarkets, markets.list_events),
        "listMarketTypes": (parameters.ListMarkets, markets.list_market_types),
        "listCountries": (parameters.ListMarkets, markets.list_countries),
        "listVenues": (parameters.ListMarkets, markets.list_venues),
        "listCompetitions": (parameters.ListMarkets, markets.list_competitions),
    }
    table = {("betting", name): _operation(*pair) for name, pair in betting.items()}
    table["account", "getAccountFunds"] = _operation(parameters.Nothing, account.get_account_funds)
    table["account", "getAccountDetails"] = _operation(
        parameters.Nothing, account.get_account_details
    )
    table["heartbeat", "heartbeat"] = _operation(parameters.Heartbeat, heartbeats.heartbeat)
    return table


_NAMES: Final = frozenset(name for _, name in _operations(Heartbeats()))


def _decoded(operation: _Operation, params: bytes) -> Any:
    """An operation's parameters. Raises `RpcError`; as at the venue it tells what kind of thing is
    wrong and not where: that is in the log, for who looks for it."""
    try:
        return operation.decoder.decode(b"{}" if params == b"null" else params)
    except msgspec.ValidationError as error:
        _log.debug("bad parameters: %s", error)
        is_missing = "missing required field" in str(error) or "got `null`" in str(error)
        raise RpcError(BAD_PARAMETERS, MISSING if is_missing else BAD_TYPE) from None
    except _UNREADABLE:
        raise RpcError(PARSE_ERROR, BAD_JSON) from None


def _rpc_done(index: int, call: _Rpc, finish: Callable[[int, dict[str, Any]], None]) -> _Done:
    def done(result: Any, error: ApiError | RpcError | None) -> None:
        if error is None:
            answer = {"jsonrpc": "2.0", "result": result, "id": call.id}
        elif isinstance(error, ApiError):
            answer = _rpc_error(call.id, APING, ANGX.get(error.code, "ANGX-0006"), error)
        else:
            answer = _rpc_error(call.id, error.number, error.message)
        finish(index, answer)

    return done


def _rpc_error(
    call_id: int | str | None, number: int, message: str, error: ApiError | None = None
) -> dict[str, Any]:
    fault: dict[str, Any] = {"code": number, "message": message}
    if error is not None:
        fault["data"] = {"APINGException": _exception(error.code, error.details)} | {
            "exceptionname": "APINGException"
        }
    return {"jsonrpc": "2.0", "error": fault, "id": call_id}


def _exception(code: str, details: str) -> dict[str, str]:
    return {"requestUUID": "", "errorCode": code, "errorDetails": details}


def _fault(code: str, details: str) -> HttpReply:
    """An APINGException in REST form."""
    exception = {
        "APINGException": _exception(code, details),
        "exceptionname": "APINGException",
    }
    return _client_fault(400, ANGX.get(code, "ANGX-0006"), exception)


def _client_fault(status: int, fault: str, detail: dict[str, Any]) -> HttpReply:
    return _json(status, {"faultcode": "Client", "faultstring": fault, "detail": detail})


def _json(status: int, body: object) -> HttpReply:
    return HttpReply(status, msgspec.json.encode(body))
