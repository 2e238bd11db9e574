"""`trader status`: how the trader that runs in a folder is, for people and for scripts."""

from __future__ import annotations

import argparse
import http.client
import operator
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from trader.apps.arguments import ArgumentError, user_path
from trader.apps.commands.common import configured, live_folder
from trader.apps.commands.demo import demo_folder
from trader.apps.interrupt import Interrupt
from trader.session import StartError
from trader.status.app import STATE_WAIT_S, TOKEN_HEADER
from trader.status.document import STATE_VERSION, State
from trader.status.note import Note, NoteError, read_note

DIFFERENCE: Final = 1
_TIMEOUT_S: Final = STATE_WAIT_S + 5.0
_LOOK_S: Final = 0.2
_ANSWER_MAX: Final = 16 * 1024 * 1024

_Compare = Callable[[Any, Any], bool]
_SIGNS: Final[Mapping[str, _Compare]] = {">=": operator.ge, "<=": operator.le, "=": operator.eq}


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Exit code 0, or 1 where something that was expected is not so, also after `--within`.
    Raises `StartError` where no trader runs, `ArgumentError` for an expectation that cannot be one.
    """
    expected = [_expectation(text) for text in arguments.expect]
    folders = _folders(arguments)
    until_s = time.monotonic() + arguments.within
    while True:
        is_last = time.monotonic() >= until_s or interrupt.requested()
        try:
            note = _note(folders)
            document = _document(note, folders)
        except StartError:
            if is_last:
                raise
        else:
            told: dict[str, Any] = msgspec.json.decode(document)
            differences = [line for line in (_differs(told, *one) for one in expected) if line]
            if is_last or not differences:
                break
        time.sleep(_LOOK_S)
    state = msgspec.json.decode(document, type=State)
    if arguments.json:
        print(msgspec.json.format(document).decode())
    else:
        for line in _lines(state, note):
            print(line)
    for line in differences:
        print(f"not as expected: {line}", flush=True)
    return DIFFERENCE if differences else 0


# --- where it runs --------------------------------------------------------------------------------


def _folders(arguments: argparse.Namespace) -> list[Path]:
    """Where a trader with this profile would run."""
    if arguments.out is not None:
        return [user_path(arguments.out)]
    config = configured(arguments)
    return [Path(live_folder(None, config.profile)), demo_folder(None, config)[0]]


def _note(folders: list[Path]) -> Note:
    try:
        notes = [note for note in map(read_note, folders) if note is not None]
    except NoteError as error:
        raise StartError(str(error)) from None
    if not notes:
        raise StartError(_nobody(folders))
    return notes[0]


def _nobody(folders: list[Path]) -> str:
    where = " or ".join(map(str, folders))
    return f"no trader with a status page runs in {where} (--out DIR names another folder)"


def _document(note: Note, folders: list[Path]) -> bytes:
    """What it says of itself."""
    address = urlsplit(note.url)
    connection = http.client.HTTPConnection(
        address.hostname or "", address.port or 0, timeout=_TIMEOUT_S
    )
    try:
        connection.request("GET", "/state.json", headers={TOKEN_HEADER: note.token})
        reply = connection.getresponse()
        content = reply.read(_ANSWER_MAX)
    except ConnectionRefusedError:
        raise StartError(f"{_nobody(folders)}; process {note.pid} has left its note") from None
    except (OSError, http.client.HTTPException) as error:
        raise StartError(f"the trader (process {note.pid}) does not answer: {error}") from None
    finally:
        connection.close()
    if reply.status != http.HTTPStatus.OK:
        raise StartError(f"the trader (process {note.pid}): {_why(content)}")
    try:
        version = msgspec.json.decode(content, type=dict[str, Any]).get("v")
    except msgspec.DecodeError as error:
        raise StartError(f"what answers at {note.url} is no trader: {error}") from None
    if version != STATE_VERSION:
        raise StartError(f"the trader tells its state as version {version}, not {STATE_VERSION}")
    return content


def _why(content: bytes) -> str:
    try:
        return str(msgspec.json.decode(content, type=dict[str, Any]).get("error", content[:200]))
    except msgspec.DecodeError:
        return repr(content[:200])


# --- what is expected -----------------------------------------------------------------------------


def _expectation(text: str) -> tuple[str, str, Any]:
    """(key, sign, value) of KEY=VALUE, KEY>=VALUE or KEY<=VALUE; numbers, true, false, null, and
    everything else is a text."""
    for sign in _SIGNS:
        key, found, value = text.partition(sign)
        if found and key.strip():
            wanted = _value(value.strip())
            if sign != "=" and not _is_number(wanted):
                raise ArgumentError(f"--expect {text}: {value.strip()!r} is not a number")
            return key.strip(), sign, wanted
    raise ArgumentError(f"--expect {text}: write KEY=VALUE, KEY>=VALUE or KEY<=VALUE")


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _differs(told: Mapping[str, Any], key: str, sign: str, wanted: Any) -> str | None:
    """What is not as expected; None where it is."""
    value: Any = told
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return f"{key} is not there"
        value = value[part]
    holds = (
        _SIGNS[sign](value, wanted)
        if sign == "=" or _is_number(value)
        else False  # a text or null is neither more nor less than a number
    ) and isinstance(value, bool) == isinstance(wanted, bool)
    return None if holds else f"{key} is {_shown(value)}, not {sign} {_shown(wanted)}"


def _shown(value: Any) -> str:
    return msgspec.json.encode(value).decode()


# --- for people -----------------------------------------------------------------------------------


def _lines(state: State, note: Note) -> Iterator[str]:
    mode = {"live": "LIVE", "dry_run": "dry run", "demo": "demo"}[state.mode]
    yield (
        f"{mode}, profile {state.profile or 'base'}, hotloop trader {state.version}, "
        f"process {state.pid}, up {_span(state.uptime_s)}"
    )
    hotloop, execution, stream = state.hotloop, state.execution, state.stream
    shadow = hotloop.shadow
    beside = (
        f"; shadow {shadow.backend}: {shadow.differences:,} differences in "
        f"{shadow.comparisons:,} comparisons"
        if shadow is not None
        else ""
    )
    lost = ", LOST" if hotloop.lost else ""
    yield (
        f"hotloop    {hotloop.backend}, {hotloop.lines:,} lines, "
        f"{hotloop.seam_errors:,} seam errors{lost}{beside}"
    )
    health = "healthy" if execution.healthy else f"NOT HEALTHY: {execution.reason}"
    killed = f", KILLED: {execution.killed_reason}" if execution.killed else ""
    orders = f"{execution.open_orders} orders open"
    yield f"execution  {execution.backend}, {health}, {orders}{killed}"
    age = stream.last_line_age_s
    heard = "no line yet" if age is None else f"last line {age:.1f} s ago"
    stale = f", {stream.stale_markets} stale" if stream.stale_markets else ""
    up = "up" if stream.up else "AWAY"
    yield f"stream     {up}, {heard}, {stream.markets} markets{stale}"
    money, counts = state.money, state.counts
    yield (
        f"money      net {money.net:+,.2f} (gross {money.gross:+,.2f}, commission "
        f"{money.commission:,.2f}), exposure {money.exposure:,.2f}"
    )
    yield (
        f"counts     {counts.intents:,} intents, {counts.reports:,} reports, "
        f"{counts.fills:,} fills, {counts.rejects:,} rejects"
    )
    yield f"page       {note.link}"


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"
