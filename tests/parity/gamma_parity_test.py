"""The gamma function of the reference at the points that the Rust core's own test reads, too."""

import json
from pathlib import Path

from trader.betfair.signals.gamma import lower_gamma

POINTS = Path(__file__).with_name("gamma_vectors.json")
"""[a, x, P(a, x)], worked out with 60 digits."""


def test_the_reference_agrees_with_the_shared_points() -> None:
    points = json.loads(POINTS.read_text())
    assert len(points) > 100
    for a, x, wanted in points:
        assert abs(lower_gamma(a, x) - wanted) < 1e-12, (a, x)
