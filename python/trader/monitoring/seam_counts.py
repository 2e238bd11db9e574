"""What the seam counts itself, and the names these counts have on the page."""

from __future__ import annotations

from typing import Final

SEAM_COUNTS: Final = {
    "runner_changes": ("hotloop_runner_changes", "Runner changes applied."),
    "market_changes": ("hotloop_market_changes", "Market changes applied."),
    "images": ("hotloop_images", "Images of markets applied."),
    "heartbeats": ("hotloop_stream_heartbeats", "Heartbeats of the stream."),
    "ignored": ("hotloop_lines_ignored", "Lines with nothing to apply."),
    "definitions_ignored": (
        "hotloop_definitions_ignored",
        "Market definitions older than the one held.",
    ),
    "emit_errors": ("hotloop_emit_errors", "Diagnostics of the seam that could not be taken."),
}
"""Of the seam's `stats()`: the name each count has on the page, and its meaning. Those left out are
counted by the engine (`messages`, `errors`)."""
