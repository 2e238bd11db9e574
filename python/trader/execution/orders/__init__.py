"""The order machine: what an executor does with orders at a venue, without I/O and without a clock.

It is the Rust machine (`rust/orders`) in Python: the same events give the same effects, record for
record, so that either may go on with a journal that the other has written. `machine` is the entry:
`Machine.recover` makes one from what a `journal` holds, `Machine.step` takes an event and gives
effects, to be done in their order. `docs/order_life.md` says what it promises.
"""
