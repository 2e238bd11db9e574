"""Frames of the executor wire, without any I/O.

A frame is a length (four bytes, big-endian) and that many bytes of UTF-8; the length is 1 to 1 MiB.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

PREFIX_BYTES: Final = 4
MAX_FRAME_BYTES: Final = 1 << 20

FrameErrorCode: TypeAlias = Literal["BAD_FRAME_LENGTH", "BAD_UTF8", "TRUNCATED"]


class FrameError(Exception):
    """The bytes are not frames; the connection cannot go on. `code` is the wire's error code."""

    def __init__(self, code: FrameErrorCode, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code: Final = code


def encode_frame(payload: bytes) -> bytes:
    """The frame of one message. Raises `FrameError` when the payload is empty or over 1 MiB."""
    _check_length(len(payload))
    return len(payload).to_bytes(PREFIX_BYTES, "big") + payload


class FrameDecoder:
    """Takes bytes in pieces of any size, gives the text of each whole frame.

    After an error it must not be used again. It holds at most one incomplete frame besides what
    one `feed` brought.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._start = 0  # of the first frame not yet given

    @property
    def pending_bytes(self) -> int:
        """Bytes held that no `next_frame` has given yet."""
        return len(self._buffer) - self._start

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Adds received bytes."""
        if self._start:
            del self._buffer[: self._start]
            self._start = 0
        self._buffer += data

    def next_frame(self) -> str | None:
        """The text of the next frame; None when it is not whole yet.

        Raises `FrameError`: BAD_FRAME_LENGTH as soon as the length is known, BAD_UTF8.
        """
        body = self._start + PREFIX_BYTES
        if len(self._buffer) < body:
            return None
        length = int.from_bytes(self._buffer[self._start : body], "big")
        _check_length(length)
        end = body + length
        if len(self._buffer) < end:
            return None
        try:
            text = self._buffer[body:end].decode()
        except UnicodeDecodeError as error:
            raise FrameError("BAD_UTF8", f"{error.reason} at byte {error.start}") from None
        self._start = end
        return text

    def finish(self) -> None:
        """The bytes have ended. Raises `FrameError` TRUNCATED when they end within a frame."""
        have = self.pending_bytes
        if have == 0:
            return
        if have < PREFIX_BYTES:
            raise FrameError("TRUNCATED", f"{have} of {PREFIX_BYTES} bytes of the length")
        length = int.from_bytes(self._buffer[self._start : self._start + PREFIX_BYTES], "big")
        raise FrameError("TRUNCATED", f"{have - PREFIX_BYTES} of {length} bytes of the message")


def _check_length(length: int) -> None:
    if not 1 <= length <= MAX_FRAME_BYTES:
        raise FrameError(
            "BAD_FRAME_LENGTH", f"a length of {length} bytes is outside 1 to {MAX_FRAME_BYTES}"
        )
