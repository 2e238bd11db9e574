"""Stream lines to validated messages: everything is checked here, before any book is touched.

`decode_line` turns one line into the mapping it holds; `read_message` turns a decoded mapping into
a `Message` of integers (hundredths, milliseconds) or raises `MessageError` saying what is wrong
and where. Only what the books need is read; other keys are never looked at. `null` means absent.

The rules are those of docs/signals.md, "Ingest".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn, TypeAlias

from trader.betfair.ladder import CLASSIC, FINEST, LADDER_TYPES, Ladder, line_range
from trader.betfair.messages import (
    Definition,
    MarketChange,
    Message,
    RunnerChange,
    RunnerDefinition,
)

PRICE_CENTI_MAX: Final = 10_000_000
SIZE_CENTI_MAX: Final = 1 << 53
LEVEL_MAX: Final = 255
SEGMENT_KINDS: Final = ("SEG_START", "SEG", "SEG_END")

PRICE_FIELDS: Final = ("atb", "atl", "trd")
LEVEL_FIELDS: Final = ("batb", "batl", "bdatb", "bdatl")

_STRING_OR_CONSTANT: Final = re.compile(r'"(?:\\.|[^"\\])*"|(NaN|-?Infinity)')

Path: TypeAlias = tuple[str | int, ...]


class MessageError(ValueError):
    """A line or message that must not be applied.

    `field` is the path of the bad value (`mc[0].rc[1].atb[0][1]`), None when the line could not be
    read at all; `offset` is the byte in the line where reading failed, None for a bad value;
    `market_id` is None where it could not be told. `resubscribe`: changes may have been lost with
    it; whoever marks the markets stale says so.
    """

    def __init__(
        self,
        message: str,
        *,
        market_id: str | None = None,
        field: str | None = None,
        offset: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.market_id = market_id
        self.field = field
        self.offset = offset
        self.resubscribe = False


def decode_line(raw: bytes | str) -> dict[str, Any]:
    """The JSON object in one stream line. Raises `MessageError` with the byte offset."""
    if isinstance(raw, bytes):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise MessageError(f"not UTF-8: {error.reason}", offset=error.start) from None
    else:
        text = raw
    try:
        decoded = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise MessageError(f"not JSON: {error.msg}", offset=_byte(text, error.pos)) from None
    except _ConstantError as error:
        raise MessageError(f"not JSON: {error}", offset=_byte_of_constant(text)) from None
    except (RecursionError, ValueError) as error:  # nested too deep; an integer of 5,000 digits
        raise MessageError(f"not JSON that can be read: {error}", offset=0) from None
    if not isinstance(decoded, dict):
        raise MessageError("not a JSON object", offset=0)
    return decoded


def normalized(line: bytes) -> bytes | dict[str, Any]:
    """The message a line holds, for the normalised feed; the line as it is where it is no JSON.

    That is left to the seam, which marks its markets stale and says why.
    """
    try:
        return decode_line(line)
    except MessageError:
        return line


class _ConstantError(ValueError):
    """`NaN` or `Infinity` without quotes: an extension of Python's reader, not JSON."""


def _refuse_constant(name: str) -> NoReturn:
    raise _ConstantError(name)


def _byte_of_constant(text: str) -> int | None:
    """The byte of the first NaN or Infinity that stands outside strings."""
    for found in _STRING_OR_CONSTANT.finditer(text):
        if found[1] is not None:
            return _byte(text, found.start())
    return None


def _byte(text: str, position: int) -> int:
    """Byte offset in UTF-8 of a position in characters."""
    return len(text[:position].encode("utf-8", "surrogatepass"))


def read_message(decoded: Mapping[str, Any]) -> Message | None:
    """The validated message, or None when it is not a market change message (`op` not "mcm")."""
    if decoded.get("op") != "mcm":
        return None
    reader = _Reader()
    kind = reader.text(decoded, "ct")
    entries = () if kind == "HEARTBEAT" else reader.array(decoded, "mc")
    changes = tuple(reader.market_change(entry, ("mc", i)) for i, entry in enumerate(entries))
    reader.market_id = None
    pt_ms = reader.integer(decoded, "pt")
    if changes and pt_ms is None:
        raise reader.bad("missing", ("pt",))
    return Message(
        subscription_id=reader.integer(decoded, "id"),
        kind=kind,
        segment=reader.segment(decoded),
        status=reader.integer(decoded, "status"),
        pt_ms=pt_ms,
        changes=changes,
        initial_clk=reader.text(decoded, "initialClk"),
        clk=reader.text(decoded, "clk"),
    )


def read_snapshot(market_id: str, snapshot: Mapping[str, Any]) -> MarketChange:
    """One `mc` object as an image of `market_id`, whatever `img` it carries.

    Raises `MessageError` for a bad value, or when the snapshot's own `id` is another market's.
    """
    reader = _Reader()
    reader.market_id = market_id
    own_id = reader.text(snapshot, "id")
    if own_id is not None and own_id != market_id:
        raise reader.bad(f"is market {own_id}, not {market_id}", ("id",))
    return reader.market_change({**snapshot, "id": market_id, "img": True}, ())


def carried(decoded: Mapping[str, Any]) -> set[str] | None:
    """Ids of the markets a message carries changes of, or None where they cannot all be told.

    For a message that is refused: any of its values may be bad.
    """
    entries = () if decoded.get("ct") == "HEARTBEAT" else decoded.get("mc")
    if entries is None:
        return set()
    if not isinstance(entries, list | tuple):
        return None
    ids: set[str] = set()
    for entry in entries:
        market_id = entry.get("id") if isinstance(entry, Mapping) else None
        if not isinstance(market_id, str):
            return None
        ids.add(market_id)
    return ids


class _Reader:
    """Reads values out of one decoded message; keeps the market being read, for errors."""

    def __init__(self) -> None:
        self.market_id: str | None = None

    def bad(self, what: str, path: Path) -> MessageError:
        field = _dotted(path)
        where = f"market {self.market_id}: " if self.market_id is not None else ""
        return MessageError(f"{where}{field} {what}", market_id=self.market_id, field=field)

    # --- parts of a message -------------------------------------------------------------------

    def market_change(self, entry: object, path: Path) -> MarketChange:
        self.market_id = None
        change = self.mapping(entry, path)
        self.market_id = self.text(change, "id", path, required=True)
        definition = change.get("marketDefinition")
        return MarketChange(
            market_id=self.market_id or "",
            image=self.flag(change, "img", path),
            definition=None
            if definition is None
            else self.definition(definition, (*path, "marketDefinition")),
            runners=tuple(
                self.runner_change(runner, (*path, "rc", i))
                for i, runner in enumerate(self.array(change, "rc", path))
            ),
        )

    def runner_change(self, entry: object, path: Path) -> RunnerChange:
        change = self.mapping(entry, path)
        ltp = change.get("ltp")
        return RunnerChange(
            key=self.runner_key(change, path),
            price_rows=tuple(
                (name, self.price_rows(rows, (*path, name)))
                for name in PRICE_FIELDS
                if (rows := change.get(name)) is not None
            ),
            level_rows=tuple(
                (name, self.level_rows(rows, (*path, name)))
                for name in LEVEL_FIELDS
                if (rows := change.get(name)) is not None
            ),
            ltp_centi=None if ltp is None else self.centi(ltp, PRICE_CENTI_MAX, (*path, "ltp")),
        )

    def definition(self, entry: object, path: Path) -> Definition:
        raw = self.mapping(entry, path)
        return Definition(
            status=self.text(raw, "status", path),
            in_play=self.flag(raw, "inPlay", path),
            version=self.integer(raw, "version", path),
            bet_delay_s=self.integer(raw, "betDelay", path) or 0,
            ladder=self.ladder(raw, path),
            bsp_reconciled=self.flag(raw, "bspReconciled", path),
            market_time=self.text(raw, "marketTime", path),
            event_type_id=self.text(raw, "eventTypeId", path),
            market_type=self.text(raw, "marketType", path),
            turn_in_play=self.flag(raw, "turnInPlayEnabled", path),
            persistence=self.flag(raw, "persistenceEnabled", path),
            number_of_winners=self.integer(raw, "numberOfWinners", path),
            base_rate_percent=self.number(raw, "marketBaseRate", path),
            runners=tuple(
                self.runner_definition(runner, (*path, "runners", i))
                for i, runner in enumerate(self.array(raw, "runners", path))
            ),
        )

    def runner_definition(self, entry: object, path: Path) -> RunnerDefinition:
        raw = self.mapping(entry, path)
        return RunnerDefinition(
            key=self.runner_key(raw, path),
            status=self.text(raw, "status", path),
            sort_priority=self.integer(raw, "sortPriority", path),
            adjustment_factor=self.number(raw, "adjustmentFactor", path),
        )

    def ladder(self, raw: Mapping[str, Any], path: Path) -> Ladder | None:
        """The market's ladder; None for a LINE_RANGE whose lines are not given."""
        units = [self.number(raw, f"line{key}", path) for key in ("MinUnit", "MaxUnit", "Interval")]
        entry = raw.get("priceLadderDefinition")
        if entry is None:
            return CLASSIC
        within = (*path, "priceLadderDefinition")
        name = self.text(self.mapping(entry, within), "type", within) or "CLASSIC"
        if name not in LADDER_TYPES:
            raise self.bad(f"is not a known ladder: {name!r}", (*within, "type"))
        if name == "CLASSIC":
            return CLASSIC
        if name == "FINEST":
            return FINEST
        lowest, highest, interval = (None if u is None else round_centi(u) for u in units)
        if lowest is None or highest is None or not interval or interval < 0 or highest < lowest:
            return None
        return line_range(lowest, highest, interval)

    def runner_key(self, raw: Mapping[str, Any], path: Path) -> tuple[int, int]:
        """(selection id, handicap in hundredths)."""
        selection_id = self.integer(raw, "id", path)
        if selection_id is None:
            raise self.bad("missing", (*path, "id"))
        handicap = self.number(raw, "hc", path)
        return selection_id, 0 if handicap is None else round_centi(handicap)

    def segment(self, decoded: Mapping[str, Any]) -> str | None:
        name = self.text(decoded, "segmentType")
        if name is not None and name not in SEGMENT_KINDS:
            raise self.bad(f"is not a known segment: {_shown(name)}", ("segmentType",))
        return name

    # --- rows ---------------------------------------------------------------------------------

    def price_rows(self, rows: object, path: Path) -> tuple[tuple[int, int], ...]:
        """`[price, size]` rows in hundredths."""
        read: list[tuple[int, int]] = []
        for i, row in enumerate(self.sequence(rows, path)):
            price, size = self.row(row, 2, (*path, i))
            read.append(
                (
                    self.centi(price, PRICE_CENTI_MAX, (*path, i, 0)),
                    self.centi(size, SIZE_CENTI_MAX, (*path, i, 1)),
                )
            )
        return tuple(read)

    def level_rows(self, rows: object, path: Path) -> tuple[tuple[int, int, int], ...]:
        """`[level, price, size]` rows, prices and sizes in hundredths."""
        read: list[tuple[int, int, int]] = []
        for i, row in enumerate(self.sequence(rows, path)):
            level, price, size = self.row(row, 3, (*path, i))
            if type(level) is not int or not 0 <= level <= LEVEL_MAX:
                raise self.bad(f"is not a level 0 … {LEVEL_MAX}: {_shown(level)}", (*path, i, 0))
            read.append(
                (
                    level,
                    self.centi(price, PRICE_CENTI_MAX, (*path, i, 1)),
                    self.centi(size, SIZE_CENTI_MAX, (*path, i, 2)),
                )
            )
        return tuple(read)

    def row(self, row: object, length: int, path: Path) -> list[Any] | tuple[Any, ...]:
        values = self.sequence(row, path)
        if len(values) != length:
            raise self.bad(f"has {len(values)} values, not {length}", path)
        return values

    def centi(self, value: object, largest: int, path: Path) -> int:
        """A finite number from 0 to `largest` hundredths, as hundredths."""
        if type(value) is int or (type(value) is float and math.isfinite(value)):
            centi = round_centi(value)
            if 0 <= centi <= largest and value >= 0:
                return centi
            raise self.bad(f"is out of range: {_shown(value)}", path)
        raise self.bad(f"is not a number: {_shown(value)}", path)

    # --- plain values -------------------------------------------------------------------------

    def mapping(self, value: object, path: Path) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise self.bad(f"is not an object: {_shown(value)}", path)
        return value

    def sequence(self, value: object, path: Path) -> list[Any] | tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise self.bad(f"is not an array: {_shown(value)}", path)
        return value

    def array(
        self, raw: Mapping[str, Any], key: str, path: Path = ()
    ) -> list[Any] | tuple[Any, ...]:
        value = raw.get(key)
        return () if value is None else self.sequence(value, (*path, key))

    def text(
        self, raw: Mapping[str, Any], key: str, path: Path = (), *, required: bool = False
    ) -> str | None:
        value = raw.get(key)
        if value is None and not required:
            return None
        if not isinstance(value, str):
            raise self.bad(
                "missing" if value is None else f"is not a string: {_shown(value)}", (*path, key)
            )
        return value

    def flag(self, raw: Mapping[str, Any], key: str, path: Path) -> bool:
        value = raw.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.bad(f"is not true or false: {_shown(value)}", (*path, key))
        return value is True

    def integer(self, raw: Mapping[str, Any], key: str, path: Path = ()) -> int | None:
        value = raw.get(key)
        if value is None:
            return None
        if type(value) is not int or not -(1 << 63) <= value < 1 << 63:
            raise self.bad(f"is not a 64-bit integer: {_shown(value)}", (*path, key))
        return value

    def number(self, raw: Mapping[str, Any], key: str, path: Path) -> float | None:
        """A finite number small enough to be counted in hundredths."""
        value = raw.get(key)
        if value is None:
            return None
        if type(value) is int or (type(value) is float and math.isfinite(value)):
            if abs(value) <= SIZE_CENTI_MAX:
                return float(value)
            raise self.bad(f"is out of range: {_shown(value)}", (*path, key))
        raise self.bad(f"is not a number: {_shown(value)}", (*path, key))


def round_centi(value: float) -> int:
    """Hundredths of a finite number: nearest to the double `value * 100`, a half away from zero.

    Integers are exact. Not `round()`, which takes halves to even, and not `floor(x + 0.5)`, which
    rounds once more when it adds.
    """
    if type(value) is int:
        return value * 100
    scaled = abs(value) * 100.0
    whole = int(scaled)
    if scaled - whole >= 0.5:
        whole += 1
    return whole if value >= 0 else -whole


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def _shown(value: object) -> str:
    """A short form of a bad value, so that an error never carries a whole line."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
