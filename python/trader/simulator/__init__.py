"""Replay of recordings, generated markets, and the matching of simulated orders.

Entry points: `replay.Replay` (inputs through the engine, with a summary), `recording` (lines of a
file), `generator` (a race that never was, as stream lines), `matching` (what of our resting orders
would have been filled), `summary` (`summary.json`), `compare` (two runs, row against
row), `live_view` (the demo's terminal).

Invariants: the clock is the publish time of the messages; the same lines, seed and configuration
give the same orders and fills whichever backends run and however fast the replay goes.
"""
