"""The requests to the status page, as a WSGI application.

| request | what it gives | token |
| --- | --- | --- |
| `GET /` and its files | the page | no |
| `GET /state.json` | the state document | yes |
| `GET /events?market=&selection=&handicap=&since=&reader=` | server-sent events | yes |
| `POST /control/kill`, `POST /control/cancel-all` | what came of it | yes |

Whoever asks must name us in `Host` (another site's name that leads here is refused) and come from
nowhere else (`Origin`); the token is compared in constant time. Nothing that is asked for is
logged.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import parse_qs

import msgspec

from trader.status.board import CONTROLS, Focus, Reader, StatusBoard, TooManyReadersError
from trader.status.entries import entries
from trader.status.names import Names

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

TOKEN_HEADER: Final = "X-Token"
BEAT_S: Final = 1.0
"""The longest silence of the events."""
STATE_WAIT_S: Final = 5.0
CONTROL_WAIT_S: Final = 10.0
QUERY_MAX: Final = 500
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", _POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
FILES: Final = (
    *("page.html", "page.css", "ladder.css", "page.js", "link.js", "parts.js", "overview.js"),
    *("market.js", "tape.js", "control.js"),
)
_JSON: Final = "application/json"

Answering: TypeAlias = Iterable[bytes]


class _Refused(Exception):  # noqa: N818  (not an error of ours)
    def __init__(self, status: str, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class StatusApp:
    """For a server with threads. `port` is the one it listens on, once that is known."""

    def __init__(self, board: StatusBoard, names: Names, token: str) -> None:
        self.port = 0
        self._board = board
        self._names = names
        self._token = token.encode()
        folder = Path(__file__).parent
        self._files = {f"/{name}": (folder / name).read_bytes() for name in FILES}
        self._files["/"] = self._files.pop("/page.html")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Answering:
        def answer(status: str, kind: str, content: bytes) -> Answering:
            length = ("Content-Length", str(len(content)))
            start_response(status, [("Content-Type", kind), length, *_HEADERS])
            return [content]

        try:
            return self._route(environ, start_response, answer)
        except _Refused as refused:
            return answer(refused.status, _JSON, msgspec.json.encode({"error": refused.why}))

    def _route(
        self,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        answer: Callable[[str, str, bytes], Answering],
    ) -> Answering:
        self._check_host(environ)
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if path in self._files:
            _need(method, "GET")
            suffix = Path(path).suffix or ".html"
            return answer("200 OK", _TYPES[suffix], self._files[path])
        self._check_token(environ)
        if path == "/state.json":
            _need(method, "GET")
            return answer("200 OK", _JSON, self._state())
        if path == "/events":
            _need(method, "GET")
            return self._events(environ, start_response)
        action = path.removeprefix("/control/")
        if path.startswith("/control/") and action in CONTROLS:
            _need(method, "POST")
            _check_empty(environ)
            status, content = self._control(action)
            return answer(status, _JSON, content)
        raise _Refused("404 Not Found", "there is no such page here")

    # --- who may ask ----------------------------------------------------------------------------

    def _check_host(self, environ: WSGIEnvironment) -> None:
        if environ.get("HTTP_HOST", "").lower() not in self._hosts():
            raise _Refused("421 Misdirected Request", "this is a page of 127.0.0.1 alone")

    def _check_token(self, environ: WSGIEnvironment) -> None:
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and origin not in {f"http://{host}" for host in self._hosts()}:
            raise _Refused("403 Forbidden", "another site's page may not ask here")
        if environ.get("HTTP_SEC_FETCH_SITE", "same-origin") not in ("same-origin", "none"):
            raise _Refused("403 Forbidden", "another site's page may not ask here")
        heard = environ.get("HTTP_X_TOKEN", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(heard, self._token):
            raise _Refused(
                "401 Unauthorized", f"{TOKEN_HEADER} is not the token of this trader's status.json"
            )

    def _hosts(self) -> tuple[str, ...]:
        return tuple(f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]"))

    # --- what they get --------------------------------------------------------------------------

    def _state(self) -> bytes:
        snapshot = self._board.ask(STATE_WAIT_S)
        if snapshot is None:
            raise _Refused("503 Service Unavailable", self._why_silent())
        return msgspec.json.encode(snapshot.state)

    def _why_silent(self) -> str:
        if self._board.is_closed:
            return "the trader has ended"
        if self._board.blind_s is not None:
            return "the trader cannot tell how things are; its log says why"
        silent_s = self._board.silent_s
        since = "has not begun yet" if silent_s is None else f"was last here {silent_s:.1f} s ago"
        return f"the trader's loop does not answer; it {since}"

    def _control(self, action: str) -> tuple[str, bytes]:
        came_of_it = self._board.control(action, CONTROL_WAIT_S)
        if came_of_it is None:
            why = (
                f"{self._why_silent()}. It is done as soon as the loop goes on; "
                f"`trader {action}` in a terminal does not wait for it"
            )
            return "202 Accepted", msgspec.json.encode({"action": action, "message": why})
        status = "200 OK" if came_of_it.done else "503 Service Unavailable"
        return status, msgspec.json.encode(came_of_it)

    def _events(self, environ: WSGIEnvironment, start_response: StartResponse) -> Answering:
        asked = _query(environ)
        name = asked.get("reader", "")[:64] or "?"
        after_seq = _number(asked, "since") or 0
        selection_id = _number(asked, "selection")
        focus = Focus(asked.get("market", "")[:64], selection_id, _decimal(asked, "handicap"))
        try:
            reader = self._board.join(name, focus)
        except TooManyReadersError as error:
            raise _Refused("503 Service Unavailable", str(error)) from None
        start_response("200 OK", [("Content-Type", "text/event-stream"), *_HEADERS])
        return _Events(self._board, self._names, name, reader, after_seq)


class _Events:
    """The events of one reader: `state`, `view`, `entries` with each snapshot, else `beat`."""

    def __init__(
        self, board: StatusBoard, names: Names, name: str, reader: Reader, after_seq: int
    ) -> None:
        self._board = board
        self._name = name
        self._reader = reader
        self._parts = self._run(names, after_seq)

    def __iter__(self) -> Iterator[bytes]:
        return self._parts

    def close(self) -> None:
        """Called by the server whatever has happened."""
        self._board.leave(self._name, self._reader)

    def _run(self, names: Names, after_seq: int) -> Iterator[bytes]:
        yield self._beat()  # it stands, whatever comes
        while True:
            snapshot = self._board.wait(self._reader, BEAT_S)
            if snapshot is not None:
                rows = entries(snapshot.happened, after_seq, names)
                missed = max(0, rows[0].seq - after_seq - 1) if rows and after_seq else 0
                after_seq = rows[-1].seq if rows else after_seq
                yield (
                    _event("state", snapshot.state)
                    + _event("view", snapshot.views.get(self._reader.focus))
                    + (_event("entries", {"missed": missed, "rows": rows}) if rows else b"")
                )
            elif self._board.is_closed or self._reader.is_replaced:
                why = "ended" if self._board.is_closed else "replaced"
                yield _event("end", {"why": why})
                return
            else:
                yield self._beat()

    def _beat(self) -> bytes:
        board = self._board
        return _event("beat", {"silent_s": board.silent_s, "blind_s": board.blind_s})


def _event(name: str, content: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(content))


def _need(method: str, wanted: str) -> None:
    if method != wanted:
        raise _Refused("405 Method Not Allowed", f"only {wanted} is answered here")


def _check_empty(environ: WSGIEnvironment) -> None:
    """A control has no body: none is read."""
    if environ.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in environ:
        raise _Refused("413 Content Too Large", "a control has no body")


def _query(environ: WSGIEnvironment) -> Mapping[str, str]:
    text = environ.get("QUERY_STRING", "")
    if len(text) > QUERY_MAX:
        raise _Refused("414 URI Too Long", "the query is too long")
    try:
        return {key: values[-1] for key, values in parse_qs(text, max_num_fields=10).items()}
    except ValueError:
        raise _Refused("400 Bad Request", "the query is none") from None


def _number(asked: Mapping[str, str], key: str) -> int | None:
    text = asked.get(key)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise _Refused("400 Bad Request", f"{key} is not a whole number")
    return int(text)


def _decimal(asked: Mapping[str, str], key: str) -> float:
    try:
        number = float(asked.get(key, "0"))
    except ValueError:
        number = float("nan")
    if not -1e6 < number < 1e6:
        raise _Refused("400 Bad Request", f"{key} is not a number")
    return number
