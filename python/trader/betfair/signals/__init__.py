"""The signals of docs/signals.md as plain functions and small state: one file per concept.

Entry points: `settings` (what can be configured), `market` (what one message does to the signals of
a market), `before` (what its rows were), `matched` (the trades in it), `rates`, `fill` with `gamma`
(how likely a fill is), `queue` and `orders` (queue positions), `sweep`, `moves`, `trend`.

Sizes and prices are integer hundredths, times milliseconds of publish time. No I/O, no clock:
a `now_ms` is always given.
"""
