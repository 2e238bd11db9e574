"""A recording is the stream as it came, and never ends trading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trader.live.recorder import Recorder
from trader.simulator.output import OutputError
from trader.simulator.recording import Recording

LINE = b'{"op":"mcm","pt":1,"mc":[]}'


def test_lines_are_kept_as_they_came_and_can_be_replayed(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "new", 1_700_000_000_123, 10_000)
    for _ in range(3):
        recorder.line(LINE)
    recorder.close()
    recorder.close()
    assert recorder.path.name == "stream-20231114T221320Z-123.jsonl"
    with Recording(recorder.path) as recording:
        assert list(recording) == [LINE] * 3


def test_it_stops_at_its_limit_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder(tmp_path, 0, 2 * (len(LINE) + 1))
    for _ in range(5):
        recorder.line(LINE)
    recorder.close()
    assert recorder.path.read_bytes() == (LINE + b"\n") * 2
    (record,) = caplog.records
    assert record.message.endswith("trading goes on: live.record_max_bytes is 56")


def test_a_full_disk_stops_the_recording_and_nothing_else(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, 0, 10_000)

    class Full:
        def write(self, _data: bytes) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            raise OSError(28, "No space left on device")

    full: Any = Full()
    recorder._file.close()
    recorder._file = full
    recorder.line(LINE)
    recorder.line(LINE)
    recorder.close()
    assert recorder.why_stopped == "No space left on device"


def test_a_folder_that_cannot_be_written_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"--record .*file"):
        Recorder(tmp_path / "file", 0, 10)
    Recorder(tmp_path, 0, 10).close()
    with pytest.raises(OutputError, match="File exists"):
        Recorder(tmp_path, 0, 10)
