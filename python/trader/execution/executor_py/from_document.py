"""The Python executor from the same document that the sidecar is started with (`executor --help`
lists its keys): one configuration, whichever of the two runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, TypeVar

from trader.betfair.dial import StreamEndpoint, StreamError
from trader.execution.executor_py.journal_file import JournalSettings
from trader.execution.executor_py.secret_file import read_secret
from trader.execution.executor_py.venue_client import VenueAddress, VenueClient
from trader.execution.executor_py.venue_executor import VenueExecutor
from trader.execution.executor_py.venue_settings import LiveScope, VenueSettings
from trader.execution.interfaces.executor import ExecutorStartError
from trader.execution.ipc import Bus
from trader.execution.orders.config import Config, Limits, Pacing, UnknownBets, Windows

API_URL: Final = "https://api.betfair.com"
IDENTITY_URL: Final = "https://identitysso.betfair.com"
CERTLOGIN_URL: Final = "https://identitysso-cert.betfair.com"
STREAM_HOST: Final = "stream-api.betfair.com"
STREAM_PORT: Final = 443
_UNKNOWN: Final = {
    "cancel": UnknownBets.CANCEL,
    "adopt": UnknownBets.ADOPT,
    "leave": UnknownBets.LEAVE,
}

Document = Mapping[str, Any]
_Settings = TypeVar("_Settings")


def python_executor(document: Document, bus: Bus, heard_seq: int = 0) -> VenueExecutor:
    """Not started yet; `heard_seq` is the last report that this trader has heard.

    Raises `ExecutorStartError` for a secret that others can read, or a file that is not there.
    """
    betfair: Document = document["betfair"]
    client, app_key = venue_client(betfair)
    return VenueExecutor(
        bus,
        client,
        stream_endpoint(betfair),
        app_key,
        _settings(document),
        heard_seq=heard_seq,
    )


def venue_client(betfair: Document) -> tuple[VenueClient, str]:
    """The client of a `betfair` section, not logged in, and the application key.

    Raises `ExecutorStartError` as `python_executor`.
    """
    app_key = read_secret(betfair["app_key_file"])
    return VenueClient(_address(betfair, app_key)), app_key


def orders_config(document: Document) -> Config:
    """What the order machine keeps to."""
    reconcile = dict(document.get("reconcile", {}))
    unknown = _UNKNOWN[reconcile.pop("unknown_bets", "cancel")]
    limits = {k: v for k, v in document.get("limits", {}).items() if k != "max_unacked_reports"}
    if limits.get("funds_tolerance_centi") == 0:
        limits["funds_tolerance_centi"] = None
    return Config(
        limits=_made(Limits, limits),
        pacing=_made(Pacing, document.get("pacing", {})),
        windows=_made(Windows, reconcile),
        unknown_bets=unknown,
    )


def _made(kind: type[_Settings], values: Document) -> _Settings:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(values) - known):
        raise ExecutorStartError(
            f"unknown key {unknown[0]} (there are: {', '.join(sorted(known))})"
        )
    return kind(**values)


def _given(section: Document, *keys: str) -> dict[str, Any]:
    """What is said of these keys; for the others the settings have their own defaults."""
    return {key: section[key] for key in keys if key in section}


def _settings(document: Document) -> VenueSettings:
    journal, scope = document["journal"], document.get("live_scope", {})
    betfair = document["betfair"]
    return VenueSettings(
        strategy_ref=betfair["strategy_ref"],
        orders=orders_config(document),
        journal=JournalSettings(
            Path(journal["dir"]), **_given(journal, "fsync", "group_ms", "rotate_bytes")
        ),
        scope=LiveScope(
            frozenset(scope.get("market_ids", ())), frozenset(scope.get("event_types", ()))
        ),
        cancel_on_stop=document.get("on_stop", "cancel") == "cancel",
        **_given(betfair, "keep_alive_s", "funds_s", "heartbeat_s", "currency"),
    )


def _address(betfair: Document, app_key: str) -> VenueAddress:
    session: Document = betfair["session"]
    token_file = session.get("token_file")
    return VenueAddress(
        betfair.get("api_url", API_URL),
        betfair.get("identity_url", IDENTITY_URL),
        app_key,
        "" if token_file else read_secret(session["username_file"]),
        "" if token_file else read_secret(session["password_file"]),
        ca_file=betfair.get("ca_file"),
        certlogin_url=betfair.get("certlogin_url", CERTLOGIN_URL),
        cert_file=session.get("cert_file"),
        key_file=session.get("key_file"),
        token_file=token_file,
        timeout_s=betfair.get("timeout_ms", 10_000) / 1000,
    )


def stream_endpoint(betfair: Document) -> StreamEndpoint:
    """Where the streams of a `betfair` section are. Raises `ExecutorStartError`."""
    stream: Document = betfair.get("stream", {})
    try:
        return StreamEndpoint(
            stream.get("host", STREAM_HOST),
            stream.get("port", STREAM_PORT),
            tls=stream.get("tls", True),
            ca_file=betfair.get("ca_file"),
        )
    except StreamError as error:
        raise ExecutorStartError(str(error)) from None
