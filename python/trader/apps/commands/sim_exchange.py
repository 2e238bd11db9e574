"""`trader sim-exchange`: the simulated Betfair alone, for any client, until Ctrl-C or its end."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from trader.apps.arguments import ArgumentError, user_path
from trader.apps.commands.common import configured, race_shape, set_up_log
from trader.apps.interrupt import Interrupt
from trader.clock import Clock, ScaledClock, SteppedClock, WallClock
from trader.config.schema import Config
from trader.session import StartError
from trader.simulator.exchange.certificates import Certificates, make_certificates
from trader.simulator.exchange.faults import FaultError, FaultPlan
from trader.simulator.exchange.faults.plan import FaultRule, read_rules
from trader.simulator.exchange.server import HOST, ExchangeServer, Ports
from trader.simulator.exchange.venue import LimitError, Venue
from trader.simulator.feeds import (
    Feed,
    FeedError,
    GeneratedFeed,
    MergedFeed,
    RecordingFeed,
    ShiftedFeed,
)
from trader.simulator.output import OutputError
from trader.simulator.paper import venue_config

PROGRESS_EVERY_S: Final = 5.0
LOOK_EVERY_S: Final = 0.1
_OF_CLOCK: Final = {
    "wall": "the wall's runs as it does",
    "stepped": "a stepped one goes on when the control port says so",
}


@dataclass(frozen=True, slots=True)
class _Folder:
    """Where certificates and the control token lie."""

    path: Path
    token: str
    certificates: Certificates | None

    @property
    def token_file(self) -> Path:
        return self.path / "control.token"


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Exit code 0 when everything is settled, 130 when interrupted; failures are raised."""
    _check(arguments)
    config = configured(arguments)
    set_up_log(config.monitoring.log)
    rules = _rules(arguments.faults)
    feed = _feed(arguments, config)
    venue = Venue(venue_config(config), feed)
    plan = FaultPlan(config.simulator.exchange.seed, venue.now_ms, rules)
    with _folder(arguments) as folder:
        return asyncio.run(_serve(arguments, venue, plan, folder, interrupt))


def _check(arguments: argparse.Namespace) -> None:
    """Raises `ArgumentError` for options that would do nothing beside others."""
    if arguments.speed is not None and arguments.clock != "scaled":
        raise ArgumentError(f"--speed is for --clock scaled: {_OF_CLOCK[arguments.clock]}")
    if arguments.recordings:
        races = {
            "--markets": arguments.markets is not None,
            "--incidents": arguments.incidents,
            "--seed": arguments.seed is not None,
        }
        for name, is_given in races.items():
            if is_given:
                raise ArgumentError(f"{name} is for generated races, not for --recording")


def _feed(arguments: argparse.Namespace, config: Config) -> Feed:
    """Recordings, or generated races; both happen now with a wall clock."""
    feed: Feed
    if arguments.recordings:
        feeds: list[Feed] = [RecordingFeed(user_path(name), name) for name in arguments.recordings]
        feed = feeds[0] if len(feeds) == 1 else MergedFeed(feeds)
    else:
        shape = race_shape(config, incidents=arguments.incidents)
        markets = arguments.markets or 1
        feed = GeneratedFeed(config.simulator.demo.seed, markets=markets, shape=shape)
    if arguments.clock == "wall":
        feed = ShiftedFeed.starting_at(feed, time.time_ns() // 1_000_000)
    return feed


def _clock(arguments: argparse.Namespace, start_ms: int) -> Clock:
    if arguments.clock == "wall":
        return WallClock()
    if arguments.clock == "stepped":
        return SteppedClock(start_ms)
    return ScaledClock(start_ms, arguments.speed or 1.0)


def _rules(name: str | None) -> list[FaultRule]:
    """The fault rules of a YAML or JSON file. Raises `ArgumentError`."""
    if name is None:
        return []
    try:
        raw = yaml.safe_load(user_path(name).read_text(encoding="utf-8"))
        return read_rules(raw)
    except OSError as error:
        raise ArgumentError(f"--faults {name}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, FaultError) as error:
        raise ArgumentError(f"--faults {name}: {error}") from None


@contextmanager
def _folder(arguments: argparse.Namespace) -> Iterator[_Folder]:
    """The folder with its token, and certificates where TLS is wanted; without `--out` one of our
    own that is removed in the end. Raises `OutputError`."""
    if arguments.out is not None:
        path = user_path(arguments.out)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(arguments.out, error) from None
        yield _filled(arguments, path)
        return
    try:
        made = tempfile.TemporaryDirectory(prefix="hotloop-exchange-")
    except OSError as error:
        why = f"no temporary folder can be made ({error.strerror}); name one with --out"
        raise OutputError(why) from None
    with made as name:
        yield _filled(arguments, Path(name))


def _filled(arguments: argparse.Namespace, path: Path) -> _Folder:
    try:
        certificates = make_certificates(path) if arguments.tls else None
        folder = _Folder(path, secrets.token_hex(16), certificates)
        folder.token_file.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(folder.token_file, flags, 0o600), "w") as file:
            file.write(folder.token)
    except OSError as error:
        raise _unwritable(arguments.out or str(path), error) from None
    return folder


def _unwritable(shown: str, error: OSError) -> OutputError:
    return OutputError(f"--out {shown}: {error.strerror}")


async def _serve(
    arguments: argparse.Namespace,
    venue: Venue,
    plan: FaultPlan,
    folder: _Folder,
    interrupt: Interrupt,
) -> int:
    tls: ssl.SSLContext | None = None
    if folder.certificates is not None:
        tls = folder.certificates.server_context()
    clock = _clock(arguments, venue.now_ms)
    server = ExchangeServer(venue, clock, control_token=folder.token, plan=plan, tls=tls)
    ports = Ports(arguments.stream_port, arguments.api_port, arguments.control_port)
    try:
        await server.start(ports)
    except OSError as error:
        raise StartError(f"cannot listen on {HOST}: {error.strerror}") from None
    _introduce(server, folder, venue)
    try:
        return await _until_the_end(arguments, server, interrupt)
    finally:
        await server.stop()


async def _until_the_end(
    arguments: argparse.Namespace, server: ExchangeServer, interrupt: Interrupt
) -> int:
    next_s = time.monotonic() + PROGRESS_EVERY_S
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        if server.failure is not None:
            if isinstance(server.failure, LimitError):
                raise StartError(str(server.failure))
            raise FeedError(f"the markets cannot be played on: {server.failure}")
        if interrupt.requested():
            return 130
        if server.is_finished and not arguments.keep:
            _say(f"everything is settled: {_progress(server)}")
            return 0
        if time.monotonic() >= next_s:
            next_s += PROGRESS_EVERY_S
            _say(_progress(server))


def _introduce(server: ExchangeServer, folder: _Folder, venue: Venue) -> None:
    """One JSON line for programs on standard output, a few for people on the other."""
    account = next(iter(venue.accounts.values())).config
    certificates = folder.certificates
    api = f"{'https' if certificates else 'http'}://{HOST}:{server.ports.api}"
    told: dict[str, Any] = {
        "stream": f"{HOST}:{server.ports.stream}",
        "api": api,
        "control": f"http://{HOST}:{server.ports.control}",
        "control_token_file": str(folder.token_file),
        "tls": certificates is not None,
        "ca_file": str(certificates.ca_file) if certificates else None,
        "client_cert_file": str(certificates.client_cert_file) if certificates else None,
        "client_key_file": str(certificates.client_key_file) if certificates else None,
        "username": account.username,
        "password": account.password,
        "app_key": account.app_key,
        "now_ms": venue.now_ms,
    }
    print(msgspec.json.encode(told).decode(), flush=True)
    _say(f"simulated exchange: {len(venue.catalogue)} markets; Ctrl-C ends it")
    _say(
        f"log in at {api}/api/login with X-Application {account.app_key}, "
        f"username {account.username}, password {account.password}; streams at {told['stream']}"
    )
    _say(
        f'betfairlightweight: client.api_uri = "{api}/exchange/", '
        f'client.identity_uri = "{api}/api/"; more: trader sim-exchange --help'
    )


def _progress(server: ExchangeServer) -> str:
    venue = server.venue
    is_open = sum(1 for market in venue.markets.values() if market.status == "OPEN")
    return (
        f"{venue.events:,} market messages, {is_open} of {len(venue.markets)} markets open, "
        f"{len(server.hub.sessions)} streams, {server.api.api.served:,} requests, "
        f"{len(venue.bets):,} bets, behind by {server.lag_ms} ms"
    )


def _say(text: str) -> None:
    print(f"trader: {text}", file=sys.stderr, flush=True)
