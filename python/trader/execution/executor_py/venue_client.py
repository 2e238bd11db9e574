"""What the venue executor asks of the venue, over betfairlightweight: plain values in and out.

Every call ends in an `Outcome`: what the venue said, or how the attempt failed and whether the
venue may have acted. Nothing here decides what follows from it. Calls block; each worker thread
has an HTTP session of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import requests
from betfairlightweight import APIClient
from betfairlightweight.exceptions import (
    APIError,
    BetfairError,
    InvalidResponse,
    LoginError,
    StatusCodeError,
)

from trader.betfair.error_codes import ErrorClass, class_of
from trader.execution.interfaces.executor import ExecutorStartError
from trader.execution.interfaces.intents import QuoteIntent, TimeInForce

HTTP_TOO_MANY: Final = 429
HTTP_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class VenueAddress:
    """Where the venue is and who we are there. The secrets are never printed."""

    api_url: str
    identity_url: str
    app_key: str
    username: str
    password: str
    ca_file: str | None = None

    def __repr__(self) -> str:
        return f"VenueAddress({self.api_url!r}, {self.username!r})"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended.

    `report` is the one instruction report of a reply, None where there was no reply or none for
    the instruction. `error_class` None means success.
    """

    report: Mapping[str, Any] | None
    error_class: ErrorClass | None = None
    code: str | None = None
    message: str | None = None


class VenueClient:
    """For any number of threads."""

    def __init__(self, address: VenueAddress) -> None:
        self._address = address
        self._local = threading.local()
        self._login_lock = threading.Lock()
        self._client = APIClient(
            address.username, address.password, app_key=address.app_key, lightweight=True
        )
        self._client.api_uri = f"{address.api_url}/exchange/"
        self._client.identity_uri = f"{address.identity_url}/api/"

    @property
    def token(self) -> str:
        """The present session token."""
        return str(self._client.session_token or "")

    def login(self, instead_of: str | None = None) -> str:
        """Logs in, unless another thread has since `instead_of` was the token; the token.

        Raises `ExecutorStartError` when the venue does not let us in.
        """
        with self._login_lock:
            if instead_of is None or self.token == instead_of:
                try:
                    self._client.login_interactive(session=self._session())
                except (BetfairError, LoginError) as error:
                    raise ExecutorStartError(f"no log-in at the venue: {_why(error)}") from None
            return self.token

    def place(self, intent: QuoteIntent, customer_ref: str) -> Outcome:
        """placeOrders of one instruction."""
        limit: dict[str, Any] = {
            "size": intent.size_centi / 100,
            "price": intent.price_centi / 100,
        }
        if intent.time_in_force is TimeInForce.FILL_OR_KILL:
            limit["timeInForce"] = "FILL_OR_KILL"
            if intent.min_fill_size_centi is not None:
                limit["minFillSize"] = intent.min_fill_size_centi / 100
        else:
            limit["persistenceType"] = intent.persistence.value
        instruction = {
            "orderType": "LIMIT",
            "selectionId": intent.selection_id,
            "handicap": intent.handicap_centi / 100,
            "side": intent.side.value,
            "customerOrderRef": intent.intent_id,
            "limitOrder": limit,
        }
        version = intent.market_version
        return self._one(
            lambda session: self._client.betting.place_orders(
                market_id=intent.market_id,
                instructions=[instruction],
                customer_ref=customer_ref,
                customer_strategy_ref=intent.strategy_ref or None,
                market_version={"version": version} if version is not None else None,
                session=session,
            )
        )

    def cancel(self, market_id: str, bet_id: str) -> Outcome:
        """cancelOrders of one bet, whole."""
        return self._one(
            lambda session: self._client.betting.cancel_orders(
                market_id=market_id, instructions=[{"betId": bet_id}], session=session
            )
        )

    def replace(self, market_id: str, bet_id: str, price_centi: int, customer_ref: str) -> Outcome:
        """replaceOrders of one bet."""
        return self._one(
            lambda session: self._client.betting.replace_orders(
                market_id=market_id,
                instructions=[{"betId": bet_id, "newPrice": price_centi / 100}],
                customer_ref=customer_ref,
                session=session,
            )
        )

    def current(
        self, order_refs: Sequence[str], bet_ids: Sequence[str]
    ) -> list[dict[str, Any]] | None:
        """The orders of these bets, or where none is named of these customerOrderRefs, complete
        ones too; None when nobody answered."""
        named = {"bet_ids": list(bet_ids)} if bet_ids else {"customer_order_refs": list(order_refs)}
        try:
            answer = self._client.betting.list_current_orders(
                **named, order_projection="ALL", session=self._session()
            )
        except BetfairError:
            return None
        orders: list[dict[str, Any]] = answer["currentOrders"]
        return orders

    def _one(self, call: Callable[[requests.Session], Any]) -> Outcome:
        """A request of one instruction; a session that ended is renewed once."""
        outcome = self._attempt(call)
        if outcome.error_class == "auth":
            try:
                self.login(instead_of=self.token)
            except ExecutorStartError as error:
                return Outcome(None, "halt", outcome.code, str(error))
            outcome = self._attempt(call)
        return outcome

    def _attempt(self, call: Callable[[requests.Session], Any]) -> Outcome:
        try:
            answer = call(self._session())
        except StatusCodeError as error:
            return _of_status(error)
        except APIError as error:
            return _of_api_error(error)
        except InvalidResponse:
            return Outcome(None, "ambiguous", "INVALID_RESPONSE", "the reply is no JSON")
        return _of_answer(answer)

    def _session(self) -> requests.Session:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            if self._address.ca_file is not None:
                session.verify = self._address.ca_file
        return session


def _of_answer(answer: Mapping[str, Any]) -> Outcome:
    """What an execution report of one instruction says."""
    if answer.get("status") == "TIMEOUT":
        return Outcome(None, "ambiguous", "TIMEOUT", "the venue does not know yet")
    reports = answer.get("instructionReports") or [None]
    report = reports[0]
    if report is None:
        code = str(answer.get("errorCode", "UNEXPECTED_ERROR"))
        return Outcome(None, class_of(code), code)
    if report["status"] == "SUCCESS":
        return Outcome(report)
    if report["status"] == "TIMEOUT":
        return Outcome(report, "ambiguous", "TIMEOUT", "the venue does not know yet")
    code = str(report.get("errorCode", "UNEXPECTED_ERROR"))
    overall = str(answer.get("errorCode", code))
    if code == "ERROR_IN_ORDER" and overall not in ("BET_ACTION_ERROR", "PROCESSED_WITH_ERRORS"):
        code = overall  # the reason stands above: nothing is wrong with the one instruction
    return Outcome(report, class_of(code), code)


def _of_status(error: StatusCodeError) -> Outcome:
    status = getattr(error, "status_code", None)
    if status is not None and str(status) == str(HTTP_TOO_MANY):
        return Outcome(None, "transient", "HTTP_429", "too many requests")
    return Outcome(None, "ambiguous", "HTTP_ERROR", _why(error))


def _of_api_error(error: APIError) -> Outcome:
    """An APINGException, or a transport that failed: then the venue may have acted."""
    answer = getattr(error, "response", None)
    data = answer.get("error", {}).get("data", {}) if isinstance(answer, Mapping) else {}
    code = data.get("APINGException", {}).get("errorCode") if isinstance(data, Mapping) else None
    if code is not None:
        return Outcome(None, class_of(str(code)), str(code))
    if isinstance(answer, Mapping):
        return Outcome(None, "reject", "JSON_RPC_ERROR", str(answer.get("error"))[:200])
    cause = getattr(error, "exception", None)
    if isinstance(cause, requests.exceptions.ConnectTimeout | requests.exceptions.SSLError):
        return Outcome(None, "transient", "NOT_SENT", _why(error))
    return Outcome(None, "ambiguous", "TRANSPORT", _why(error))


def _why(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
