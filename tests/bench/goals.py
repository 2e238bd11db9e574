"""What was to be reached, what was measured, and whether that is enough.

Whoever changes a goal changes it here; the report only prints what stands in these tables.
"""

from dataclasses import dataclass
from typing import Final, Literal

from tests.bench.contestants import OURS
from tests.bench.results import Results, Row, Spread

LIGHT: Final = "flumine__1.200806927.json"
"""Two runners, self-recorded: the file of most goals."""
LIVE: Final = "kelvin__MarketStream-1.241629436.json"
"""Best and all offers, a live stream."""
PRO: Final = "betfair_parser__1.127236622.bz2"
"""Official, many changes a line."""

SHORT: Final = "flumine__1.197931750.json"
"""Six runners, 166 lines: for the engine, beside the others."""
ENGINE_FILES: Final = (LIGHT, SHORT, PRO)

Verdict = Literal["met", "missed", "machine too busy", "not measured"]


@dataclass(frozen=True)
class Goal:
    what: str
    goal: str
    measured: str
    verdict: Verdict


NOT_HERE: Final = (
    ("no allocation per message once warm", "none", "`//rust/bench:allocations_test` counts them"),
    ("intent → executor → report", "≤ 1.3 x an echo", "`//tests/wire_bench`"),
)
"""(what, goal, where to look): goals that this suite does not measure, so that none is left out."""


def goals(results: Results) -> list[Goal]:
    ours = [
        _at_most(results, LIGHT, OURS, "mean", 600),
        _at_most(results, LIGHT, OURS, "p99", 3_000),
        _live_lines(results),
        _faster_than(results, LIVE, "orjson", 1),
        *[_faster_than(results, file, "betfair_data", 2.5) for file in (LIGHT, PRO, LIVE)],
        *[_faster_than(results, file, "betfairlightweight", 20) for file in (LIGHT, PRO, LIVE)],
        *[_faster_than(results, file, "flumine", 70) for file in (LIGHT, PRO, LIVE)],
        *[_faster_than(results, file, "reference", 40) for file in (LIGHT, PRO, LIVE)],
        *[_at_most(results, file, "hotloop-pfill", "mean", 1_000) for file in (LIGHT, PRO, LIVE)],
        *[_faster_than(results, file, "replay-flumine", 50) for file in ENGINE_FILES],
        *[_faster_than(results, file, "orders-flumine", 10) for file in ENGINE_FILES],
        *[goal for file in ENGINE_FILES for goal in _decision(results, file)],
    ]
    elsewhere = [Goal(what, goal, where, "not measured") for what, goal, where in NOT_HERE]
    return [*ours, *_memory(results), *_gil(results), *elsewhere]


def _judged(what: str, goal: str, value: float | None, text: str, met: bool) -> Goal:
    if value is None:
        return Goal(what, goal, "-", "not measured")
    return Goal(what, goal, text, "met" if met else "missed")


def _at_most(results: Results, file: str, name: str, figure: str, limit_ns: float) -> Goal:
    row = results.row(file, name)
    value = None if row is None else _figure(row, figure)
    text = "" if value is None else f"{value:,.0f} ns"
    what = f"`{name}` on {file}, {figure}"
    return _judged(what, f"≤ {limit_ns:,.0f} ns", value, text, (value or 0) <= limit_ns)


def _figure(row: Row, figure: str) -> float | None:
    if figure == "mean":
        return None if row.mean_ns is None else row.mean_ns.median
    return None if row.percentiles_ns is None else row.percentiles_ns[figure]


def _faster_than(results: Results, file: str, peer: str, times: float) -> Goal:
    row = results.row(file, peer)
    ratio = None if row is None else row.ratio
    text = "" if row is None or ratio is None else _times(ratio, row.best_ratio)
    sign = f"≥ {times:g} x" if times != 1 else "> 1 x"
    met = ratio is not None and (ratio.median >= times if times != 1 else ratio.median > 1)
    what = f"faster than {peer} on {file}"
    if row is not None and ratio is None and row.mean_ns is None:
        return Goal(what, sign, "; ".join(row.notes) or "nothing came out of it", "not measured")
    return _judged(what, sign, None if ratio is None else ratio.median, text, met)


def _times(ratio: Spread, best: float | None) -> str:
    passes = "" if best is None else f"; best passes {best:.2f} x"
    return f"{ratio.median:.2f} x ({ratio.low:.2f} to {ratio.high:.2f}){passes}"


def _live_lines(results: Results) -> Goal:
    row = results.row(LIVE, OURS)
    value = None if row is None else row.per_second
    text = "" if value is None else f"{value:,.0f} lines/s"
    return _judged(f"`{OURS}` on {LIVE}", "≥ 200,000 lines/s", value, text, (value or 0) >= 200_000)


def _decision(results: Results, file: str) -> list[Goal]:
    """Of the Rust Hotloop: lines with one intent, before which nothing was waited for, and all."""
    answer = results.measured.get("decision", {}).get("files", {}).get(file)
    rust = {} if answer is None else answer["backends"]["rust"]

    def goal(kind: str, words: str, figure: str, limit_us: float) -> Goal:
        found = rust.get(kind)
        value = None if found is None else found[figure] / 1e3
        what = f"stream bytes → intents on the wire, {file}, {words}, {figure}"
        text = "" if value is None else f"{value:,.1f} µs"
        return _judged(what, f"≤ {limit_us:g} µs", value, text, (value or 0) <= limit_us)

    return [
        goal(kind, words, figure, limit_us)
        for kind, words in (("one", "one intent"), ("all", "all lines with intents"))
        for figure, limit_us in (("p50", 50.0), ("p99", 150.0))
    ]


def _memory(results: Results) -> list[Goal]:
    def goal(what: str, key: str, limit: float, unit: str) -> Goal:
        value = results.measured.get("memory", {}).get(key)
        text = "" if value is None else f"{value:,.0f} {unit}"
        return _judged(what, f"≤ {limit:,.0f} {unit}", value, text, (value or 0) <= limit)

    return [
        goal("memory of a 15-runner market", "market_kb", 200, "kB"),
        goal("growth of the process over a million messages", "growth_kb", 256, "kB"),
    ]


def _gil(results: Results) -> list[Goal]:
    """A machine that leaves less to a thread beside a call without any lock tells nothing."""
    what, goal = "speed another Python thread keeps beside apply_batch", "≥ 90%"
    conditions = results.measured.get("gil", {}).get("conditions", {})
    if not conditions:
        return [Goal(what, goal, "-", "not measured")]
    share = conditions["apply_batch, whole file"]["other_share"]
    control = conditions["no lock needed (sha256)"]["other_share"]
    text = f"{share:.0%}; beside a call that needs no lock {control:.0%}"
    if share >= 0.9:
        return [Goal(what, goal, text, "met")]
    return [Goal(what, goal, text, "missed" if control >= 0.9 else "machine too busy")]
