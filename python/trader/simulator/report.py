"""A run's summary in words, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def replay_lines(summary: Mapping[str, Any], out: str, *, has_page: bool) -> Iterator[str]:
    """What `trader replay` prints at its end."""
    for part in summary["inputs"]:
        refused = part["seam_errors"]
        errors = f", {refused:,} refused {_plural('line', refused)}" if refused else ""
        markets = f"{part['markets']} {_plural('market', part['markets'])}"
        yield (
            f"{part['source']}: {part['lines']:,} lines, "
            f"{part['runner_changes']:,} runner changes, {markets}, "
            f"{part['intents_total']:,} {_plural('intent', part['intents_total'])}, "
            f"{part['fills']:,} {_plural('fill', part['fills'])}{errors}"
        )
    yield from _totals(summary)
    yield f"written: {out}/summary.json and {out}/blotter.sqlite"
    if has_page:
        yield f"report:  {out}/report.html"


def demo_lines(
    summary: Mapping[str, Any], out: str, names: Mapping[int, str], *, has_page: bool
) -> Iterator[str]:
    """What `trader demo` prints at its end."""
    actions = summary["intents_by_action"]
    statuses = summary["reports_by_status"]
    yield (
        f"orders: {actions.get('PLACE', 0):,} placed, {actions.get('REPLACE', 0):,} moved, "
        f"{actions.get('CANCEL', 0):,} cancelled, {statuses.get('EXPIRED', 0):,} expired, "
        f"{statuses.get('LAPSED', 0):,} lapsed, {statuses.get('REJECTED', 0):,} rejected"
    )
    yield (
        f"fills:  {summary['fills']:,}, with {statuses.get('FILLED', 0):,} orders filled to the "
        f"end, stakes matched {summary['matched_stake']:,.2f}"
    )
    for part in summary["inputs"]:
        for result in part["results"]:
            yield from _positions(result, names)
    yield from _totals(summary)
    venue = summary.get("exchange")
    if venue is not None and venue["bets"]:
        agrees = "as the ledger has it" if venue_agrees(summary) else "which the ledger has not"
        settled = f"{venue['markets_settled']} {_plural('market', venue['markets_settled'])}"
        net = f"net {venue['net']:+.2f}, {agrees}"
        yield f"venue:  {venue['bets']:,} bets, {settled} settled, {net}"
    if has_page:
        yield f"report: {out}/report.html (for a browser; it needs no network)"
    yield f"data:   {out}/summary.json"
    yield f"        {out}/blotter.sqlite (try: sqlite3 {out}/blotter.sqlite 'select * from fills')"


def live_lines(summary: Mapping[str, Any], out: str, *, has_page: bool) -> Iterator[str]:
    """What `trader live` prints at its end."""
    actions = summary["intents_by_action"]
    yield (
        f"orders: {actions.get('PLACE', 0):,} placed, {actions.get('REPLACE', 0):,} moved, "
        f"{actions.get('CANCEL', 0):,} cancelled; {summary['fills']:,} fills"
    )
    yield from _totals(summary)
    if has_page:
        yield f"report: {out}/report.html"
    yield f"data:   {out}/summary.json and {out}/blotter.sqlite"


def venue_agrees(summary: Mapping[str, Any]) -> bool:
    """Whether the venue's settlement is what the ledger says; True where nothing was settled."""
    venue = summary.get("exchange")
    if venue is None or not venue["bets"] or not venue["markets_settled"]:
        return True
    same: bool = venue["net"] == summary["pnl"]["net"]
    return same


def _positions(result: Mapping[str, Any], names: Mapping[int, str]) -> Iterator[str]:
    for part in result["runners"]:
        name = names.get(part["selection_id"], str(part["selection_id"]))
        yield (
            f"  {name:<16} {part['status']:<8} backed {part['backed']:>8.2f}  "
            f"laid {part['laid']:>8.2f}  result {part['gross']:>+8.2f}"
        )


def _totals(summary: Mapping[str, Any]) -> Iterator[str]:
    pnl = summary["pnl"]
    if summary["interrupted"]:
        yield "interrupted: the figures cover what was read until then"
    if summary["executor_lost"] is not None:
        yield "executor lost: the figures cover what was read until then"
    if summary["seam_lost"] is not None:
        yield "hotloop lost: the figures cover what was read until then"
    marked = pnl["markets_marked"]
    how = f" ({marked} {_plural('market', marked)} not settled, valued at the last prices)"
    yield (
        f"P&L:    gross {pnl['gross']:+.2f}, commission {pnl['commission']:.2f}, "
        f"net {pnl['net']:+.2f}{how if marked else ''}"
    )
    yield (
        f"time:   {_apply_delta(summary)}; {_decision(summary)}; "
        f"{summary['lines']:,} lines in {summary['wall_s']:.1f} s "
        f"(hotloop {summary['hotloop']}, execution {summary['execution']})"
    )
    shadow = summary["shadow"]
    if shadow is not None:
        differences = sum(shadow["differences"].values())
        lost = f"; lost: {shadow['lost']}" if shadow["lost"] else ""
        yield (
            f"shadow: {shadow['comparisons']:,} answers compared, {differences:,} "
            f"{_plural('difference', differences)}{lost}"
        )
    if summary["seam_errors"]:
        yield f"refused lines: {summary['seam_errors']:,} (logged on standard error)"


def _apply_delta(summary: Mapping[str, Any]) -> str:
    apply_ns = summary["apply_delta_ns"]
    if not apply_ns["count"]:
        return "apply_delta was timed for no line"
    return f"apply_delta p50 {apply_ns['p50'] / 1000:.1f} µs, p99 {apply_ns['p99'] / 1000:.1f} µs"


def _decision(summary: Mapping[str, Any]) -> str:
    decision = summary["decision_us"]
    if not summary["intents_total"]:
        return "no intents"
    if not decision["count"]:  # a replay times some lines, and these led to none
        return "no line with intents was timed"
    return f"line to intents p50 {decision['p50']:.1f} µs, p99 {decision['p99']:.1f} µs"


def _plural(word: str, count: int) -> str:
    return word if count == 1 else word + "s"
