"""What of the report is about the engine: what it did, and from a line to the wire."""

from collections.abc import Mapping
from typing import Any, Final

from tests.bench.jobs import Answer
from tests.bench.tables import NONE, micro, table

FIGURES: Final = ("p50", "p95", "p99")
KINDS: Final = ("one", "ready", "all")

ENGINE_READING: Final = """\
- `replay` and `orders` are the trader's own replay with its blotter on disk, the file read inside
  the clock, by all of them. `replay` reads the best prices of the runners a line touched; a flumine
  strategy is not told which those are, and reads all. In `orders` each runner has one BACK of 2.00
  at the lowest price to lay, between 1.2 and 30, which follows that price once it is 1.5 s old, and
  is placed again when it was matched. Bet delays and latencies are 0 on both sides. What a resting
  order gets is each side's own model, so that fills differ, and with them places and moves; of
  `cancelled`, flumine's are lapsed by it when the market is suspended, ours are asked for.
- Rows with the same digest have the same intents, reports, fills, positions and results, field by
  field; all of ours in a table must, or the run fails."""


def work(counts: Mapping[str, int]) -> str:
    """What a replay did, in a cell."""
    if not any(counts.get(name) for name in ("placed", "moved", "cancelled")):
        return f"{counts.get('looks', 0):,} looks"
    names = ("placed", "moved", "cancelled", "fills", "rejected")
    told = [f"{counts[name]:,} {name}" for name in names if counts.get(name)]
    if "digest" in counts:
        told.append(f"digest {counts['digest']:012x}")
    return ", ".join(told)


def decisions(measured: Answer) -> str:
    """Both Hotloops by file, in microseconds, and what the Python one's are over the Rust one's."""
    heads = ["file", "Hotloop", "intents", "fills"]
    heads += [f"{kind}: {name}" for kind in KINDS for name in ("samples", *FIGURES)]
    rows: list[tuple[str, ...]] = []
    for file, answer in measured["files"].items():
        backends = answer["backends"]
        rows += [(file, name, *_backend(backend)) for name, backend in backends.items()]
        rows.append((file, "python / rust", "equal", "equal", *_ratios(backends)))
    text = (
        "The edge that ships, as it is configured, with the Rust executor in dry run over a "
        "socket; from the line's bytes given to the engine until the write with its intents "
        "returned, in µs. `one`: lines with one intent, before which nothing was written and "
        "waited for; `ready`: the same lines, until that write began. `all`: every line with "
        "intents, of all runners it touched, with the steps that a replay in lockstep waits for. "
        "Both Hotloops gave the same intents and fills, field by field."
    )
    return f"{text}\n\n{table(heads, rows)}"


def _backend(backend: Mapping[str, Any]) -> tuple[str, ...]:
    cells = [f"{backend['intents']:,}", f"{backend['fills']:,}"]
    for kind in KINDS:
        found = backend[kind]
        cells.append("0" if found is None else f"{found['samples']:,.0f}")
        cells += [micro(None if found is None else found[name]) for name in FIGURES]
    return tuple(cells)


def _ratios(backends: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    cells: list[str] = []
    for kind in KINDS:
        rust, python = backends["rust"][kind], backends["python"][kind]
        cells.append("")
        known = rust is not None and python is not None
        cells += [f"{python[name] / rust[name]:.2f} x" if known else NONE for name in FIGURES]
    return tuple(cells)
