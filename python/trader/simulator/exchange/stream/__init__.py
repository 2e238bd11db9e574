"""The Exchange Stream API's side of the venue: sessions that take lines and give lines.

`hub.StreamHub` hears of every change at the venue and gives each session its part; a session is
one connection. Nothing here has a socket or a clock.
"""

from trader.simulator.exchange.stream.hub import StreamHub, StreamLimits
from trader.simulator.exchange.stream.session import StreamSession

__all__ = ["StreamHub", "StreamLimits", "StreamSession"]
