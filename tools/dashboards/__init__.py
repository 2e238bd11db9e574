"""Grafana's dashboards, written from Python (docs/decisions/0019-dashboards.md)."""
