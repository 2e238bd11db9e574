"""An `Api` whose requests meet the faults of a plan.

Delays are timers of the venue: in stepped time nothing here depends on a machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from trader.simulator.exchange.api import Api, HttpReply, HttpRequest
from trader.simulator.exchange.api.errors import ANGX, APING
from trader.simulator.exchange.faults.plan import FaultPlan, FaultRule

if TYPE_CHECKING:
    from trader.simulator.exchange.venue import Venue

TIMEOUT_MS: Final = 5_000
"""When the venue says that it does not know."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A connection that breaks instead of a reply, or within it."""

    how: Literal["reset", "half"]
    reply: HttpReply | None = None


Answer: TypeAlias = HttpReply | Broken
AnswerTo: TypeAlias = Callable[[Answer], None]


class FaultyApi:
    """`handle` as an `Api` has it, but the answer may be `Broken`."""

    def __init__(self, api: Api, plan: FaultPlan) -> None:
        self.api = api
        self.plan = plan
        self.parked = 0
        """Requests that wait for a later time of the venue."""
        self._venue: Venue = api.venue
        self._faults: dict[str, Callable[[FaultRule, HttpRequest, AnswerTo], None]] = {
            "delay_before": self._delay_before,
            "delay_after": self._delay_after,
            "reset_before": lambda _rule, _request, answer: answer(Broken("reset")),
            "reset_after": self._reset_after,
            "half_reply": self._half_reply,
            "http_error": self._http_error,
            "timeout": self._timeout,
            "exception": self._exception,
            "bet_in_progress": self._bet_in_progress,
            "session_expiry": self._session_expiry,
            "malformed_json": self._malformed_json,
        }

    def handle(self, request: HttpRequest, answer: AnswerTo) -> None:
        """Calls `answer` once: now, or when the venue's time has come to it."""
        self.parked += 1

        def answered(what: Answer) -> None:
            self.parked -= 1
            answer(what)

        rule = self.plan.choose(Api.operation(request), self._venue.now_ms)
        if rule is None:
            self.api.handle(request, answered)
        else:
            self._faults[rule.fault](rule, request, answered)

    # --- one by one ------------------------------------------------------------------------------

    def _delay_before(self, rule: FaultRule, request: HttpRequest, answer: AnswerTo) -> None:
        self._venue.timers.after(rule.ms, lambda: self.api.handle(request, answer))

    def _delay_after(self, rule: FaultRule, request: HttpRequest, answer: AnswerTo) -> None:
        timers = self._venue.timers
        self.api.handle(request, lambda reply: _later(timers.after, rule.ms, answer, reply))

    def _reset_after(self, _rule: FaultRule, request: HttpRequest, answer: AnswerTo) -> None:
        self.api.handle(request, lambda _reply: answer(Broken("reset")))

    def _half_reply(self, _rule: FaultRule, request: HttpRequest, answer: AnswerTo) -> None:
        self.api.handle(request, lambda reply: answer(Broken("half", reply)))

    def _http_error(self, rule: FaultRule, request: HttpRequest, answer: AnswerTo) -> None:
        page = HttpReply(
            rule.status,
            f"<html><body><h1>{rule.status}</h1></body></html>".encode(),
            (("content-type", "text/html"),),
        )
        self._instead(rule, request, lambda: answer(page))

    def _timeout(self, rule: FaultRule, request: HttpRequest, answer: AnswerTo) -> None:
        """The venue does not know yet; what was asked may still be done, later than the reply."""
        timers = self._venue.timers
        if rule.executed:
            timers.after(rule.late_ms, lambda: self.api.handle(request, lambda _reply: None))
        report = _report(request, "TIMEOUT", {"status": "TIMEOUT"})
        timers.after(rule.ms or TIMEOUT_MS, lambda: answer(report))

    def _exception(self, rule: FaultRule, request: HttpRequest, answer: AnswerTo) -> None:
        fault = exception_reply(request, rule.code)
        self._instead(rule, request, lambda: answer(fault))

    def _bet_in_progress(self, rule: FaultRule, request: HttpRequest, answer: AnswerTo) -> None:
        one = {"status": "FAILURE", "errorCode": "BET_IN_PROGRESS"}
        report = _report(request, "FAILURE", one, "BET_ACTION_ERROR")
        self._instead(rule, request, lambda: answer(report))

    def _session_expiry(self, _rule: FaultRule, request: HttpRequest, answer: AnswerTo) -> None:
        self._venue.sessions.close(request.headers.get("x-authentication", ""))
        self.api.handle(request, answer)

    def _malformed_json(self, _rule: FaultRule, request: HttpRequest, answer: AnswerTo) -> None:
        def broken(reply: HttpReply) -> None:
            half = reply.body[: len(reply.body) // 2]
            answer(HttpReply(reply.status, half, reply.headers))

        self.api.handle(request, broken)

    def _instead(self, rule: FaultRule, request: HttpRequest, then: Callable[[], None]) -> None:
        """Another answer than the true one, whether or not the request is carried out."""
        if rule.executed:
            self.api.handle(request, lambda _reply: then())
        else:
            then()


def _later(
    after: Callable[[int, Callable[[], None]], object], ms: int, answer: AnswerTo, reply: HttpReply
) -> None:
    after(ms, lambda: answer(reply))


def _is_rest(request: HttpRequest) -> bool:
    return "/rest/" in request.path


def _rpc_id(request: HttpRequest) -> Any:
    try:
        body = msgspec.json.decode(request.body)
    except msgspec.MsgspecError:
        return None
    return body.get("id") if isinstance(body, dict) else None


def exception_reply(request: HttpRequest, code: str) -> HttpReply:
    """An APINGException in the form of the request."""
    angx = ANGX.get(code, "ANGX-0006")
    exception = {
        "APINGException": {"requestUUID": "", "errorCode": code, "errorDetails": ""},
        "exceptionname": "APINGException",
    }
    if _is_rest(request):
        fault = {"faultcode": "Client", "faultstring": angx, "detail": exception}
        return HttpReply(400, msgspec.json.encode(fault))
    error = {"code": APING, "message": angx, "data": exception}
    body = {"jsonrpc": "2.0", "error": error, "id": _rpc_id(request)}
    return HttpReply(200, msgspec.json.encode(body))


def _report(
    request: HttpRequest, status: str, one: dict[str, str], code: str | None = None
) -> HttpReply:
    """An execution report in which every instruction has the same fate."""
    try:
        body = msgspec.json.decode(request.body)
    except msgspec.MsgspecError:
        body = {}
    params = body if _is_rest(request) else body.get("params", {})
    report: dict[str, Any] = {"status": status, "marketId": params.get("marketId")}
    if params.get("customerRef") is not None:
        report["customerRef"] = params["customerRef"]
    if code is not None:
        report["errorCode"] = code
    of_one = _replacement if Api.operation(request) == "replaceOrders" else _instruction
    report["instructionReports"] = [
        of_one(one, instruction) for instruction in params.get("instructions") or ()
    ]
    if _is_rest(request):
        return HttpReply(200, msgspec.json.encode(report))
    answer = {"jsonrpc": "2.0", "result": report, "id": _rpc_id(request)}
    return HttpReply(200, msgspec.json.encode(answer))


def _instruction(one: dict[str, str], instruction: dict[str, Any]) -> dict[str, Any]:
    return one | {"instruction": instruction}


def _replacement(one: dict[str, str], instruction: dict[str, Any]) -> dict[str, Any]:
    """Two reports: of the old bet and of the new one, which nothing is known of."""
    cancel = one | {"instruction": {"betId": instruction.get("betId")}}
    return one | {"cancelInstructionReport": cancel, "placeInstructionReport": one}
