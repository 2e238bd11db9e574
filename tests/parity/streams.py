"""Generated streams: valid ones with everything the recordings lack, and ways to spoil a message.

Every strategy gives decoded messages; `as_line` writes one as the venue would, or with its keys in
another order. A spoiled message has exactly one thing wrong with it, so that both backends must
name the same.
"""

import copy
import json
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

Json: TypeAlias = dict[str, Any]
Fed: TypeAlias = bytes | str | Json
"""What `apply_delta` takes: a line, or the message it holds."""

MARKET_IDS: Final = ("1.1", "1.2", "1.3é")
SELECTION_IDS: Final = (1, 2, 3)
HANDICAPS: Final = (0, 0.25, -1.5)

prices: Final = st.sampled_from([1.01, 1.5, 1.51, 2, 2.02, 2.03, 3.05, 7.777, 1000, 0])
sizes: Final = st.sampled_from([0, 0, 0.004, 0.5, 2, 7.25, 8.879999999999999, 123456789.12])
levels: Final = st.integers(0, 3)
price_rows: Final = st.lists(st.tuples(prices, sizes).map(list), max_size=4)
level_rows: Final = st.lists(st.tuples(levels, prices, sizes).map(list), max_size=4)

unread: Final[st.SearchStrategy[Any]] = st.sampled_from(
    ["NaN", "Infinity", None, 70.1621307023403, [[1.01, 4.95]], {}]
)

runner_changes: Final = st.fixed_dictionaries(
    {"id": st.sampled_from(SELECTION_IDS)},
    optional={
        "hc": st.sampled_from([*HANDICAPS, None, -0.0]),
        "atb": price_rows,
        "atl": price_rows,
        "trd": price_rows,
        "batb": level_rows,
        "batl": level_rows,
        "bdatb": level_rows,
        "bdatl": level_rows,
        "ltp": st.one_of(st.none(), prices),
        "spn": unread,
        "spf": unread,
        "tv": unread,
    },
)

ladders: Final = st.one_of(
    st.none(),
    st.sampled_from(["CLASSIC", "FINEST", "LINE_RANGE", None]).map(lambda name: {"type": name}),
)

definitions: Final = st.fixed_dictionaries(
    {"status": st.sampled_from(["OPEN", "SUSPENDED", "CLOSED"])},
    optional={
        "inPlay": st.booleans(),
        "version": st.integers(0, 1 << 40),
        "betDelay": st.sampled_from([0, 5, None]),
        "marketBaseRate": st.sampled_from([5, 6.5, None]),
        "priceLadderDefinition": ladders,
        "lineMinUnit": st.sampled_from([0.5, 1.5, -1]),
        "lineMaxUnit": st.sampled_from([10.5, 0]),
        "lineInterval": st.sampled_from([0.5, 0.01, 0]),
        "runners": st.lists(
            st.fixed_dictionaries(
                {"id": st.sampled_from(SELECTION_IDS)},
                optional={
                    "hc": st.sampled_from(HANDICAPS),
                    "status": st.sampled_from(["ACTIVE", "REMOVED", None]),
                    "sortPriority": st.integers(1, 9),
                    "adjustmentFactor": st.sampled_from([12.5, 3, None]),
                },
            ),
            max_size=3,
        ),
        "regulators": unread,
        "marketTime": st.just("2025-01-01T12:00:00.000Z"),
        "eventTypeId": st.just("7"),
    },
)

market_changes: Final = st.fixed_dictionaries(
    {"id": st.sampled_from(MARKET_IDS)},
    optional={
        "img": st.sampled_from([True, False, None]),
        "marketDefinition": st.one_of(st.none(), definitions),
        "rc": st.lists(runner_changes, max_size=4),
        "tv": unread,
        "con": st.booleans(),
    },
)

messages: Final = st.fixed_dictionaries(
    {
        "op": st.just("mcm"),
        "pt": st.sampled_from([0, 1_000, 5_000, 2_000_000_000, 9_000_000_000]),
        "mc": st.lists(market_changes, max_size=3),
    },
    optional={
        "id": st.sampled_from([1, 2, 3, None]),
        "ct": st.sampled_from(["SUB_IMAGE", "RESUB_DELTA", "HEARTBEAT", None, "LATER"]),
        "clk": st.sampled_from([None, "AAA", "AB=", ""]),
        "initialClk": st.sampled_from([None, "first", "é"]),
        "segmentType": st.sampled_from([None, None, "SEG_START", "SEG", "SEG_END"]),
        "status": st.sampled_from([None, 503, 200]),
        "_stream_id": unread,
    },
)

others: Final = st.sampled_from(
    [{"op": "ocm", "pt": "?"}, {"op": "connection"}, {}, {"op": None, "mc": 5}, {"op": "status"}]
)

shapes: Final = st.lists(st.one_of(messages, messages, messages, others), min_size=1, max_size=8)
"""Streams of messages; many are segments without a start, which are errors of their own."""


# --- spoiling -----------------------------------------------------------------------------------

Spoil: TypeAlias = Callable[[Json], None]


def _at(path: str, value: object) -> Spoil:
    """Put `value` at the end of `path` ("mc.0.rc.-1.atb") of a message that has the way there."""
    *way, last = path.split(".")

    def spoil(message: Json) -> None:
        at: Any = message
        for step in way:
            at = at[int(step)] if isinstance(at, list) else at[step]
        at[last] = value

    return spoil


BAD_ROWS: Final[tuple[object, ...]] = (5, {}, [7], [[2]], "")
BAD_NUMBERS: Final[tuple[object, ...]] = ("2", "NaN", None, True, [], -0.01, 1e300)

BAD_VALUES: Final[tuple[tuple[str, object], ...]] = (
    *(("mc.0.rc.0.atb", rows) for rows in BAD_ROWS),
    *(("mc.0.rc.0.trd", rows) for rows in BAD_ROWS),
    *(("mc.0.rc.0.atl", [[2, 1], [price, 1]]) for price in BAD_NUMBERS),
    *(("mc.0.rc.0.trd", [[2, size]]) for size in BAD_NUMBERS),
    *(("mc.0.rc.0.batb", [row]) for row in ([0, 2], [-1, 2, 1], [256, 2, 1], [0.5, 2, 1])),
    ("mc.0.rc.0.bdatl", [[0, 2, 1], [0, "2", 1]]),
    ("mc.0.rc.0.ltp", "2"),
    ("mc.0.rc.0.ltp", -1),
    ("mc.0.rc.0.id", "1"),
    ("mc.0.rc.0.id", 1.5),
    ("mc.0.rc.0.id", None),
    ("mc.0.rc.0.hc", "0"),
    ("mc.0.rc.0.hc", 1e300),
    ("mc.0.rc", {}),
    ("mc.0.rc", [None]),
    ("mc.0.img", "true"),
    ("mc.0.img", 1),
    ("mc.0.id", 1.1),
    ("mc.0.id", None),
    ("mc.0.id", ["1.1"]),
    ("mc.0.marketDefinition", []),
    ("mc.0.marketDefinition", {"status": 1}),
    ("mc.0.marketDefinition", {"inPlay": "no"}),
    ("mc.0.marketDefinition", {"version": 1.5}),
    ("mc.0.marketDefinition", {"marketBaseRate": "5"}),
    ("mc.0.marketDefinition", {"priceLadderDefinition": {"type": "CRUDE"}}),
    ("mc.0.marketDefinition", {"priceLadderDefinition": "CLASSIC"}),
    ("mc.0.marketDefinition", {"lineInterval": []}),
    ("mc.0.marketDefinition", {"runners": [{"id": 1}, {"status": "ACTIVE"}]}),
    ("mc.0.marketDefinition", {"runners": [{"id": 1, "adjustmentFactor": "x"}]}),
    ("mc.0.marketDefinition", {"runners": [{"id": 1, "sortPriority": 1.5}]}),
    ("mc", {}),
    ("mc", "1.1"),
    ("mc", [5]),
    ("pt", None),
    ("pt", "1"),
    ("pt", 1.5),
    ("pt", 1 << 64),
    ("id", "1"),
    ("ct", 5),
    ("status", "503"),
    ("clk", 5),
    ("clk", ["AAA"]),
    ("initialClk", {}),
    ("segmentType", "SEG_MIDDLE"),
    ("segmentType", 5),
)
"""(path, value): each makes a message with a runner change in its first market a bad one."""

whole_messages: Final = st.builds(
    lambda message, change, runner: {
        **message,
        "ct": None,
        "segmentType": None,
        "id": None,
        "mc": [{**change, "rc": [runner]}, *message["mc"]],
    },
    messages,
    market_changes,
    runner_changes,
)
"""Messages that reach the books and name a runner."""

spoiled_messages: Final = st.builds(
    lambda message, bad, last: turned(spoiled(message, *bad), last),
    whole_messages,
    st.sampled_from(BAD_VALUES),
    st.booleans(),
)
"""The bad value stands in the first market of the message or in the last."""


def spoiled(message: Json, path: str, value: object) -> Json:
    """A copy of `message` with one bad value."""
    bad = copy.deepcopy(message)
    _at(path, value)(bad)
    return bad


def turned(message: Json, backwards: bool) -> Json:
    """The message, with its market changes in the opposite order when `backwards`."""
    changes = message["mc"]
    return {**message, "mc": changes[::-1] if backwards and isinstance(changes, list) else changes}


def lost(message: Json) -> set[str] | None:
    """What docs/signals.md, "Errors", says a refused message marks stale; None is every market."""
    changes = message["mc"]
    if not isinstance(changes, list):
        return None
    ids = [change.get("id") if isinstance(change, dict) else None for change in changes]
    readable = {market_id for market_id in ids if isinstance(market_id, str)}
    return readable if all(isinstance(market_id, str) for market_id in ids) else None


# --- lines --------------------------------------------------------------------------------------


def reordered(value: Any, backwards: bool) -> Any:
    """The same value, with the keys of every object turned round when `backwards`."""
    if isinstance(value, dict):
        items = [(key, reordered(inner, backwards)) for key, inner in value.items()]
        return dict(reversed(items) if backwards else items)
    if isinstance(value, list):
        return [reordered(inner, backwards) for inner in value]
    return value


def as_line(message: Json, backwards: bool = False, ascii_only: bool = True) -> bytes:
    """One stream line; `ascii_only` writes other characters as escapes."""
    text = json.dumps(reordered(message, backwards), separators=(",", ":"), ensure_ascii=ascii_only)
    return f"{text}\r\n".encode()


feeds: Final = st.sampled_from(["line", "backwards", "text", "mapping"])


def fed_as(message: Json, feed: str) -> Fed:
    """The message in one of the forms of `feeds`."""
    if feed == "mapping":
        return message
    line = as_line(message, backwards=feed == "backwards", ascii_only=feed == "line")
    return line.decode() if feed == "text" else line


broken_lines: Final = st.builds(
    lambda message, cut, tail: as_line(message)[:-3][: cut or None] + tail,
    messages,
    st.integers(1, 40),
    st.sampled_from([b"", b"x", b'{"', b"\xff", b"}}", b",", b"\x00"]),
)
"""Lines that are not JSON: cut off, with something after it that does not mend them."""
