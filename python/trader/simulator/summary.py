"""`summary.json`: what a run read, did, cost and made.

Keys that this version does not compute are null, and `not_computed` says why. Money is in the
account's currency; `*_ns` and `*_us` are wall time on this machine, everything else depends on
the input and the configuration alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trader import __version__
from trader.calibration.orders_sent import SentScores
from trader.config.schema import Config
from trader.desk_counts import DeskCounts
from trader.execution.ledger import MarketResult, to_money, totals
from trader.monitoring.metrics import Metrics
from trader.session import Session

NOT_COMPUTED: Final[Mapping[str, str]] = {}
TIMING_KEYS: Final = frozenset(
    {"wall_s", "lines_per_s", "apply_delta_ns", "pfill_ttf_ns", "decision_us"}
)
"""Keys that differ between two runs of the same input."""
BACKEND_KEYS: Final = frozenset({"hotloop", "execution", "feed", "profile", "shadow"})
"""Keys that say how it was run."""


@dataclass(slots=True)
class ShadowSummary:
    """What came of comparing the Hotloop in use with the other one (`strategy.hotloop.shadow`)."""

    backend: str | None
    comparisons: int
    skipped: int
    differences: dict[str, int]
    lost: str


@dataclass(slots=True)
class InputSummary:
    """One input (a file or a generated market) after its end."""

    source: str
    lines: int
    lines_ignored: int
    runner_changes: int
    markets: int
    seam_errors: int
    reseeds: int
    first_pt_ms: int | None
    last_pt_ms: int | None
    results: dict[str, MarketResult]
    counts: DeskCounts
    shadow: ShadowSummary | None = None

    @property
    def span_ms(self) -> int:
        if self.first_pt_ms is None or self.last_pt_ms is None:
            return 0
        return self.last_pt_ms - self.first_pt_ms


@dataclass(slots=True)
class RunSummary:
    """All inputs of a run so far; `as_json` at any time."""

    config: Config
    command: str
    inputs: list[InputSummary] = field(default_factory=list)
    wall_s: float = 0.0
    interrupted: bool = False
    executor_lost: str | None = None
    seam_lost: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def is_partial(self) -> bool:
        """Whether the run ended before its inputs did."""
        return self.interrupted or self.executor_lost is not None or self.seam_lost is not None

    def add(self, source: str, session: Session) -> InputSummary:
        """Takes in a session that has finished."""
        engine = session.engine
        stats = session.stats()
        held = [] if engine.book_lost else session.book.markets()
        summary = InputSummary(
            source=source,
            lines=engine.counts.lines,
            lines_ignored=stats["ignored"],
            runner_changes=stats["runner_changes"],
            markets=len({view.market_id for view in engine.markets.views()} | set(held)),
            seam_errors=engine.counts.seam_errors,
            reseeds=session.recovery.counts.reseeds,
            first_pt_ms=engine.counts.first_pt_ms,
            last_pt_ms=engine.now_ms or None,
            results=dict(session.results.by_market),
            counts=session.desk.counts,
            shadow=_shadow_of(session),
        )
        self.inputs.append(summary)
        return summary

    def as_json(self, metrics: Metrics) -> dict[str, Any]:
        """The summary with the keys of this module's docstring, ready for JSON."""
        lines = sum(part.lines for part in self.inputs)
        decision = metrics.decision.summary()
        return {
            "version": __version__,
            "command": self.command,
            "interrupted": self.interrupted,
            "executor_lost": self.executor_lost,
            "seam_lost": self.seam_lost,
            **self.extra,
            "lines": lines,
            "lines_ignored": sum(part.lines_ignored for part in self.inputs),
            "runner_changes": sum(part.runner_changes for part in self.inputs),
            "markets": sum(part.markets for part in self.inputs),
            "wall_s": round(self.wall_s, 3),
            "lines_per_s": round(lines / self.wall_s, 1) if self.wall_s > 0 else None,
            "hotloop": self.config.hotloop.backend,
            "execution": self.config.execution.backend,
            "feed": self.config.simulator.feed,
            "profile": self.config.profile,
            "bundle_version": self.config.bundle_version,
            "shadow": _shadow_json([part.shadow for part in self.inputs if part.shadow]),
            **self._trading(),
            "apply_delta_ns": metrics.apply_delta.summary(),
            "pfill_ttf_ns": metrics.pfill_ttf.summary(),
            "decision_us": {
                key: value if key == "count" else value / 1000 for key, value in decision.items()
            },
            "seam_errors": sum(part.seam_errors for part in self.inputs),
            "reseeds": sum(part.reseeds for part in self.inputs),
            **self._estimates(),
            "pnl": _pnl([result for part in self.inputs for result in part.results.values()]),
            "inputs": [_input_json(part) for part in self.inputs],
            "not_computed": dict(NOT_COMPUTED),
        }

    def _estimates(self) -> dict[str, Any]:
        """What the book said of the orders as they were sent: how many by tenth of probability, and
        by time to the fill, up to so many ms."""
        counts = [part.counts for part in self.inputs]
        p_fill: Counter[int] = sum((c.p_fill for c in counts), Counter())
        ttf_s: Counter[int] = sum((c.ttf_s for c in counts), Counter())
        sent = SentScores()
        for one in counts:
            sent.add_all(one.sent)
        return {
            "p_fill": {
                "histogram": [p_fill[tenth] for tenth in range(10)],
                **sent.as_json(self.config.hotloop.pfill.horizon_ms),
            },
            "ttf_ms": {
                "histogram": {str(1000 << power): ttf_s[power] for power in sorted(ttf_s)},
            },
        }

    def _trading(self) -> dict[str, Any]:
        counts = [part.counts for part in self.inputs]
        intents: Counter[tuple[str, str]] = sum((c.intents for c in counts), Counter())
        reports: Counter[str] = sum((c.reports for c in counts), Counter())
        minutes = sum(part.span_ms for part in self.inputs) / 60_000
        by_edge: Counter[str] = Counter()
        by_action: Counter[str] = Counter()
        for (edge, action), count in intents.items():
            by_edge[edge] += count
            by_action[action] += count
        rate = {edge: _ratio(count, minutes) for edge, count in sorted(by_edge.items())}
        gross, commission, _ = self._totals()
        charges_e4 = sum(c.charges_e4 for c in counts)
        return {
            "intents_total": sum(intents.values()),
            "intents_by_action": dict(sorted(by_action.items())),
            "intents_per_minute_by_edge": rate,
            "replace_place_ratio": _ratio(by_action["REPLACE"], by_action["PLACE"]),
            "fee_share": _ratio(commission + charges_e4, gross) if gross > 0 else None,
            "transaction_charges": to_money(charges_e4),
            "cannibalisation_by_kind": _sorted(sum((c.cannibalised for c in counts), Counter())),
            "refused_by_reason": _sorted(sum((c.refused for c in counts), Counter())),
            "cancels_by_reason": _sorted(sum((c.cancels for c in counts), Counter())),
            "rejects_by_code": _sorted(sum((c.rejects for c in counts), Counter())),
            "reports_by_status": _sorted(reports),
            "fills": sum(c.fills for c in counts),
            "matched_stake": sum(c.filled_stake_centi for c in counts) / 100,
        }

    def _totals(self) -> tuple[int, int, int]:
        parts = [totals(part.results) for part in self.inputs]
        gross = sum(part[0] for part in parts)
        commission = sum(part[1] for part in parts)
        return gross, commission, gross - commission


def _shadow_of(session: Session) -> ShadowSummary | None:
    shadow = session.shadow
    if shadow is None:
        return None
    return ShadowSummary(
        backend=shadow.backend or None,
        comparisons=shadow.comparisons,
        skipped=shadow.skipped,
        differences=dict(shadow.differences_by_method),
        lost=shadow.lost,
    )


def _shadow_json(parts: list[ShadowSummary]) -> dict[str, Any] | None:
    """None without a shadow. `backend` is null where it was lost or dropped, `lost` says why."""
    if not parts:
        return None
    differences: Counter[str] = sum((Counter(part.differences) for part in parts), Counter())
    return {
        "backend": parts[-1].backend,
        "comparisons": sum(part.comparisons for part in parts),
        "lines_skipped": sum(part.skipped for part in parts),
        "differences": _sorted(differences),
        "lost": "; ".join(part.lost for part in parts if part.lost) or None,
    }


def _input_json(part: InputSummary) -> dict[str, Any]:
    return {
        "source": part.source,
        "lines": part.lines,
        "lines_ignored": part.lines_ignored,
        "runner_changes": part.runner_changes,
        "markets": part.markets,
        "seam_errors": part.seam_errors,
        "reseeds": part.reseeds,
        "first_pt_ms": part.first_pt_ms,
        "last_pt_ms": part.last_pt_ms,
        "intents_total": sum(part.counts.intents.values()),
        "fills": part.counts.fills,
        "results": [_result_json(result) for result in part.results.values()],
    }


def _result_json(result: MarketResult) -> dict[str, Any]:
    return {
        "market_id": result.market_id,
        "kind": result.kind,
        "mbr_percent": result.mbr_percent,
        "note": result.note,
        "gross": to_money(result.gross_e4),
        "commission": to_money(result.commission_e4),
        "net": to_money(result.net_e4),
        "runners": [
            {
                "selection_id": part.runner.selection_id,
                "handicap": part.runner.handicap,
                "status": part.status,
                "backed": part.position.back_stake_centi / 100,
                "laid": part.position.lay_stake_centi / 100,
                "gross": to_money(part.gross_e4),
            }
            for part in result.runners
        ],
    }


def _pnl(results: list[MarketResult]) -> dict[str, Any]:
    gross = sum(result.gross_e4 for result in results)
    commission = sum(result.commission_e4 for result in results)
    return {
        "gross": to_money(gross),
        "commission": to_money(commission),
        "net": to_money(gross - commission),
        "markets_settled": sum(1 for result in results if result.kind == "settled"),
        "markets_marked": sum(1 for result in results if result.kind == "marked"),
    }


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 6) if whole else None


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
