"""Frames: the wire's vectors, any split, and exact errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.execution.framing import MAX_FRAME_BYTES, FrameDecoder, FrameError, encode_frame
from trader.execution.testing import load_vectors

VECTORS = load_vectors("vectors/v1/framing")


def frames_of(pieces: list[bytes]) -> tuple[list[str], str | None]:
    """What comes out of the pieces: the frames, then the error's code."""
    decoder = FrameDecoder()
    frames: list[str] = []
    try:
        for piece in pieces:
            decoder.feed(piece)
            while (frame := decoder.next_frame()) is not None:
                frames.append(frame)
        decoder.finish()
    except FrameError as error:
        return frames, error.code
    return frames, None


@st.composite
def split(draw: st.DrawFn, data: bytes) -> list[bytes]:
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=12)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@pytest.mark.parametrize("name", VECTORS)
@given(data=st.data())
def test_vector_under_any_split(name: str, data: st.DataObject) -> None:
    vector = VECTORS[name]
    pieces = data.draw(split(bytes.fromhex(vector["hex"])))
    assert frames_of(pieces) == (vector["frames"], vector["code"])


@given(st.lists(st.text(min_size=1, max_size=30), max_size=8), st.data())
def test_frames_come_back_under_any_split(texts: list[str], data: st.DataObject) -> None:
    whole = b"".join(encode_frame(text.encode()) for text in texts)
    assert frames_of(data.draw(split(whole))) == (texts, None)


@given(st.binary(max_size=60), st.data())
def test_any_bytes_give_the_same_under_any_split(raw: bytes, data: st.DataObject) -> None:
    assert frames_of(data.draw(split(raw))) == frames_of([raw])


def test_truncation_says_how_much_was_there() -> None:
    for raw, words in [
        (b"\x00\x00\x00", "3 of 4 bytes of the length"),
        (b"\x00\x00\x00\x05ab", "2 of 5 bytes of the message"),
    ]:
        decoder = FrameDecoder()
        decoder.feed(raw)
        assert decoder.next_frame() is None
        assert decoder.pending_bytes == len(raw)
        with pytest.raises(FrameError, match=words):
            decoder.finish()


def test_length_limits_hold_when_encoding() -> None:
    assert len(encode_frame(b"x" * MAX_FRAME_BYTES)) == MAX_FRAME_BYTES + 4
    for payload in (b"", b"x" * (MAX_FRAME_BYTES + 1)):
        with pytest.raises(FrameError, match="BAD_FRAME_LENGTH"):
            encode_frame(payload)


def test_length_is_refused_before_the_body_comes() -> None:
    decoder = FrameDecoder()
    decoder.feed((MAX_FRAME_BYTES + 1).to_bytes(4, "big"))
    with pytest.raises(FrameError, match=str(MAX_FRAME_BYTES + 1)):
        decoder.next_frame()


def test_buffer_does_not_grow_with_what_was_given() -> None:
    decoder = FrameDecoder()
    frame = encode_frame(b"x" * 1000)
    for _ in range(100):
        decoder.feed(frame)
        assert decoder.next_frame() == "x" * 1000
        assert decoder.pending_bytes == 0
    assert len(decoder._buffer) <= len(frame)
