"""The list for people and for scripts."""

from __future__ import annotations

import json

from trader.doctor.findings import fail, ok, skipped, warn
from trader.doctor.shown import as_json, has_colours, is_well, last_line, line_of

FINE = ok("a", "well")
ODD = warn("b", "odd", "look at it")
BROKEN = fail("c", "broken", "mend it")
OUT = skipped("d", "not asked for")


def test_a_line_has_mark_name_and_what_was_found_and_below_it_what_to_do() -> None:
    assert line_of(FINE, colours=False).split() == ["ok", "a", "well"]
    first, second = line_of(BROKEN, colours=False).splitlines()
    assert first.startswith("FAIL     c ")
    assert second.strip() == "→ mend it"


def test_colours_are_for_terminals_without_no_color() -> None:
    assert "\x1b[" in line_of(BROKEN, colours=True)
    assert "\x1b" not in line_of(BROKEN, colours=False)
    assert has_colours({"TERM": "xterm"}, is_terminal=True)
    assert not has_colours({"TERM": "xterm"}, is_terminal=False)
    assert not has_colours({"NO_COLOR": "1"}, is_terminal=True)
    assert not has_colours({"TERM": "dumb"}, is_terminal=True)


def test_a_failure_is_never_ready_and_a_warning_only_when_not_strict() -> None:
    assert is_well([FINE, ODD, OUT], strict=False)
    assert not is_well([FINE, ODD, OUT], strict=True)
    assert is_well([FINE, OUT], strict=True)
    assert not is_well([FINE, BROKEN], strict=False)
    assert last_line([FINE, ODD, OUT], strict=False) == "1 ok, 1 warn, 1 skipped: ready"
    assert last_line([BROKEN], strict=False) == "1 FAIL: NOT ready"


def test_scripts_get_every_finding() -> None:
    told = json.loads(json.dumps(as_json([FINE, BROKEN], profile="p", strict=False)))
    assert told["ready"] is False
    assert told["counts"] == {"ok": 1, "warn": 0, "FAIL": 1, "skipped": 0}
    assert told["checks"][1] == {
        "mark": "FAIL",
        "name": "c",
        "found": "broken",
        "advice": "mend it",
    }
