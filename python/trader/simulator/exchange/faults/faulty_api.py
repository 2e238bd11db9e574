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
from trader.simulator.exchange.faults.plan import IDENTITY_OPERATIONS, FaultPlan, FaultRule

if TYPE_CHECKING:
    from trader.simulator.exchange.venue import Venue

_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises; the last for what is nested too deep."""
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


def _rpc_ids(request: HttpRequest) -> Any:
    """The id of a JSON-RPC call, of several the list of theirs; None where it cannot be read."""
    try:
        body = msgspec.json.decode(request.body)
    except _UNREADABLE:
        return None
    calls = body if isinstance(body, list) else [body]
    ids = [call.get("id") if isinstance(call, dict) else None for call in calls]
    return ids if isinstance(body, list) else ids[0]


def exception_reply(request: HttpRequest, code: str) -> HttpReply:
    """A request refused with a code, in the form of the request: an APINGException, for each call
    of a batch; the identity service's own words."""
    operation = Api.operation(request)
    if operation in IDENTITY_OPERATIONS:
        return HttpReply(200, msgspec.json.encode(_refused_identity(request, operation, code)))
    angx = ANGX.get(code, "ANGX-0006")
    exception = {
        "APINGException": {"requestUUID": "", "errorCode": code, "errorDetails": ""},
        "exceptionname": "APINGException",
    }
    if _is_rest(request):
        fault = {"faultcode": "Client", "faultstring": angx, "detail": exception}
        return HttpReply(400, msgspec.json.encode(fault))
    error = {"code": APING, "message": angx, "data": exception}

    def body(call_id: Any) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "error": error, "id": call_id}

    ids = _rpc_ids(request)
    answer = [body(call_id) for call_id in ids] if isinstance(ids, list) else body(ids)
    return HttpReply(200, msgspec.json.encode(answer))


def _refused_identity(request: HttpRequest, operation: str, code: str) -> dict[str, str]:
    if operation == "certlogin":
        return {"loginStatus": code}
    product = request.headers.get("x-application", "")
    return {"token": "", "product": product, "status": "FAIL", "error": code}


def _report(
    request: HttpRequest, status: str, one: dict[str, str], code: str | None = None
) -> HttpReply:
    """An execution report in which every instruction has the same fate; as much of the request is
    repeated as can be read."""
    try:
        body = _mapping(msgspec.json.decode(request.body))
    except _UNREADABLE:
        body = {}
    params = body if _is_rest(request) else _mapping(body.get("params"))
    report: dict[str, Any] = {"status": status, "marketId": params.get("marketId")}
    if params.get("customerRef") is not None:
        report["customerRef"] = params["customerRef"]
    if code is not None:
        report["errorCode"] = code
    instructions = params.get("instructions")
    of_one = _replacement if Api.operation(request) == "replaceOrders" else _instruction
    report["instructionReports"] = [
        of_one(one, _mapping(instruction))
        for instruction in (instructions if isinstance(instructions, list) else ())
    ]
    if _is_rest(request):
        return HttpReply(200, msgspec.json.encode(report))
    answer = {"jsonrpc": "2.0", "result": report, "id": body.get("id")}
    return HttpReply(200, msgspec.json.encode(answer))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _instruction(one: dict[str, str], instruction: dict[str, Any]) -> dict[str, Any]:
    return one | {"instruction": instruction}


def _replacement(one: dict[str, str], instruction: dict[str, Any]) -> dict[str, Any]:
    """Two reports: of the old bet and of the new one, which nothing is known of."""
    cancel = one | {"instruction": {"betId": instruction.get("betId")}}
    return one | {"cancelInstructionReport": cancel, "placeInstructionReport": one}
