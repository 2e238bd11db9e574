"""How the installer ends when it does not do what was asked."""

from __future__ import annotations


class RefusedError(Exception):
    """Not safe, or not possible: one line, and nothing was changed."""


class FailedError(Exception):
    """Something on the way failed: one line. What was there before is still in use."""
