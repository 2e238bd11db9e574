"""The page: one HTML file with everything in it, which asks for nothing over any network.

The same data give the same bytes. Plotly's script is put in once; a content security policy sees to
it that the browser loads nothing else, whatever the page or Plotly might try.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from trader.report import estimate_charts, ladder_chart, markets, money_charts, order_charts
from trader.report.charts import Chart, Table
from trader.report.data import ReportData, read
from trader.report.folder import ReportError, opened_folder
from trader.report.ladder import RunnerView, views
from trader.report.money import curve, curves_by_market
from trader.report.words import Head, counted, head, money, stamp, tone

POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)
_TABLE_COLUMNS: Final = (
    *("market", "net", "gross", "commission", "fills", "intents", "max drawdown", "ended"),
)


def report(folder: Path, shown: str, runner: str | None = None) -> bytes:
    """The page, UTF-8, of a run's folder (a live one's also while it runs); `runner`,
    MARKET/SELECTION, is whose ladder is looked at first. Raises `ReportError`."""
    with opened_folder(folder, shown) as opened:
        data = read(opened)
        return page(data, views(opened, data, runner))


def page(data: ReportData, runners: Sequence[RunnerView]) -> bytes:
    """The page as HTML, UTF-8."""
    points, drawdown = curve(data)
    curves = curves_by_market(data)
    many = len(data.markets) > 1
    rows = markets.rows(data, curves) if many else []
    singles = {
        "profit": money_charts.profit(data, points, drawdown),
        "ladder": ladder_chart.ladder(data, runners),
        "edges": money_charts.edges(data),
        "runners": money_charts.runners(data),
        "intents": order_charts.intents(data),
        "moves": order_charts.moves(data),
        "fees": money_charts.fees(data),
        "promises": estimate_charts.promises(data),
        "waiting": estimate_charts.waiting(data),
        "cannibalisation": order_charts.cannibalisation(data),
        "speed": estimate_charts.speed(data),
    }
    if many:
        singles["spread"] = markets.spread(data)
    details = markets.details(data, curves, rows) if many else {}
    body = [
        *_head(data, head(data, drawdown)),
        _section("Profit and loss", singles["profit"]),
        *(_many(data, singles["spread"], rows, details) if many else ()),
        _section("Ladder", singles["ladder"]),
        _pair(_section("Edges", singles["edges"]), _section("Fees", singles["fees"])),
        _section("Runners", singles["runners"]),
        _section("Intents", singles["intents"]),
        _section("Moves", singles["moves"]),
        _pair(
            _section("Fill estimates", singles["promises"]),
            _section("Time to fill", singles["waiting"]),
        ),
        _section("Edges against each other", singles["cannibalisation"]),
        _section("Latency", singles["speed"]),
        _about(data),
    ]
    drawn = {
        key: {"figure": chart.figure, "choices": chart.choices}
        for key, chart in singles.items()
        if chart.figure is not None
    }
    return b"".join(
        part if isinstance(part, bytes) else part.encode("utf-8", "backslashreplace")
        for part in _document(data, body, drawn, details)
    )


def _document(
    data: ReportData, body: Iterable[str], drawn: dict[str, Any], details: dict[str, Any]
) -> Iterator[str | bytes]:
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
    yield f"<title>{escape(_name(data))}</title>\n"
    yield f"<style>\n{_text('page.css')}</style>\n</head>\n<body>\n<main>\n"
    yield from body
    yield "</main>\n<noscript><p>The charts need JavaScript; the numbers are under each.</p>"
    yield "</noscript>\n"
    for name, value in (("charts", drawn), ("details", details)):
        yield f'<script type="application/json" id="{name}">{_json(value)}</script>\n'
    yield from ("<script>", _plotly(), "</script>\n")
    yield f"<script>\n{_text('page.js')}</script>\n"
    yield "</body>\n</html>\n"


def _text(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _json(value: object) -> str:
    """JSON that cannot end the script it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _plotly() -> bytes:
    """Plotly's script; its Python package, which takes long to import, is only asked for it.

    Raises `ReportError`.
    """
    found = importlib.util.find_spec("plotly")
    if found is None or found.origin is None:
        raise ReportError("the package plotly is not installed, which the charts are drawn with")
    return (Path(found.origin).parent / "package_data" / "plotly.min.js").read_bytes()


def _name(data: ReportData) -> str:
    command = data.in_summary("run", "command") or ("live" if data.is_live else "run")
    return f"Hotloop {command}: {data.shown}"


def _head(data: ReportData, said: Head) -> Iterator[str]:
    inputs = [run.source.rpartition("/")[2] for run in data.runs]
    what = ", ".join(inputs[:3]) + (f" and {len(inputs) - 3:,} more" if len(inputs) > 3 else "")
    when = ""
    if data.first_ms is not None and data.last_ms is not None:
        when = f" · {stamp(data.first_ms)} to {stamp(data.last_ms)}"
    arrow = {"gain": "▲ ", "loss": "▼ ", "": ""}[said.tone]
    yield f'<header class="band">\n<h1>{escape(_name(data))}</h1>\n'
    yield f'<p class="what">{escape(what)}{escape(when)}</p>\n<div class="result">\n'
    yield f'<p class="net {said.tone}" id="net" style="margin:0">{said.net}'
    yield f"<small>{arrow}{said.verdict} after commission</small></p>\n"
    yield f'<p class="why" id="why">{escape(said.why)}</p>\n</div>\n<dl class="tiles">\n'
    for tile in said.tiles:
        yield f'<div><dt>{escape(tile.label)}</dt><dd class="value {tile.tone}">{tile.value}</dd>'
        yield f'<dd class="more">{escape(tile.more)}</dd></div>\n'
    yield "</dl>\n"
    if said.alerts:
        words = {"bad": "Partial or wrong: ", "warn": "Look at this: ", "note": "Note: "}
        yield '<ul class="alerts">\n'
        for alert in said.alerts:
            text = escape(words[alert.level] + alert.text)
            yield f'<li class="{alert.level}">{text}</li>\n'
        yield "</ul>\n"
    yield "</header>\n"


def _section(topic: str, chart: Chart) -> str:
    key = chart.key
    parts = [
        f'<section aria-labelledby="{key}-title">\n<p class="topic">{escape(topic)}</p>\n',
        f'<h2 id="{key}-title">{escape(chart.title)}</h2>\n<p class="says" id="{key}-says">',
        f"{escape(chart.says)}</p>\n",
    ]
    if chart.figure is None:
        parts.append(f'<p class="empty" id="{key}-empty">{escape(chart.empty)}</p>\n')
    else:
        if len(chart.choices) > 1:
            options = "".join(f"<option>{escape(name)}</option>" for name in chart.choices)
            parts.append(
                f'<p class="choose"><label for="{key}-choice">Runner</label>'
                f'<select id="{key}-choice" data-choice="{key}">{options}</select></p>\n'
            )
        parts.append(
            f'<figure role="img" aria-labelledby="{key}-title" aria-describedby="{key}-says">'
            f'<div class="chart" id="{key}" data-key="{key}" data-height="{chart.height}" '
            f'style="height:{chart.height}px"></div></figure>\n'
        )
    if chart.table is not None and chart.table.rows:
        parts.append(
            f'<details><summary>Numbers</summary><div class="scroll">{_table(chart.table)}</div>'
            "</details>\n"
        )
    return "".join([*parts, "</section>\n"])


def _table(table: Table) -> str:
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n"
        for row in table.rows
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>\n{lines}</tbody></table>"


def _pair(*sections: str) -> str:
    return f'<div class="pair">\n{"".join(sections)}</div>\n'


def _many(
    data: ReportData, spread: Chart, rows: Sequence[markets.Row], details: Collection[str]
) -> Iterator[str]:
    """The sections on many markets."""
    left_out = len(data.markets) - len(rows)
    says = "Sort by a click on a column's head; a click on a market shows it below."
    if left_out:
        says += f" {counted(left_out, 'market')} with the smallest results are left out."
    if len(details) < len(rows):
        says += f" {counted(len(rows) - len(details), 'market')} with small ones stand here alone."
    lines = "".join(_market_row(row, has_details=row.name in details) for row in rows)
    heads = "".join(
        f'<th scope="col"{" aria-sort=descending" if name == "net" else ""}>'
        f'<button type="button">{name}</button></th>'
        for name in _TABLE_COLUMNS
    )
    yield (
        '<section aria-labelledby="markets-title">\n<p class="topic">Markets</p>\n'
        f'<h2 id="markets-title">{counted(len(data.markets), "market")}, best first</h2>\n'
        f'<p class="says">{says}</p>\n<div class="scroll"><table id="markets"><thead><tr>{heads}'
        f"</tr></thead><tbody>\n{lines}</tbody></table></div>\n"
        "</section>\n"
    )
    options = "".join(f"<option>{escape(name)}</option>" for name in details)
    heads = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("runner", "ended", "gross", "fills", "backed", "laid")
    )
    yield (
        '<section aria-labelledby="market-title">\n<p class="topic">One market</p>\n'
        '<h2 id="market-title">A market on its own</h2>\n<p class="choose">'
        f'<label for="market-choice">Market</label><select id="market-choice">{options}</select>'
        '</p>\n<dl class="facts" id="market-facts"></dl>\n'
        '<div class="chart" id="market-curve" data-height="260"></div>\n'
        f'<div class="scroll"><table id="market-runners"><thead><tr>{heads}</tr></thead><tbody>'
        "</tbody></table></div>\n</section>\n"
    )
    yield _section("Spread of results", spread)


def _market_row(row: markets.Row, *, has_details: bool) -> str:
    cells = [
        (row.net_e4, money(row.net_e4, signed=True), tone(row.net_e4)),
        (row.gross_e4, money(row.gross_e4, signed=True), ""),
        (row.commission_e4, money(row.commission_e4), ""),
        (row.fills, f"{row.fills:,}", ""),
        (row.intents, f"{row.intents:,}", ""),
        (-row.drawdown_e4, money(-row.drawdown_e4), ""),
    ]
    name = escape(row.name)
    shown = f'<button type="button">{name}</button>' if has_details else name
    return (
        f'<tr data-market="{name}"><td>{shown}</td>'
        + "".join(f'<td data-value="{v}" class="{c}">{text}</td>' for v, text, c in cells)
        + f"<td>{escape(row.kind)}</td></tr>\n"
    )


def _about(data: ReportData) -> str:
    hotloop, execution = data.backends
    samples = data.config["report"]
    facts = [
        ("made by", f"hotloop trader {data.version}"),
        ("profile", data.profile or "base"),
        ("hotloop", hotloop),
        ("execution", execution),
        ("orders", "dry run" if data.config["execution"]["dry_run"] else "at a venue"),
        ("lines", _number(data, "lines")),
        ("lines a second", _number(data, "lines_per_s")),
        ("inputs", f"{len(data.runs):,}"),
    ]
    pairs = "".join(
        f"<div><dt>{escape(word)}</dt><dd>{escape(value)}</dd></div>" for word, value in facts
    )
    covered = ""
    if data.is_live:
        covered = (
            "It covers all starts that were at work on the last day (UTC), each of them whole. "
        )
    sampled = "off: the curve has each market's result alone, and there is no ladder."
    if samples["enabled"]:
        sampled = (
            f"at most every {samples['every_lines']:,} lines, the worth of a market at most every "
            f"{samples['curve_every_ms']:,} ms and ladders every {samples['ladder_every_ms']:,} ms "
            f"of market time, the best {samples['ladder_levels']} prices a side."
        )
    return (
        '<section class="about" aria-labelledby="about-title">\n'
        '<p class="topic">About</p>\n<h2 id="about-title">How it was made</h2>\n'
        f'<dl class="facts">{pairs}</dl>\n<p class="says">{covered}Samples: {sampled} '
        "Amounts are in the account&rsquo;s currency, odds decimal, times those of the "
        "market&rsquo;s stream in UTC. "
        "Everything is in <code>summary.json</code> and <code>blotter.sqlite</code> beside this "
        "page; <code>trader report</code> makes it anew.</p>\n</section>\n"
    )


def _number(data: ReportData, key: str) -> str:
    value = data.in_summary(key)
    return f"{value:,.0f}" if value is not None else "not known yet"
