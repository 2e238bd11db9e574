"""When an executor may be given new orders: quick to say no, slow to say yes again."""

from __future__ import annotations

from typing import Final


class Health:
    """Hysteresis over what is seen of a link. One that comes and goes stays unhealthy.

    The first good look makes it healthy; after a bad one it must have been well for `recover_s`
    seconds without a break. Times are those of one monotonic clock, in seconds.
    """

    def __init__(self, recover_s: float) -> None:
        if recover_s < 0.0:
            raise ValueError(f"recover_s {recover_s} is below 0")
        self._recover_s: Final = recover_s
        self._why = ""
        self._well_since_s: float | None = None
        self.falls = 0

    def judge(self, reason: str, now_s: float) -> str:
        """Why no new orders may be sent, empty when they may. `reason`: what is wrong right now."""
        if reason:
            if not self._why:
                self.falls += 1
            self._why = reason
            self._well_since_s = None
            return reason
        if not self._why:
            return ""
        if self._well_since_s is None:
            self._well_since_s = now_s
        well_s = now_s - self._well_since_s
        if well_s >= self._recover_s:
            self._why = ""
            return ""
        return f"well again for {well_s:.1f} of {self._recover_s:g} s after: {self._why}"
