"""Whether there is a session at the venue is what the venue has last said."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
from betfairlightweight.exceptions import KeepAliveError, LoginError

from trader.execution.executor_py.venue_client import VenueAddress, VenueClient
from trader.execution.interfaces.executor import ExecutorStartError


def test_a_session_that_has_ended_and_is_not_renewed_is_not_told_as_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = VenueClient(
        VenueAddress("http://127.0.0.1:9", "http://127.0.0.1:9", "key", "name", "word")
    )
    answers: list[dict[str, Any]] = [{"status": "SUCCESS"}, {"status": "FAIL"}]

    def logged_in() -> bool:
        return client.is_logged_in

    def logs_in(**_: object) -> None:
        client._client.set_session_token("token")

    def is_refused(**_: object) -> NoReturn:
        raise LoginError({"loginStatus": "INVALID_USERNAME_OR_PASSWORD"})

    def is_over(**_: object) -> NoReturn:
        raise KeepAliveError({"error": "NO_SESSION"})

    assert not logged_in()
    monkeypatch.setattr(client._client, "login_interactive", logs_in)
    client.login()
    assert logged_in()
    monkeypatch.setattr(client._client, "keep_alive", lambda **_: answers.pop(0))
    assert client.keep_alive()
    assert logged_in()
    assert not client.keep_alive()
    assert not logged_in()
    client.login()
    monkeypatch.setattr(client._client, "keep_alive", is_over)
    assert not client.keep_alive()
    monkeypatch.setattr(client._client, "login_interactive", is_refused)
    with pytest.raises(ExecutorStartError, match="no log-in"):
        client.login(instead_of=client.token)
    assert client.token
    assert not logged_in(), "the token that is left is of no session"
