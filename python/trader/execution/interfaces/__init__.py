"""The frozen shapes between the trader and its executors.

`intents` and `reports` are QuoteIntent v=1 and ExecutionReport v=1; `messages` is the rest of the
wire with `decode`; `executor` is the protocol both backends fulfil, with its errors; `ids` makes
intent identities; `wire` is what all messages share. Nothing here does I/O or reads a clock, but
for `ids.new_intent_id`.
"""
