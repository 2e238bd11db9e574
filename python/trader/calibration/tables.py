"""The scores of `trader calibrate` as tables for people, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, TypeAlias

from rich.table import Table
from rich.text import Text

from trader.betfair.signals.log_logistic import Coefficients
from trader.calibration.judging import BASELINE, Judged
from trader.calibration.scores import HORIZONS_MS, Scores, scores_json

NO_VOLUME: Final = "nothing to judge: no traded volume"
NO_ORDERS: Final = "nothing to judge: no runner was observed for long enough"
NONE_KNOWN: Final = "no outcome is known"
CONFLATED: Final = "n/a (conflated)"
HEAD: Final = (
    *("file", "model", "horizon", "n", "unknown", "base rate", "mean p", "Brier"),
    *("skill", "vs exponential", "ECE"),
)
TIMES_HEAD: Final = ("file", "model", "orders", "log-likelihood", "base", "gain")
BINS_HEAD: Final = ("p", "n", "mean p", "filled")

Cells: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """What one queue model gave."""

    queue_model: str
    files: Sequence[Judged]
    total: Judged


def note(judged: Judged) -> str | None:
    """Why a file has no scores; None where it has."""
    if not judged.trades:
        return NO_VOLUME
    return None if judged.orders else NO_ORDERS


def rows(results: Results, models: Sequence[str]) -> Iterator[Cells]:
    """Under `HEAD`, one for each file, model and horizon, then those of all files together."""
    for judged in _with_total(results):
        why = note(judged)
        if why is not None:
            yield (judged.name, why, *[""] * 9)
            continue
        for model in models:
            for horizon_ms in HORIZONS_MS:
                yield _row(judged, model, horizon_ms)


def _row(judged: Judged, model: str, horizon_ms: int) -> Cells:
    place = (judged.name, model, f"{horizon_ms // 1000} s")
    scores = judged.scores[model].get(horizon_ms)
    if scores is None:
        why = CONFLATED if judged.spacing_ms is not None else "n/a"
        return (*place, why, *[""] * 7)
    if not scores.n:
        return (*place, "0", f"{scores.unknown:,}", NONE_KNOWN, *[""] * 5)
    reference = judged.scores[BASELINE][horizon_ms]
    return (
        *place,
        f"{scores.n:,}",
        f"{scores.unknown:,}",
        _number(scores.base_rate),
        _number(scores.p_mean),
        _number(scores.brier),
        _signed(scores.skill),
        "" if model == BASELINE else _signed(scores.skill_against(reference)),
        _number(scores.ece),
    )


def time_rows(results: Results, models: Sequence[str]) -> Iterator[Cells]:
    """Under `TIMES_HEAD`: how likely the models made the times to fill, nats per order."""
    for judged in _with_total(results):
        times = judged.times
        if times is None or times.base is None:
            continue
        for model in models:
            mean = times.mean(model)
            assert mean is not None, "every model was asked of every order"
            yield (
                *(judged.name, model, f"{times.n:,}", f"{mean:.3f}"),
                *(f"{times.base:.3f}", f"{mean - times.base:+.3f}"),
            )


def bin_rows(scores: Scores) -> Iterator[Cells]:
    """Under `BINS_HEAD`, the tenths in which there are orders."""
    for tenth, one in enumerate(scores.bins):
        if one.n:
            bounds = f"{tenth / 10:.1f} to {(tenth + 1) / 10:.1f}"
            yield bounds, f"{one.n:,}", _number(one.p_mean), _number(one.rate)


def scores_table(results: Results, models: Sequence[str]) -> Table:
    title = f"Fill probabilities, queue model {results.queue_model}"
    return _table(title, HEAD, rows(results, models))


def times_table(results: Results, models: Sequence[str]) -> Table:
    title = f"Time to fill, queue model {results.queue_model}: log-likelihood per order"
    return _table(title, TIMES_HEAD, time_rows(results, models))


def bin_tables(results: Results, models: Sequence[str]) -> Iterator[Table]:
    """Reliability of all files together, a table for each model and horizon."""
    for model in models:
        for horizon_ms, scores in results.total.scores.get(model, {}).items():
            horizon = f"{horizon_ms // 1000} s"
            title = f"Reliability, {model} at {horizon}, queue model {results.queue_model}"
            table = Table(title=title, title_justify="left", title_style="bold")
            for name in BINS_HEAD:
                table.add_column(name, justify="right", no_wrap=True)
            for row in bin_rows(scores):
                table.add_row(*row)
            yield table


def markdown(
    results: Iterable[Results],
    models: Sequence[str],
    chosen: Mapping[str, Mapping[str, Coefficients]],
) -> Iterator[str]:
    """Lines: for each queue model a heading, the two tables, and where parameters were `chosen` (by
    queue model and file) those that each file was judged with."""
    for one in results:
        yield f"### Queue model `{one.queue_model}`"
        yield ""
        yield from _markdown_table(HEAD, rows(one, models))
        yield ""
        yield from _markdown_table(TIMES_HEAD, time_rows(one, models))
        yield ""
        if one.queue_model in chosen:
            names = [field.name for field in fields(Coefficients)]
            cells = [
                (file, *(f"{getattr(values, name):.2f}" for name in names))
                for file, values in chosen[one.queue_model].items()
            ]
            yield from _markdown_table(("held out", *names), cells)
            yield ""


def judged_json(judged: Judged) -> dict[str, Any]:
    """One file, or all together, for scripts."""
    exponential: Mapping[int, Scores] = judged.scores.get(BASELINE, {})
    times = judged.times
    return {
        "name": judged.name,
        "lines": judged.lines,
        "lines_refused": judged.lines_refused,
        "orders": judged.orders,
        "trades": judged.trades,
        "spacing_ms": judged.spacing_ms,
        "note": note(judged),
        "models": {
            model: {
                "horizons": [
                    scores_json(ms, scores, exponential.get(ms))
                    for ms, scores in by_horizon.items()
                ],
                "ttf_log_likelihood": times.mean(model) if times is not None else None,
            }
            for model, by_horizon in judged.scores.items()
        },
        "ttf": None
        if times is None
        else {
            "grid_ms": list(times.grid_ms),
            "filled": times.filled,
            "unfilled": times.unfilled,
            "survival": times.survival,
            "log_likelihood": times.base,
        },
    }


def _with_total(results: Results) -> list[Judged]:
    return [*results.files, results.total] if len(results.files) > 1 else list(results.files)


def _table(title: str, head: Cells, cells: Iterable[Cells]) -> Table:
    """A table in which a file's name stands above its models."""
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(f"{head[0]}, {head[1]}", overflow="fold")
    for name in head[2:]:
        table.add_column(name, justify="right", no_wrap=True)
    file = model = None
    for row in cells:
        if row[0] != file:
            table.add_section()
            table.add_row(Text(row[0], "bold"))
            file, model = row[0], None
        table.add_row("" if row[1] == model else f"  {row[1]}", *row[2:])
        model = row[1]
    return table


def _markdown_table(head: Cells, cells: Iterable[Cells]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in cells:
        yield f"| {' | '.join(row)} |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.3f}"
