"""The executor's sidecar: its binary, its versions, and a handshake over the wire that is real.

Where the trader starts it, one is started in a dry run, in a folder that goes again. One that
somebody else looks after is said HELLO without `takeover`: a trader that has the session keeps it,
and SESSION_TAKEN proves token and versions all the same, as these are looked at first (SPEC.md,
S2). Nothing is acknowledged and nothing sent but GOODBYE, which leaves orders as they are (S14).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from trader import __version__
from trader.compatibility import IncompatibleError, UnknownVersionError, check_installed
from trader.doctor.findings import Finding, fail, ok, skipped, warn
from trader.doctor.subject import Subject
from trader.execution.connection import (
    Connection,
    ConnectionFailed,
    HelloRejected,
    TransportSettings,
    frame_of,
)
from trader.execution.executor_py.secret_file import read_secret
from trader.execution.interfaces.executor import ExecutorStartError
from trader.execution.interfaces.messages import Goodbye, Heartbeat
from trader.execution.rust_executor import External
from trader.execution.supervisor import Supervisor, find_binary

BINARY: Final = "executor"
HANDSHAKE: Final = "executor, handshake"
READY_S: Final = 8.0
HEARTBEAT_MS: Final = 100
"""Of the sidecar that is started for the handshake."""
_HEARTBEAT_WAIT_S: Final = 8.0
_UPGRADE: Final = "install both from one release: docs/upgrade.md"


def binary(subject: Subject) -> list[Finding]:
    """The binary that would be started, its version, and whether that works with this trader."""
    if not subject.uses_sidecar:
        return [skipped(BINARY, "not asked for: execution.backend is python")]
    if subject.external_wrong or subject.sidecar.external is not None:
        return [skipped(BINARY, "somebody else starts it: see the handshake")]
    return [_installed(subject.config.bundle_version)]


def _installed(bundle: int) -> Finding:
    try:
        found = find_binary()
        versions = check_installed(found, bundle)
    except ExecutorStartError as error:
        advice = "build or install it, or name it in HOTLOOP_EXECUTOR"
        return fail(BINARY, str(error), advice)
    except UnknownVersionError as error:
        return fail(BINARY, str(error), "name an executor in HOTLOOP_EXECUTOR")
    except IncompatibleError as error:
        return fail(BINARY, str(error), _UPGRADE)
    what = f"{versions.version}, wire {_list(versions.wire_versions)}, {found}"
    if versions.version != __version__:
        return warn(BINARY, f"{what}; the trader is {__version__}", _UPGRADE)
    return ok(BINARY, what)


def handshake(subject: Subject) -> list[Finding]:
    """HELLO, HELLO_ACK and a heartbeat."""
    if not subject.uses_sidecar:
        return [skipped(HANDSHAKE, "not asked for: execution.backend is python")]
    if subject.external_wrong:
        return [fail(HANDSHAKE, subject.external_wrong, "name its socket and its token's file")]
    try:
        return [_answered(subject)]
    except HelloRejected as error:
        why, advice = str(error), _advice(error.code)
    except ConnectionFailed as error:
        why, advice = str(error), "see whether it runs, and its log"
    except ExecutorStartError as error:
        why, advice = str(error), "see what it says of itself; `trader compat`"
    return [fail(HANDSHAKE, why, advice)]


def _answered(subject: Subject) -> Finding:
    """Raises `ConnectionFailed` and `ExecutorStartError`."""
    external = subject.sidecar.external
    if external is not None:
        return _with_external(subject, external)
    with _started(subject) as settings:
        return _greeted(settings, "one started for this, in a dry run")


def _with_external(subject: Subject, external: External) -> Finding:
    settings = TransportSettings(
        host=external.listening.host,
        port=external.listening.port,
        socket_path=external.listening.socket_path,
        token=read_secret(external.token_file),
        clock="wall",
        client="doctor",
        bundle_version=subject.config.bundle_version,
    )
    try:
        return _greeted(settings, f"the one at {settings.address}")
    except HelloRejected as error:
        if error.code != "SESSION_TAKEN":
            raise
        return warn(
            HANDSHAKE,
            f"the one at {settings.address} takes our token and versions, and has a trader "
            "already (SESSION_TAKEN); it was left alone",
            "end that trader before another one is started",
        )


@contextmanager
def _started(subject: Subject) -> Iterator[TransportSettings]:
    with TemporaryDirectory(prefix="hotloop-doctor-") as made:
        folder = Path(made)
        config = replace(
            subject.sidecar,
            clock="wall",
            live=None,
            external=None,
            transport="uds",
            metrics_port=0,  # the configured one may be that of the sidecar that trades now
            heartbeat_ms=HEARTBEAT_MS,
        )
        supervisor = Supervisor(find_binary(), folder)
        supervisor.start(config.render(folder), READY_S)
        try:
            listening = supervisor.listening
            yield TransportSettings(
                host=listening.host,
                port=listening.port,
                socket_path=listening.socket_path,
                token=supervisor.token,
                clock="wall",
                client="doctor",
                bundle_version=config.bundle_version,
            )
        finally:
            supervisor.stop(config.stop_grace_s)


def _greeted(settings: TransportSettings, who: str) -> Finding:
    """Raises `ConnectionFailed`."""
    started = time.monotonic()
    connection = Connection(settings, 0)
    try:
        ack_ms = (time.monotonic() - started) * 1000
        heartbeat = _heartbeat(connection)
        connection.send(frame_of(Goodbye(reason="doctor")))
    except OSError as error:
        raise ConnectionFailed(f"connection to executor lost: {error.strerror}") from None
    finally:
        connection.close()
    ack = connection.hello_ack
    what = f"{who}: executor {ack.executor_version}, wire {ack.wire_version}, {ack_ms:.1f} ms"
    if heartbeat is None:
        late = f"{what}; no heartbeat within {_HEARTBEAT_WAIT_S:g} s"
        return fail(HANDSHAKE, late, "see its log, and heartbeat_ms of its configuration")
    if ack.capabilities.get("clock") != settings.clock:
        runs = f"{what}; it runs with clock {ack.capabilities.get('clock')!r}"
        return fail(HANDSHAKE, runs, 'a live sidecar has "clock": "wall"')
    what += f", heartbeat {heartbeat.state.lower()}, {heartbeat.open_orders} orders open"
    if heartbeat.reason:
        return warn(HANDSHAKE, f"{what}: {heartbeat.reason}", "`trader resume` ends a kill")
    return ok(HANDSHAKE, what)


def _heartbeat(connection: Connection) -> Heartbeat | None:
    """The next one; reports that come before it are not ours to take."""
    until_s = time.monotonic() + _HEARTBEAT_WAIT_S
    while time.monotonic() < until_s:
        for message in connection.receive():
            if isinstance(message, Heartbeat):
                return message
    return None


def _advice(code: str) -> str:
    if code == "BAD_TOKEN":
        return "execution.external_token_file is not the file that the sidecar was started with"
    return _UPGRADE


def _list(numbers: tuple[int, ...]) -> str:
    return ", ".join(str(number) for number in numbers)
