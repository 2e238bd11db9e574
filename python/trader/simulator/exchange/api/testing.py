"""For tests of the API: a scene with a logged-in client."""

from __future__ import annotations

from typing import Any

import msgspec

from trader.simulator.exchange.api import Api, HttpReply, HttpRequest
from trader.simulator.exchange.testing import MARKET, QUOTES, Scene, defined
from trader.simulator.feeds import FeedEvent

BETTING = "/exchange/betting/json-rpc/v1"
ACCOUNT = "/exchange/account/json-rpc/v1"
HEARTBEAT = "/exchange/heartbeat/json-rpc/v1"
PREFIXES = {
    BETTING: "SportsAPING/v1.0/",
    ACCOUNT: "AccountAPING/v1.0/",
    HEARTBEAT: "HeartbeatAPING/v1.0/",
}
KEY = "paper-app-key"


def limit(price: Any = 3.2, size: Any = 10, selection_id: Any = 101, **more: Any) -> dict[str, Any]:
    """A placeOrders instruction of a LIMIT back; `more` overrides fields of it or of its terms."""
    terms: dict[str, Any] = {"size": size, "price": price, "persistenceType": "LAPSE"}
    instruction: dict[str, Any] = {
        "orderType": "LIMIT",
        "selectionId": selection_id,
        "side": "BACK",
        "limitOrder": terms,
    }
    for name, value in more.items():
        of_terms = name in ("persistenceType", "timeInForce", "minFillSize")
        (terms if of_terms else instruction)[name] = value
    for part in (terms, instruction):
        for name in [name for name, value in part.items() if value is None]:
            del part[name]
    return instruction


class Client:
    """A scene and what a client of its API says and hears."""

    def __init__(self, *events: FeedEvent, **config: Any) -> None:
        quoted = events or (defined(0, image=True, rc=QUOTES),)
        self.scene = Scene(*quoted, **config)
        self.api = Api(self.scene.venue)
        self.token = self.login()

    def login(self, username: str = "one") -> str:
        """A new session's token."""
        body = f"username={username}&password=paper-money".encode()
        told = self.post("/api/login", body, token="")
        assert told["status"] == "SUCCESS", told
        token: str = told["token"]
        return token

    def send(
        self, path: str, body: bytes, *, token: str | None = None, **headers: str
    ) -> list[HttpReply]:
        """A request; the replies so far are in the list, as they come."""
        replies: list[HttpReply] = []
        whole = {"x-application": KEY, "x-authentication": self.token if token is None else token}
        whole |= {name.replace("_", "-"): value for name, value in headers.items()}
        whole = {name: value for name, value in whole.items() if value}
        self.api.handle(HttpRequest("POST", path, whole, body), replies.append)
        return replies

    def post(self, path: str, body: bytes, **more: Any) -> Any:
        """A request that is answered at once: the decoded reply."""
        (reply,) = self.send(path, body, **more)
        return msgspec.json.decode(reply.body)

    def ask(self, path: str, method: str, **params: Any) -> Any:
        """A JSON-RPC call: the whole answer."""
        return self.post(path, rpc(path, method, params))

    def call(self, method: str, **params: Any) -> Any:
        """A call of the betting API that succeeds: its result."""
        answer = self.ask(BETTING, method, **params)
        assert "result" in answer, answer
        return answer["result"]

    def place(self, *instructions: dict[str, Any], **params: Any) -> Any:
        """placeOrders on the scene's market."""
        return self.call("placeOrders", marketId=MARKET, instructions=list(instructions), **params)

    def later(self, method: str, **params: Any) -> list[HttpReply]:
        """A call of the betting API that may be answered later."""
        return self.send(BETTING, rpc(BETTING, method, params))

    def cancel(self, *instructions: dict[str, Any], **params: Any) -> Any:
        """cancelOrders on the scene's market."""
        return self.call("cancelOrders", marketId=MARKET, instructions=list(instructions), **params)


def rpc(path: str, method: str, params: dict[str, Any]) -> bytes:
    """A JSON-RPC request."""
    call = {"jsonrpc": "2.0", "method": PREFIXES[path] + method, "params": params, "id": 1}
    return msgspec.json.encode(call)


def result(replies: list[HttpReply]) -> Any:
    """The result of the one reply there is."""
    (reply,) = replies
    return msgspec.json.decode(reply.body)["result"]


def code(report: dict[str, Any], index: int = 0) -> str | None:
    """The error code of one instruction of a report."""
    found: str | None = report["instructionReports"][index].get("errorCode")
    return found


def exception(answer: dict[str, Any]) -> str:
    """The APINGException of an answer."""
    error = answer["error"]
    assert error["code"] == -32099
    found: str = error["data"]["APINGException"]["errorCode"]
    return found
