"""The trader's codec as a program, with the modes and lines of rust/wire/examples/codec.rs.

python -m tests.compat.python_codec produce | consume | judge | describe
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, BinaryIO, Final, get_args, get_type_hints

from trader.execution.framing import MAX_FRAME_BYTES, FrameDecoder, FrameError, encode_frame
from trader.execution.interfaces import ids, intents, messages, reports, wire

_LITERALS: Final = {"State": (messages.Heartbeat, "state")}
_ENUMS: Final[tuple[type[StrEnum], ...]] = (
    intents.Action,
    messages.ControlAction,
    messages.Ladder,
    messages.MarketStatus,
    intents.Persistence,
    messages.RunnerStatus,
    intents.Side,
    reports.Status,
    intents.TimeInForce,
)
_READ_BYTES: Final = 1 << 16


def produce(lines: BinaryIO, out: BinaryIO) -> None:
    for line in lines:
        out.write(encode_frame(messages.decode(line.rstrip(b"\n")).to_wire()))


def consume(stream: BinaryIO, out: BinaryIO) -> None:
    end = None
    try:
        for body in _bodies(stream):
            _say(out, _verdict(body))
    except FrameError as error:
        end = error.code
    _say(out, {"end": end})


def judge(lines: BinaryIO, out: BinaryIO) -> None:
    for line in lines:
        _say(out, _verdict(line.rstrip(b"\n").decode()))


def describe(out: BinaryIO) -> None:
    enums = {enum.__name__: [member.value for member in enum] for enum in _ENUMS}
    for name, (message, field) in _LITERALS.items():
        enums[name] = list(get_args(get_type_hints(message, include_extras=True)[field]))
    fields = {
        message.__struct_config__.tag: sorted((*message.__struct_fields__, "type"))
        for message in messages.Message.__args__
    }
    longest = next(n for n in range(1, 100) if not ids.is_intent_id("a" * (n + 1)))
    _say(
        out,
        {
            "wire_version": messages.WIRE_VERSION,
            "bundle_versions": [messages.BUNDLE_VERSION],
            "limits": {
                "frame_bytes": MAX_FRAME_BYTES,
                "int": wire.SAFE_MAX,
                "intent_id": longest,
                "price_centi": wire.PRICE_CENTI_MAX,
                "size_centi": wire.SIZE_CENTI_MAX,
            },
            "messages": fields,
            "enums": enums,
        },
    )


def _bodies(stream: BinaryIO) -> Iterator[str]:
    decoder = FrameDecoder()
    while data := stream.read(_READ_BYTES):
        decoder.feed(data)
        while (body := decoder.next_frame()) is not None:
            yield body
    decoder.finish()


def _verdict(body: str) -> dict[str, Any]:
    try:
        message = messages.decode(body)
    except wire.WireError as error:
        return {"code": error.code, "message": str(error)}
    return {"type": message.__struct_config__.tag, "bytes": message.to_wire().decode()}


def _say(out: BinaryIO, line: dict[str, Any]) -> None:
    out.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")


def main(mode: str) -> None:
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    if mode == "describe":
        describe(stdout)
    else:
        {"produce": produce, "consume": consume, "judge": judge}[mode](stdin, stdout)


if __name__ == "__main__":
    main(sys.argv[1])
