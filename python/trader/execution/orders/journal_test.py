"""The journal's bytes: what is read of a file that ends anywhere, or is damaged anywhere."""

from __future__ import annotations

from zlib import crc32

import pytest

from trader.execution.orders import journal
from trader.execution.orders.journal import HEADER, JournalError, Read
from trader.execution.orders.record import Acked, Dropped, Record, Switch

RECORDS: list[Record] = [Acked(7), Dropped("größe", "KILLED"), Switch(killed=True)]
PARTS = [journal.append(record) for record in RECORDS]
WHOLE = HEADER + b"".join(PARTS)
ENDS = [len(HEADER) + sum(map(len, PARTS[:count])) for count in range(4)]


def test_what_is_appended_is_read() -> None:
    assert journal.read(WHOLE) == Read(RECORDS, len(WHOLE), 0)


def test_cut_at_any_byte_it_holds_every_record_that_was_whole() -> None:
    for cut in range(len(WHOLE)):
        read = journal.read(WHOLE[:cut])
        whole = sum(end <= cut for end in ENDS[1:])
        assert read.records == RECORDS[:whole], f"cut at {cut}"
        assert read.whole_bytes + read.torn_bytes == cut


def test_any_damaged_byte_before_the_last_record_is_refused_with_its_place() -> None:
    for at in range(len(HEADER), ENDS[2]):
        damaged = bytearray(WHOLE)
        damaged[at] ^= 0x20
        with pytest.raises(JournalError, match=r"damaged at byte \d+ of"):
            journal.read(bytes(damaged))


def test_a_damaged_last_body_is_an_unfinished_append_and_a_damaged_length_is_not() -> None:
    torn = bytearray(WHOLE)
    torn[ENDS[2] + 12] ^= 1
    assert journal.read(bytes(torn)) == Read(RECORDS[:2], ENDS[2], len(PARTS[2]))
    damaged = bytearray(WHOLE)
    damaged[ENDS[2] + 3] ^= 1
    with pytest.raises(JournalError, match="the sum of its length"):
        journal.read(bytes(damaged))


def test_a_file_made_longer_and_not_filled_is_an_unfinished_append() -> None:
    assert journal.read(WHOLE + bytes(4_096)) == Read(RECORDS, len(WHOLE), 4_096)


def test_another_file_is_refused() -> None:
    for other in (b"hotloop-orders 2\n", b"{}"):
        with pytest.raises(JournalError, match="not a journal of version 1"):
            journal.read(other)
    assert journal.read(b"hotloop") == Read([], 0, 7)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"Made up":1}', "'Made up' is none of"),
        (b'{"Acked":[]}', "the fields of Acked were expected"),
        (b'{"Acked":{}}', "Acked lacks seq"),
        (b'{"Sent":{"request":1,"kind":"Place","names":"a","at_ms":0}}', "a list was expected"),
        (b"7", "one of .* was expected"),
        (b"{", "truncated"),
    ],
)
def test_a_record_that_is_none_is_refused(body: bytes, why: str) -> None:
    head = len(body).to_bytes(4, "big") + crc32(body).to_bytes(4, "big")
    data = HEADER + head + crc32(head).to_bytes(4, "big") + body
    with pytest.raises(JournalError, match=why):
        journal.read(data)


def test_a_record_longer_than_any_is_refused() -> None:
    head = (journal.BODY_BYTES_MAX + 1).to_bytes(4, "big") + bytes(4)
    with pytest.raises(JournalError, match="more than any record has"):
        journal.read(HEADER + head + crc32(head).to_bytes(4, "big"))
