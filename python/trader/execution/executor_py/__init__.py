"""The Python executor: the reference of what the Rust one does, and the fallback.

`machine` is the pure dry-run state machine, `executor` the thin shell that puts it on the bus.
"""
