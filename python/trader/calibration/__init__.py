"""What the fill estimates are worth: orders that never were, followed through recordings.

An order is thought to join a queue; what the model says of it is kept, and trading tells later
whether it would have been filled. Nothing is placed and nothing changes the market.

- `following`: the orders and what becomes of them; the only rule of what a fill is in this
  package. It is the rule of the model's own trials (`betfair.signals.trials`) as well.
- `scores`: Brier score, skill, calibration error, reliability, likelihood; sums that can be added.
- `orders_sent`: the orders of a replay or of live trading, judged as they were sent.
- `sampling`: orders at the best prices of every runner of a recording (`trader calibrate`).
- `judging`, `fitting`, `tables`: files through it, parameters chosen from it, results shown.

docs/fill_model.md says what is measured, and what that does not tell.
"""
