"""The report as Markdown for people and as JSON for whatever compares runs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tests.bench.contestants import BOOKS, RACES
from tests.bench.goals import Goal
from tests.bench.jobs import Answer
from tests.bench.report_engine import ENGINE_READING, decisions, work
from tests.bench.results import FileResults, Results, Row, Spread
from tests.bench.tables import NONE, micro, table


def markdown(results: Results, judged: Sequence[Goal]) -> str:
    parts = [
        "# Benchmark: Hotloop beside its peers",
        _head(results),
        "## Goals",
        table(["goal", "wanted", "measured", "met?"], map(_goal_cells, judged)),
        *[part for file in results.files for part in _file(file)],
    ]
    if memory := results.measured.get("memory"):
        parts += ["## Memory", _memory(memory)]
    if gil := results.measured.get("gil"):
        parts += ["## Another Python thread", _gil(gil)]
    if decision := results.measured.get("decision"):
        parts += ["## From a line to its intents on the wire", decisions(decision)]
    parts += ["## How to read this", _reading(results)]
    return "\n\n".join(parts) + "\n"


def as_json(results: Results, judged: Sequence[Goal]) -> dict[str, Any]:
    return {
        "head": dict(results.head),
        "goals": [asdict(goal) for goal in judged],
        "files": [
            {
                "name": file.recording.name,
                "bytes": file.recording.size,
                "expected": file.recording.expected,
                "contestants": {name: _row_json(file, row) for name, row in file.rows.items()},
            }
            for file in results.files
        ],
        "measured": dict(results.measured),
    }


def _head(results: Results) -> str:
    return table(["", ""], [(name, str(value)) for name, value in results.head.items()])


def _goal_cells(goal: Goal) -> tuple[str, ...]:
    met = {"met": "yes", "missed": "**no**"}.get(goal.verdict, goal.verdict)
    return goal.what, goal.goal, goal.measured, met


def _file(file: FileResults) -> list[str]:
    expected = file.recording.expected
    heads = [
        "contestant",
        "version",
        "mean µs (min to max)",
        "best µs",
        "p50 µs",
        "p99 µs",
        "p99.9 µs",
    ]
    heads += ["per second", "x ours (min to max)", "best x", "books", "notes"]
    parts = [
        f"## {file.recording.name}",
        f"{expected['lines']:,} lines, {expected['books']:,} books of markets, "
        f"{expected['runner_changes']:,} runner changes, {file.recording.size:,} bytes.",
    ]
    for race in RACES:
        rows = [row for row in file.rows.values() if row.contestant.race is race]
        if rows:
            parts += [f"### {race.title}"] if race.title else []
            last = "books" if race is BOOKS else "what it did"
            parts.append(table([*heads[:-2], last, heads[-1]], map(_cells, rows)))
    return parts


def _cells(row: Row) -> tuple[str, ...]:
    singles = row.percentiles_ns or {}
    return (
        row.contestant.name,
        row.version,
        NONE if row.mean_ns is None else spread(row.mean_ns, 1e-3),
        micro(row.best_ns),
        *(micro(singles.get(name)) for name in ("p50", "p99", "p999")),
        NONE if row.per_second is None else f"{row.per_second:,.0f}",
        NONE if row.ratio is None else spread(row.ratio, 1.0),
        NONE if row.best_ratio is None else f"{row.best_ratio:,.2f}",
        _books(row) if row.contestant.race is BOOKS else work(row.counts),
        "; ".join(_notes(row)),
    )


def _books(row: Row) -> str:
    books = row.counts.get("books", row.counts.get("market_changes"))
    return NONE if books is None or row.contestant.environment == "orjson" else f"{books:,}"


def _notes(row: Row) -> list[str]:
    if row.contestant.unit != "call":
        return list(row.notes)
    orders, likely = row.counts["orders"], row.counts["orders_likely"]
    return [f"a call, not a line; {likely} of {orders} orders have a chance", *row.notes]


def spread(values: Spread, scale: float) -> str:
    low, middle, high = (
        f"{value * scale:,.2f}" for value in (values.low, values.median, values.high)
    )
    return f"{middle} ({low} to {high})"


def _memory(memory: Answer) -> str:
    rows = [
        ("markets held", f"{memory['markets']:,}"),
        ("runners a market, levels a side, traded prices", memory["shape"]),
        ("resident kB a market", f"{memory['market_kb']:,.1f}"),
        ("bytes of one image", f"{memory['image_bytes']:,}"),
        ("messages then applied, again and again the first file", f"{memory['messages']:,}"),
        ("growth of the process over them, kB", f"{memory['growth_kb']:,.0f}"),
    ]
    return table(["", ""], rows)


def _gil(gil: Answer) -> str:
    heads = ["what the first thread does", "other thread's speed", "calls/s alone", "beside"]
    heads += ["p50 µs alone", "beside", "p99 µs alone", "beside", "late p50 µs alone", "beside"]
    heads += ["late p99 µs alone", "beside"]
    rows = [
        (
            name,
            f"{condition['other_share']:.0%}",
            *(f"{condition[who]['calls_per_s']:,.0f}" for who in ("alone", "beside")),
            *(
                micro(condition[who].get(figure))
                for figure in ("p50", "p99", "late_p50", "late_p99")
                for who in ("alone", "beside")
            ),
        )
        for name, condition in gil["conditions"].items()
    ]
    text = (
        "One thread applies lines, another counts in a tight loop; its speed is in percent of "
        "what it reaches while the first one sleeps. The switch interval is "
        f"{gil['switch_interval_ms']:g} ms. Late is from when a paced call was due to its end. "
        "The first line is a call that needs no lock at all: what the machine allows."
    )
    return f"{text}\n\n{table(heads, rows)}"


def _reading(results: Results) -> str:
    pair = results.head["timer pair"]
    first, *others = (f"`{race.ours}`" for race in RACES)
    ours = f"{first} ({' or '.join(others)} in their tables)"
    return f"""\
- Every contestant runs in a fresh process and its own environment, once in each round, in turn.
  Means are medians over rounds; x ours is the median of the ratios within each round: its time
  over that of {ours}, above 1 where ours is quicker. Best is the
  mean of the quickest single pass of all rounds, best x its ratio to ours: what others on the
  machine disturb least.
- Percentiles come from a pass of their own with a timer pair around each message: {pair}, which is
  in them and never in the means.
- `orjson` makes no books. `flumine` reads its file inside the clock, from memory; its percentiles
  are times between two books. `betfairlightweight` has its `speed` extra.
- `hotloop` and `reference` keep queues and signals beside the books; no peer does.
{ENGINE_READING}"""


def _row_json(file: FileResults, row: Row) -> dict[str, Any]:
    return {
        "version": row.version,
        "unit": row.contestant.unit,
        "mean_ns": None if row.mean_ns is None else asdict(row.mean_ns),
        "best_ns": row.best_ns,
        "percentiles_ns": row.percentiles_ns,
        "ratio": None if row.ratio is None else asdict(row.ratio),
        "best_ratio": row.best_ratio,
        "per_second": row.per_second,
        "counts": dict(row.counts),
        "notes": list(row.notes),
        "rounds": list(file.answers[row.contestant.name]),
    }
