"""API-NG and the identity service of the venue: requests in, replies out, no sockets.

`api.Api` takes an `HttpRequest` and answers with an `HttpReply`, at once or at a later time of the
venue.
"""

from trader.simulator.exchange.api.api import Api
from trader.simulator.exchange.api.http_types import HttpReply, HttpRequest

__all__ = ["Api", "HttpReply", "HttpRequest"]
