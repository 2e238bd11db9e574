"""Markets for the simulated exchange: everything that happens on them, in order of time.

- `RecordingFeed`: a recorded stream; `GeneratedFeed`: races that never were, from a seed;
- `ShiftedFeed`: a feed at another time, so that a recorded market happens now;
- `MergedFeed`: several feeds as one; `RepeatedFeed`: one many times over, held in memory, as load.

All are a `Feed`, which gives `FeedEvent`s and a catalogue. None knows of orders, clients or a
clock; one that is read again gives the same again.
"""

from trader.simulator.feed_combined import FeedError, MergedFeed, RepeatedFeed, ShiftedFeed
from trader.simulator.feed_event import Feed, FeedEvent
from trader.simulator.feed_generated import GeneratedFeed
from trader.simulator.feed_lines import stream_lines
from trader.simulator.feed_recording import RecordingFeed

__all__ = [
    "Feed",
    "FeedError",
    "FeedEvent",
    "GeneratedFeed",
    "MergedFeed",
    "RecordingFeed",
    "RepeatedFeed",
    "ShiftedFeed",
    "stream_lines",
]
