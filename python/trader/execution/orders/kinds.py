"""Kinds of requests, and of reasons to end an order."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a request asks for."""

    CANCEL = "Cancel"
    REPLACE = "Replace"
    PLACE = "Place"
    LOOK_UP = "LookUp"


URGENCY: Final = {kind: place for place, kind in enumerate(Kind)}
"""The more urgent first."""


class Why(StrEnum):
    """Why the executor ends an order that no intent asked it to end."""

    DEADLINE = "Deadline"
    CANCEL_ALL = "CancelAll"
    KILL = "Kill"
