"""The configuration itself: what it switches on, and whether its limits agree with each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trader.doctor.findings import Finding, ok, skipped, warn
from trader.doctor.subject import Subject

NAME: Final = "configuration"
FLAGS: Final = "flags"
LIMITS: Final = "limits"
OWN_EDGES: Final = "own edges"
_EXCHANGE_PER_HOUR: Final = 5_000
"""Transactions of an hour that the venue does not charge for."""


def valid(subject: Subject) -> list[Finding]:
    """That there is one to examine says that it is valid: a bad one ends the command before."""
    config = subject.config
    trading = [name for name, edge in config.edges.items() if edge.enabled]
    what = f"valid, profile {config.profile or 'none (base.yaml alone)'}, version "
    what += f"{config.bundle_version}"
    if not trading:
        return [warn(NAME, f"{what}; no edge is enabled", "enable one: edges.NAME.enabled: true")]
    return [ok(NAME, f"{what}; edges: {', '.join(trading)}")]


def own_edges(subject: Subject) -> list[Finding]:
    """Edges from files; they are loaded with the configuration."""
    own = subject.config.own_edges
    if not own:
        return [skipped(OWN_EDGES, "none configured (edge_files, --edge)")]
    return [ok(OWN_EDGES, f"{name}: {one.file}, {one.sha256[:12]}") for name, one in own.items()]


def flags(subject: Subject) -> list[Finding]:
    """Which paths are Rust and which Python, and where orders go."""
    config = subject.config
    execution = config.execution
    paths = f"hotloop {config.hotloop.backend}, execution {execution.backend}"
    if execution.backend == "rust":
        paths += f" ({execution.supervise}, {execution.on_unhealthy} when it is away)"
    if not subject.is_live:
        return [ok(FLAGS, f"{paths}; dry run: nothing is sent")]
    scope = execution.live_scope
    if scope.shown:
        return [ok(FLAGS, f"{paths}; LIVE: ORDERS GO TO THE VENUE in {scope.shown}")]
    everywhere = f"{paths}; LIVE: ORDERS GO TO THE VENUE in every selected market"
    if scope.everywhere:
        return [ok(FLAGS, everywhere)]
    return [
        warn(
            FLAGS,
            everywhere,
            "execution.live_scope names a few markets to begin with, or says everywhere: true",
        )
    ]


def limits(subject: Subject) -> list[Finding]:
    """Pairs of limits of which one makes the other pointless, or will refuse what it allows."""
    found = [warn(LIMITS, wrong, advice) for wrong, advice in _quarrels(subject)]
    if found:
        return found
    config = subject.config
    return [
        ok(
            LIMITS,
            f"agree: bankroll {config.sizer.bankroll:g}, exposure {config.risk.max_exposure:g}, "
            f"loss {config.risk.max_loss:g}, {config.execution.limits.max_open_orders} orders",
        )
    ]


def _quarrels(subject: Subject) -> Iterator[tuple[str, str]]:
    yield from _money(subject)
    yield from _orders(subject)


def _money(subject: Subject) -> Iterator[tuple[str, str]]:
    config = subject.config
    sizer, risk, caps = config.sizer, config.risk, config.execution.limits
    market_cap = caps.max_market_exposure_centi / 100
    total_cap = caps.max_exposure_centi / 100
    ladder = (
        ("risk.max_exposure", risk.max_exposure, "sizer.bankroll", sizer.bankroll),
        ("risk.max_loss", risk.max_loss, "sizer.bankroll", sizer.bankroll),
        ("risk.max_market_loss", risk.max_market_loss, "risk.max_loss", risk.max_loss),
        (
            *("sizer.max_runner_liability", sizer.max_runner_liability),
            *("sizer.max_market_liability", sizer.max_market_liability),
        ),
        (
            *("sizer.max_market_liability", sizer.max_market_liability),
            *("sizer.max_total_liability", sizer.max_total_liability),
        ),
        (
            *("sizer.max_total_liability", sizer.max_total_liability),
            *("risk.max_exposure", risk.max_exposure),
        ),
        (
            *("sizer.max_market_liability", sizer.max_market_liability),
            *("execution.limits.max_market_exposure_centi / 100", market_cap),
        ),
        (
            *("risk.max_exposure", risk.max_exposure),
            *("execution.limits.max_exposure_centi / 100", total_cap),
        ),
    )
    for inner, value, outer, bound in ladder:
        if value > bound:
            yield (
                f"{inner} {value:g} is above {outer} {bound:g}, which holds first",
                f"lower {inner} to {bound:g}, or raise {outer.partition(' ')[0]}",
            )
    if sizer.max_stake > sizer.max_market_liability:
        yield (
            f"sizer.max_stake {sizer.max_stake:g} can never be staked: a market may cost "
            f"{sizer.max_market_liability:g}",
            "lower sizer.max_stake, or raise sizer.max_market_liability",
        )


def _orders(subject: Subject) -> Iterator[tuple[str, str]]:
    config = subject.config
    pacing, caps = config.execution.pacing, config.execution.limits
    free = min(config.fee_gate.free_transactions_per_hour, _EXCHANGE_PER_HOUR)
    if pacing.per_hour > free:
        yield (
            f"execution.pacing.per_hour {pacing.per_hour} is above the {free} transactions of an "
            "hour that are free",
            f"lower it to {free}, or expect the venue's transaction charge",
        )
    if pacing.market_per_second > pacing.per_second:
        yield (
            f"execution.pacing.market_per_second {pacing.market_per_second} is above per_second "
            f"{pacing.per_second}, which holds first",
            "lower execution.pacing.market_per_second",
        )
    if caps.max_open_orders > config.hotloop.state.max_orders:
        yield (
            f"execution.limits.max_open_orders {caps.max_open_orders} is above "
            f"hotloop.state.max_orders {config.hotloop.state.max_orders}: some orders would have "
            "no queue position",
            "raise hotloop.state.max_orders",
        )
