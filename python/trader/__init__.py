"""Hotloop: a trading system for the Betfair exchange.

Strategies are Python; the path that must be fast is Rust behind the class `Hotloop`
(`trader.strategy.hotloop.api`); orders go through an executor that is either in this process or
a Rust sidecar behind a wire (`trader.execution`). Either half is switched back to Python with one
line of configuration.

Rooms, from the exchange inwards:

- `betfair`: the venue's own formats (price ladders, stream messages, full-depth books);
- `strategy`: the signals seam, the context an edge sees, edges, sizing, the fee gate;
- `execution`: intents and reports, executors, ledger and blotter;
- `simulator`: replay of recordings, generated markets, matching;
- `monitoring`, `config`, `apps`: metrics, validated YAML, the command line.
"""

__version__ = "0.1.0"
