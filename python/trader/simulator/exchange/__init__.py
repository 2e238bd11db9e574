"""The simulated Betfair: one venue that decides, and the protocols it is reached by.

`venue.Venue` and what it is made of (markets, bets, accounts) have no I/O and no clock: they are
advanced to a time, and asked. The streams and the API are pure as well: lines and requests in,
lines and replies out. Only `server` has sockets.
"""
