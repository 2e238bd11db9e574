"""The list of recordings is the folder's, so that none is left untested."""

from tests.parity.recordings import RECORDINGS, market_streams, read_lines


def test_every_recording_there_is_listed() -> None:
    assert sorted(path.name for path in market_streams().iterdir()) == sorted(RECORDINGS)


def test_plain_and_compressed_recordings_give_their_lines() -> None:
    assert len(read_lines("flumine__1.200806927.json")) == 18_529
    assert len(read_lines("nautilus__sample.bz2")) == 10
