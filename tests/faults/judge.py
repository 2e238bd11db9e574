"""What must hold once everything is over: what the trader was told against the venue's ledger."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport, Status


@dataclass
class Verdict:
    """What was found; nothing is wrong where all lists are empty."""

    intents: int = 0
    bets: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    duplicates: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        return [*self.duplicates, *self.lost, *self.wrong]


def judge(
    intents: Mapping[str, QuoteIntent],
    reports: Sequence[ExecutionReport],
    bets: Iterable[Mapping[str, Any]],
) -> Verdict:
    """`bets`: the venue's ledger. Every intent must have ended."""
    verdict = Verdict(len(intents))
    told: dict[str, list[ExecutionReport]] = defaultdict(list)
    for report in reports:
        told[report.intent_id].append(report)
    _row(reports, verdict)
    claimed: dict[str, str] = {}
    ledger = {bet["id"]: bet for bet in bets}
    verdict.bets = len(ledger)
    for name, wish in intents.items():
        ends = [report for report in told[name] if report.status.is_terminal]
        if not ends:
            verdict.lost.append(f"{name} has no end: {_words(told[name])}")
            continue
        if len(ends) > 1:
            verdict.wrong.append(f"{name} has {len(ends)} ends: {_words(told[name])}")
        verdict.ends[ends[0].status.value] += 1
        if wish.action is not Action.CANCEL:
            _bet(name, told[name], ledger, claimed, verdict)
    _unclaimed(intents, told, ledger, claimed, verdict)
    return verdict


def _row(reports: Sequence[ExecutionReport], verdict: Verdict) -> None:
    """Each report once, without a gap."""
    seqs = [report.seq for report in reports]
    if seqs != list(range(seqs[0], seqs[0] + len(seqs))) if seqs else False:
        verdict.wrong.append(f"reports with gaps or twice: {seqs}")


def _bet(
    name: str,
    told: Sequence[ExecutionReport],
    ledger: Mapping[str, Mapping[str, Any]],
    claimed: dict[str, str],
    verdict: Verdict,
) -> None:
    """The bet that an intent says it has is at the venue, its own, and matched as told."""
    named = {report.bet_id for report in told if report.bet_id is not None}
    if len(named) > 1:
        verdict.wrong.append(f"{name} was told of bets {sorted(named)}")
    matched = max((report.size_matched_centi for report in told), default=0)
    for bet_id in named:
        bet = ledger.get(bet_id)
        if bet is None:
            verdict.wrong.append(f"{name} was told of bet {bet_id}, which is not there")
        elif claimed.setdefault(bet_id, name) != name:
            verdict.wrong.append(f"bet {bet_id} was told to {claimed[bet_id]} and {name}")
        elif bet["matched"] != matched or bet["remaining"]:
            verdict.wrong.append(f"{name} was told {matched} matched of {bet}: {_words(told)}")


def _unclaimed(
    intents: Mapping[str, QuoteIntent],
    told: Mapping[str, Sequence[ExecutionReport]],
    ledger: Mapping[str, Mapping[str, Any]],
    claimed: Mapping[str, str],
    verdict: Verdict,
) -> None:
    """A bet that nobody was told of is one too many, unless it came so late that its intent was
    told not to be there: then it was taken away again, whole."""
    denied = {
        name
        for name, reports in told.items()
        if any(report.reject_code == "NOT_PLACED" for report in reports)
    }
    for bet_id, bet in ledger.items():
        if bet_id in claimed:
            continue
        chain = _chain(bet["ref"], intents)
        is_stray = bool(chain & denied) and not bet["matched"] and not bet["remaining"]
        if not is_stray:
            words = {name: _words(told[name]) for name in chain}
            verdict.duplicates.append(f"nobody was told of {bet}: {words}")


def _chain(reference: str, intents: Mapping[str, QuoteIntent]) -> set[str]:
    """The order of a reference and those that moved it: they share it at the venue."""
    chain = {reference}
    for name, wish in intents.items():
        if wish.action is Action.REPLACE and wish.target_intent_id in chain:
            chain.add(name)
    return chain


def _words(reports: Sequence[ExecutionReport]) -> str:
    def word(report: ExecutionReport) -> str:
        code = f"({report.reject_code})" if report.reject_code else ""
        is_unknown = report.status is Status.UNKNOWN
        return f"{report.status.value}{'?' if is_unknown else ''}{code}"

    return " ".join(word(report) for report in reports) or "nothing"
