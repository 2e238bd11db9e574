"""The journal's bytes: what is appended before a request or a report leaves, and how it is read at
the start.

    file    "hotloop-orders 1\\n" record*
    record  length u32 · sum of the body u32 · sum of these eight bytes u32 · body (JSON)

Integers are big-endian, sums CRC-32; the Rust machine's journal is the same, byte for byte. A
process or a machine that dies leaves at most its last append unfinished: such a tail is dropped,
and said. Anything else that does not add up is damage, and refused with its place: what stands
behind it may have been orders. The length has a sum of its own, so that a damaged one is not taken
for an unfinished append.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final
from zlib import crc32

import msgspec

from trader.execution.orders.record import Record
from trader.execution.orders.variants import from_plain, to_plain

HEADER: Final = b"hotloop-orders 1\n"
BODY_BYTES_MAX: Final = 64 << 20
"""The longest body. The longest that is written is a snapshot."""
_HEAD: Final = struct.Struct(">III")
_LENGTHS: Final = struct.Struct(">II")


class JournalError(Exception):
    """The journal is not read, and nothing may be appended to it; one line for the person at the
    desk."""


@dataclass(frozen=True, slots=True)
class Read:
    """Every record, oldest first; the bytes that belong to whole ones, to which the file is cut
    before it is appended to; those of an unfinished append behind them."""

    records: list[Record]
    whole_bytes: int
    torn_bytes: int


def append(record: Record) -> bytes:
    """What is to be written for one record."""
    body = msgspec.json.encode(to_plain(record))
    head = _LENGTHS.pack(len(body), crc32(body))
    return head + crc32(head).to_bytes(4, "big") + body


def read(data: bytes) -> Read:
    """Reads a whole file. An empty one, or one that ends inside its first line, is a journal that
    was just being made. Raises `JournalError`."""
    if not data.startswith(HEADER):
        if HEADER.startswith(data):
            return Read([], 0, len(data))
        raise JournalError("not a journal of version 1: it does not begin with 'hotloop-orders 1'")
    offset, records = len(HEADER), []
    while offset < len(data):
        try:
            body = _body_at(data, offset)
            if body is None:
                break
            record: Any = from_plain(Record, msgspec.json.decode(body))
        except (ValueError, msgspec.DecodeError) as error:
            raise JournalError(
                f"damaged at byte {offset} of {len(data)}: {error}; restore it, or move it away "
                "once every order is settled by hand"
            ) from None
        records.append(record)
        offset += _HEAD.size + len(body)
    return Read(records, offset, len(data) - offset)


def _body_at(data: bytes, offset: int) -> bytes | None:
    """The body of the record there, None if its append was not finished. Raises `ValueError`."""
    if len(data) - offset < _HEAD.size:
        return None
    # A machine that lost its power may have made the file longer before it filled it.
    if not data[offset : offset + _HEAD.size].strip(b"\0") and not data[offset:].strip(b"\0"):
        return None
    length, sum_of_body, sum_of_head = _HEAD.unpack_from(data, offset)
    if crc32(data[offset : offset + _LENGTHS.size]) != sum_of_head:
        raise ValueError("the sum of its length is another")
    if length > BODY_BYTES_MAX:
        raise ValueError(f"{length} bytes, more than any record has")
    body = data[offset + _HEAD.size : offset + _HEAD.size + length]
    if len(body) < length:
        return None
    if crc32(body) == sum_of_body:
        return body
    if offset + _HEAD.size + length == len(data):
        return None  # the last one: its length was on the disk before all of it was
    raise ValueError("the sum of its body is another")
