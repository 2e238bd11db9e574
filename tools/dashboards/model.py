"""What a dashboard is made of, and how Grafana wants it written.

A board is rows of panels; a panel is queries with a unit, a description and, where an alert looks
at the same figure, that alert's limit and its runbook. Positions and ids follow from the order, so
the same boards are always the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

Json: TypeAlias = dict[str, Any]
Kind: TypeAlias = Literal["timeseries", "stat", "heatmap", "state-timeline"]
Unit: TypeAlias = Literal[
    "s", "short", "percentunit", "bytes", "ops", "none", "bool_yes_no", "dateTimeFromNow"
]

COLUMNS: Final = 24
SCHEMA_VERSION: Final = 39  # of Grafana 11; later ones read it
TAG: Final = "hotloop"
GREEN, RED, BLUE = "green", "red", "blue"
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL expression; `legend` may use `{{label}}`."""

    expr: str
    legend: str = "{{desk}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One picture. `alerts` are those that look at the same figure, `limit` the name of theirs in
    rules/limits.yml (without `hotloop:limit:`), or a number where the alert has it written out.

    `is_bad` is the side of the limit that is bad.
    """

    title: str
    description: str
    queries: tuple[Query, ...]
    unit: Unit = "short"
    kind: Kind = "timeseries"
    alerts: tuple[str, ...] = ()
    limit: str | float | None = None
    is_bad: Literal["above", "below"] = "above"
    words: Mapping[str, str] | None = None
    width: int = 8
    height: int = 8
    is_stacked: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard; `name` is its file's, and `hotloop-NAME` its uid."""

    name: str
    title: str
    description: str
    rows: tuple[Row, ...]


def render(board: Board, limits: Mapping[str, float]) -> str:
    """The board as Grafana's JSON, a line feed at its end.

    Raises `KeyError` for a limit that `limits` does not have, `ValueError` for a panel without
    queries or wider than a row.
    """
    panels: list[Json] = []
    y = 0
    for row in board.rows:
        panels.append(_row(row.title, len(panels) + 1, y))
        y += 1
        x, tallest = 0, 0
        for panel in row.panels:
            if panel.width > COLUMNS or not panel.queries:
                raise ValueError(f"{board.name}: {panel.title}: too wide, or nothing asked for")
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
            panels.append(_panel(panel, len(panels) + 1, place, limits))
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest
    document = {
        "uid": f"hotloop-{board.name}",
        "title": f"Hotloop: {board.title}",
        "description": board.description,
        "tags": [TAG],
        "version": 1,
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,  # one crosshair over all panels
        "refresh": "10s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "utc",
        "links": [_other_boards()],
        "annotations": {"list": [_pages()]},
        "templating": {"list": _variables()},
        "panels": panels,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _row(title: str, number: int, y: int) -> Json:
    place = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
    return {
        "id": number,
        "type": "row",
        "title": title,
        "collapsed": False,
        "gridPos": place,
        "panels": [],
    }


def _panel(panel: Panel, number: int, place: Json, limits: Mapping[str, float]) -> Json:
    limit = limits[panel.limit] if isinstance(panel.limit, str) else panel.limit
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "gridPos": place,
        "links": [_runbook(alert) for alert in panel.alerts],
        "options": _options(panel),
        "datasource": _SOURCE,
        "targets": [_target(panel, query, i) for i, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _field(panel, limit), "overrides": []},
    }


def _target(panel: Panel, query: Query, i: int) -> Json:
    return {
        "refId": chr(ord("A") + i),
        "datasource": _SOURCE,
        "expr": query.expr,
        "legendFormat": "{{le}}" if panel.kind == "heatmap" else query.legend,
        "format": "heatmap" if panel.kind == "heatmap" else "time_series",
        "instant": panel.kind == "stat",
        "range": panel.kind != "stat",
    }


def _field(panel: Panel, limit: float | None) -> Json:
    field: Json = {"unit": panel.unit, "mappings": _mappings(panel.words)}
    first, second = (GREEN, RED) if panel.is_bad == "above" else (RED, GREEN)
    steps: list[Json] = [{"color": first if limit is not None else BLUE, "value": None}]
    if limit is not None:
        steps.append({"color": second, "value": limit})
    field["thresholds"] = {"mode": "absolute", "steps": steps}
    if panel.kind in ("stat", "state-timeline"):
        field["color"] = {"mode": "thresholds"}
    if panel.kind == "timeseries":
        field["color"] = {"mode": "palette-classic"}
        field["custom"] = {
            "fillOpacity": 30 if panel.is_stacked else 0,
            "lineWidth": 1,
            "showPoints": "never",
            "spanNulls": False,  # a gap is a gap
            "stacking": {"mode": "normal" if panel.is_stacked else "none"},
            "thresholdsStyle": {"mode": "off" if limit is None else "line"},
        }
    return field


def _mappings(words: Mapping[str, str] | None) -> list[Json]:
    if words is None:
        return []
    options = {value: {"text": word, "index": i} for i, (value, word) in enumerate(words.items())}
    return [{"type": "value", "options": options}]


def _options(panel: Panel) -> Json:
    if panel.kind == "timeseries":
        legend = {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]}
        return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
    if panel.kind == "stat":
        reduce = {"calcs": ["lastNotNull"], "fields": "", "values": False}
        return {"reduceOptions": reduce, "colorMode": "background", "graphMode": "none"}
    if panel.kind == "heatmap":
        return {
            "calculate": False,  # the buckets are the histogram's own
            "yAxis": {"unit": panel.unit},
            "color": {"mode": "scheme", "scheme": "Oranges", "scale": "exponential"},
            "cellGap": 1,
            "tooltip": {"mode": "single", "yHistogram": True},
        }
    return {"mergeValues": True, "showValue": "auto", "legend": {"displayMode": "list"}}


def _runbook(alert: str) -> Json:
    return {
        "title": f"Runbook: {alert}",
        "url": f"${{runbooks}}/alerts/{alert}.md",
        "targetBlank": True,
    }


def _other_boards() -> Json:
    return {
        "type": "dashboards",
        "title": "Hotloop",
        "tags": [TAG],
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
    }


def _pages() -> Json:
    """Every page that fired, as a line across all panels."""
    return {
        "name": "Pages",
        "enable": True,
        "datasource": _SOURCE,
        "expr": 'ALERTS{alertstate="firing", severity="page", desk=~"$desk"}',
        "titleFormat": "{{alertname}}",
        "iconColor": RED,
        "step": "15s",
    }


def _variables() -> Sequence[Json]:
    return (
        {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
        _labels("desk", "Desk", "label_values(up, desk)"),
        _labels("instance", "Process", 'label_values(up{desk=~"$desk"}, instance)'),
        {
            "name": "runbooks",
            "label": "Runbooks",
            "type": "textbox",
            "description": "Where docs/runbooks is served; the links of panels begin with it.",
            "query": "docs/runbooks",
            "current": {"text": "docs/runbooks", "value": "docs/runbooks"},
        },
    )


def _labels(name: str, label: str, query: str) -> Json:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": name},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "current": {"text": "All", "value": "$__all"},
    }
