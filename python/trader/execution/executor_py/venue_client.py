"""What the executor asks of the venue, over betfairlightweight: requests of the order machine in,
answers for it out.

Every call ends in what is known afterwards; nothing here decides what follows from it. Calls block;
each thread has an HTTP session of its own, with the venue's certificate verified.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from betfairlightweight import APIClient
from betfairlightweight.endpoints import Betting
from betfairlightweight.exceptions import (
    APIError,
    BetfairError,
    InvalidResponse,
    LoginError,
    StatusCodeError,
)

from trader.betfair.normalize import round_centi
from trader.execution.executor_py.secret_file import read_secret
from trader.execution.executor_py.venue_bets import CLEARED, Cleared, of_cleared, of_current
from trader.execution.interfaces.executor import ExecutorStartError
from trader.execution.interfaces.intents import QuoteIntent, TimeInForce
from trader.execution.orders import facts, request
from trader.execution.orders.kinds import Kind

HTTP_TOO_MANY: Final = 429
TIMEOUT_S: Final = 10.0
CONNECT_TIMEOUT_S: Final = 5.0
_BAD_REQUEST: Final = "INVALID_INPUT_DATA"
_UNREAD: Final = frozenset({-32700, -32600, -32601, -32602})
"""JSON-RPC codes of what the venue cannot read, and so has not done."""
_OVERALL: Final = ("BET_ACTION_ERROR", "PROCESSED_WITH_ERRORS")


@dataclass(frozen=True, slots=True)
class VenueAddress:
    """Where the venue is and who we are there. The secrets are never printed.

    With `cert_file` and `key_file` we log in by certificate at `certlogin_url`; with `token_file`
    somebody else does and keeps the token there.
    """

    api_url: str
    identity_url: str
    app_key: str
    username: str
    password: str
    ca_file: str | None = None
    certlogin_url: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    token_file: str | None = None
    timeout_s: float = TIMEOUT_S

    def __repr__(self) -> str:
        return f"VenueAddress({self.api_url!r}, {self.username!r})"


class VenueError(Exception):
    """The venue has not said what it was asked; one line."""


class VenueClient:
    """For any number of threads."""

    def __init__(self, address: VenueAddress) -> None:
        self._address = address
        self._local = threading.local()
        self._login_lock = threading.Lock()
        self._is_over = False  # the session, as the venue has last said of it
        certificate = (address.cert_file, address.key_file) if address.cert_file else None
        self._client = APIClient(
            address.username,
            address.password,
            app_key=address.app_key,
            lightweight=True,
            cert_files=certificate,
        )
        self._client.api_uri = f"{address.api_url}/exchange/"
        self._client.identity_uri = f"{address.identity_url}/api/"
        self._client.identity_cert_uri = f"{address.certlogin_url or address.identity_url}/api/"

    # --- the session ----------------------------------------------------------------------------

    @property
    def token(self) -> str:
        """The present session token."""
        return str(self._client.session_token or "")

    @property
    def is_logged_in(self) -> bool:
        """Whether there is a session, and the venue has not said since that there is none."""
        return bool(self.token) and not self._is_over

    def login(self, instead_of: str | None = None) -> str:
        """Logs in, unless another thread has since `instead_of` was the token; the token.

        Raises `ExecutorStartError` when the venue does not let us in.
        """
        by_certificate = self._address.cert_file is not None
        with self._login_lock:
            if self._address.token_file is not None:
                self._client.set_session_token(read_secret(self._address.token_file))
            elif instead_of is None or self.token == instead_of:
                how = self._client.login if by_certificate else self._client.login_interactive
                try:
                    how(session=self._session())
                except (BetfairError, LoginError) as error:
                    raise ExecutorStartError(f"no log-in at the venue: {_why(error)}") from None
            self._is_over = False
            return self.token

    def keep_alive(self) -> bool:
        """Prolongs the session; False when there is none any more. Raises `VenueError`."""
        if self._address.token_file is not None:
            return True  # it is somebody else's session
        try:
            answer = self._client.keep_alive(session=self._session())
        except APIError as error:
            raise VenueError(_why(error)) from None
        except BetfairError:
            answer = {}
        self._is_over = answer.get("status") != "SUCCESS"
        return not self._is_over

    def heartbeat(self, seconds: int) -> str:
        """Tells the venue that we are there: after that many seconds of silence it cancels the
        account's LIMIT bets; what it has done. Raises `VenueError`. (betfairlightweight has no call
        for it.)"""
        call: dict[str, Any] = {
            "jsonrpc": "2.0",
            "method": "HeartbeatAPING/v1.0/heartbeat",
            "params": {"preferredTimeoutSeconds": seconds},
            "id": 1,
        }
        try:
            reply = self._session().post(
                f"{self._client.api_uri}heartbeat/json-rpc/v1",
                json=call,
                headers=self._client.request_headers,
                timeout=(CONNECT_TIMEOUT_S, self._address.timeout_s),
            )
            return str(reply.json()["result"]["actionPerformed"])
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise VenueError(f"no heartbeat: {_why(error)}") from None

    def currency(self) -> str:
        """The account's. Raises `VenueError`."""
        return str(self.listing(self._client.account.get_account_details)["currencyCode"])

    def check_currency(self, wanted: str | None) -> str:
        """The account's currency. Raises `ExecutorStartError` when that is not the one wanted, or
        not known."""
        try:
            found = self.currency()
        except VenueError as error:
            raise ExecutorStartError(f"the account's currency is not known: {error}") from None
        if wanted and found != wanted:
            raise ExecutorStartError(
                f"betfair.currency: the account's is {found}, the configuration says {wanted}"
            )
        return found

    def best_prices(self, market_id: str) -> dict[facts.RunnerKey, tuple[int | None, int | None]]:
        """The best price to back at and to lay at of each runner, hundredths. Raises
        `VenueError`."""
        books = self.listing(
            self._client.betting.list_market_book,
            market_ids=[market_id],
            price_projection={"priceData": ["EX_BEST_OFFERS"]},
        )

        def best(offers: Sequence[Mapping[str, Any]]) -> int | None:
            return round_centi(offers[0]["price"]) if offers else None

        return {
            (runner["selectionId"], round_centi(runner.get("handicap") or 0.0)): (
                best(runner["ex"]["availableToBack"]),
                best(runner["ex"]["availableToLay"]),
            )
            for book in books
            for runner in book["runners"]
            if "ex" in runner
        }

    def exposure_centi(self) -> int:
        """What all bets of the account may cost, at least 0. Raises `VenueError`."""
        funds = self.listing(self._client.account.get_account_funds)
        return abs(round_centi(funds["exposure"]))

    # --- orders ---------------------------------------------------------------------------------

    def change(self, wanted: request.Request, more_s: float = 0.0) -> facts.Answer:
        """Sends a request that changes something; its reply may take `more_s` longer than usual."""
        betting = Betting(self._client)
        betting.connect_timeout = CONNECT_TIMEOUT_S
        betting.read_timeout = self._address.timeout_s + more_s
        try:
            report = _call(betting, wanted, self._session())
        except StatusCodeError as error:
            return _of_status(error)
        except APIError as error:
            return _of_api_error(error)
        except InvalidResponse:
            return facts.Lost("the reply is no JSON")
        return _of_report(wanted, report)

    def look_up(self, wanted: request.Request) -> list[facts.Bet]:
        """Everything the venue has of what a look-up asks for. Raises `VenueError`."""
        asked = [one for one in wanted.instructions if isinstance(one, request.LookUp)]
        refs = [one.venue_ref for one in asked]
        ids = [one.bet_id for one in asked if one.bet_id is not None]
        found = {bet.bet_id: bet for bet in self._current(customer_order_refs=refs)}
        # A replaced bet need not have the reference.
        if unseen := [bet_id for bet_id in ids if bet_id not in found]:
            found |= {bet.bet_id: bet for bet in self._current(bet_ids=unseen)}
        if unseen := [bet_id for bet_id in ids if bet_id not in found]:
            found |= {bet.bet_id: bet for bet in self._cleared(bet_ids=unseen)}
        seen = {bet.order_ref for bet in found.values()}
        if unseen := [ref for ref in refs if ref not in seen]:
            cleared = self._cleared(customer_order_refs=unseen)
            found = {bet.bet_id: bet for bet in cleared} | found
        return list(found.values())

    def _current(self, **named: Any) -> list[facts.Bet]:
        bets: list[facts.Bet] = []
        while True:
            page = self.listing(
                self._client.betting.list_current_orders, from_record=len(bets), **named
            )
            bets.extend(of_current(order) for order in page["currentOrders"])
            if not page["moreAvailable"] or not page["currentOrders"]:
                return bets

    def _cleared(self, **named: Any) -> list[facts.Bet]:
        parts: list[tuple[Cleared, Mapping[str, Any]]] = []
        for way in CLEARED:
            page = self.listing(self._client.betting.list_cleared_orders, bet_status=way, **named)
            if page["moreAvailable"]:
                raise VenueError("more cleared orders than fit")
            parts.extend((way, order) for order in page["clearedOrders"])
        return of_cleared(parts)

    @property
    def api(self) -> APIClient:
        """What `listing` may call."""
        return self._client

    def listing(self, call: Callable[..., Any], **parameters: Any) -> Any:
        """What a question that changes nothing is answered. Raises `VenueError`."""
        try:
            return call(session=self._session(), **parameters)
        except BetfairError as error:
            raise VenueError(_why(error)) from None

    def _session(self) -> requests.Session:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            if self._address.ca_file is not None:
                session.verify = self._address.ca_file
                session.trust_env = False  # or REQUESTS_CA_BUNDLE would be taken instead
        return session


# --- requests -----------------------------------------------------------------------------------


def _call(betting: Betting, wanted: request.Request, session: requests.Session) -> Any:
    instructions = [_instruction(one) for one in wanted.instructions]
    where = {"market_id": wanted.market_id, "instructions": instructions, "session": session}
    if wanted.kind is Kind.PLACE:
        placed = [one.intent for one in wanted.instructions if isinstance(one, request.Place)]
        versions = [i.market_version for i in placed if i.market_version is not None]
        return betting.place_orders(
            customer_ref=wanted.reference,
            customer_strategy_ref=placed[0].strategy_ref,
            # One is said for all orders of a request: the oldest that any of them names.
            market_version={"version": min(versions)} if versions else None,
            **where,
        )
    if wanted.kind is Kind.REPLACE:
        return betting.replace_orders(customer_ref=wanted.reference, **where)
    # Cancelling twice is cancelling once: no reference, so that it is never refused for a repeat.
    return betting.cancel_orders(**where)


def _instruction(one: request.Instruction) -> dict[str, Any]:
    match one:
        case request.Place():
            return _place(one.intent)
        case request.Cancel(bet_id, None):
            return {"betId": bet_id}
        case request.Cancel(bet_id, reduce_centi):
            assert reduce_centi is not None, "the case above"
            return {"betId": bet_id, "sizeReduction": reduce_centi / 100}
        case request.Replace():
            return {"betId": one.bet_id, "newPrice": one.price_centi / 100}
        case request.LookUp():
            raise ValueError("a look-up changes nothing")


def _place(intent: QuoteIntent) -> dict[str, Any]:
    limit: dict[str, Any] = {"size": intent.size_centi / 100, "price": intent.price_centi / 100}
    if intent.time_in_force is TimeInForce.FILL_OR_KILL:
        limit["timeInForce"] = "FILL_OR_KILL"
        if intent.min_fill_size_centi is not None:
            limit["minFillSize"] = intent.min_fill_size_centi / 100
    else:
        limit["persistenceType"] = intent.persistence.value
    return {
        "orderType": "LIMIT",
        "selectionId": intent.selection_id,
        "handicap": intent.handicap_centi / 100,
        "side": intent.side.value,
        "customerOrderRef": intent.intent_id,
        "limitOrder": limit,
    }


# --- answers ------------------------------------------------------------------------------------


def _of_report(wanted: request.Request, report: Mapping[str, Any]) -> facts.Answer:
    """What an execution report says of each instruction."""
    parts: Sequence[Mapping[str, Any]] = report.get("instructionReports") or ()
    status, overall = report.get("status"), report.get("errorCode")
    if not parts:
        if overall is not None and status != "TIMEOUT":
            return facts.Refused(str(overall))
        return facts.Lost(f"the venue says {status} and nothing of the parts")
    if len(parts) != len(wanted.instructions):
        return facts.Lost("a report of other instructions")
    pairs = zip(wanted.instructions, parts, strict=True)
    return facts.Replied([_told(one, status, overall, part) for one, part in pairs])


def _told(
    asked: request.Instruction, whole: object, overall: object, part: Mapping[str, Any]
) -> facts.Told:
    if part["status"] == "SUCCESS":
        return _done(asked, part)
    if part["status"] != "FAILURE" or whole == "TIMEOUT":
        return facts.TimedOut()
    code = part.get("errorCode")
    if code in (None, "ERROR_IN_ORDER") and overall not in (None, *_OVERALL):
        code = overall  # the reason stands above: nothing is wrong with the one instruction
    return facts.Failed(str(code or "UNEXPECTED_ERROR"))


def _done(asked: request.Instruction, part: Mapping[str, Any]) -> facts.Told:
    match asked:
        case request.Place():
            return facts.Done(part.get("betId"), asked.intent.size_centi)
        case request.Replace():
            placed = part.get("placeInstructionReport") or {}
            limit = (placed.get("instruction") or {}).get("limitOrder")
            if limit is None:
                return facts.TimedOut()  # it is there, and looking says how much of it
            return facts.Done(placed.get("betId"), round_centi(limit["size"]))
        case _:
            return facts.Done(None, round_centi(part.get("sizeCancelled") or 0.0))


def _of_status(error: StatusCodeError) -> facts.Answer:
    status = getattr(error, "status_code", None)
    if str(status) == str(HTTP_TOO_MANY):
        return facts.Refused("TOO_MANY_REQUESTS")
    return facts.Lost(f"HTTP {status}")


def _of_api_error(error: APIError) -> facts.Answer:
    """An APINGException, or a transport that failed: then the venue may have acted."""
    answer = getattr(error, "response", None)
    if isinstance(answer, Mapping):
        wrong = answer.get("error") or {}
        data = wrong.get("data") or {}
        code = (data.get("APINGException") or {}).get("errorCode")
        if code is not None:
            return facts.Refused(str(code))
        if wrong.get("code") in _UNREAD:
            return facts.Refused(_BAD_REQUEST)
        return facts.Lost(str(wrong)[:200])
    cause = getattr(error, "exception", None)
    unsent = requests.exceptions.ConnectTimeout | requests.exceptions.SSLError
    if isinstance(cause, unsent) or _is_refused(cause):
        return facts.NotSent(_why(error))
    return facts.Lost(_why(error))


def _is_refused(cause: object) -> bool:
    """Whether there was no connection at all."""
    reason = getattr(getattr(cause, "args", [None])[0] if cause else None, "reason", None)
    return type(reason).__name__ == "NewConnectionError"


def _why(error: Exception) -> str:
    """What a person wants to know of an error of betfairlightweight: of a connection that failed,
    with which host and why; not the whole chain of who called whom."""
    cause = getattr(error, "exception", None)
    if isinstance(cause, requests.RequestException) and cause.request is not None:
        host = urlsplit(str(cause.request.url)).netloc
        reason = getattr(cause.args[0] if cause.args else None, "reason", None) or cause
        words = str(reason).removesuffix("')").removesuffix('")')
        return f"{host}: {' '.join(words.rpartition(': ')[2].split())}"[:200]
    return " ".join(str(error).split())[:200]
