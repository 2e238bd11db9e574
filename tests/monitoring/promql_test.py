"""The reader of PromQL's words, on its own."""

from __future__ import annotations

import pytest

from tests.monitoring.promql import metric_names


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        ("up", {"up"}),
        ('up{job="not_a_metric", desk=~"a|b"} == 0', {"up"}),
        ("sum by (desk, le) (rate(a_bucket[5m]))", {"a_bucket"}),
        ("sum(rate(a_total[$__rate_interval])) by (desk)", {"a_total"}),
        ("a / on (desk) group_left (job) b", {"a", "b"}),
        ("a > bool 3 and b offset 5m unless c", {"a", "b", "c"}),
        ("scalar(hotloop:limit:x) * 1.5e3 + 0x1F", {"hotloop:limit:x"}),
        ("histogram_quantile(0.99, a:b_seconds:p99)", {"a:b_seconds:p99"}),
        ('label_replace(a, "x", "$1", "y", "{b}(.*)") # c', {"a"}),
        ("max_over_time(a[1h30m]) - min(b{c='}'})", {"a", "b"}),
        ("time() - vector(1)", set()),
    ],
)
def test_it_finds_the_metrics_and_nothing_else(expr: str, names: set[str]) -> None:
    assert metric_names(expr) == names


@pytest.mark.parametrize("expr", ["a{b='c'", "rate(a[5m", "sum by (desk"])
def test_a_bracket_that_is_not_closed_is_refused(expr: str) -> None:
    with pytest.raises(ValueError, match="is not closed"):
        metric_names(expr)
