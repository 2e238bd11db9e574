"""The list is gone through in order, within limits, and nothing is asked that cannot be."""

from __future__ import annotations

import threading

import pytest

from trader.doctor.examination import Check, examine, limited
from trader.doctor.findings import Finding, Mark, fail, ok, skipped, warn
from trader.doctor.subject import Subject
from trader.doctor.testing import only, subject_of


def check(name: str, *marks: Finding, needs: tuple[str, ...] = (), network: bool = False) -> Check:
    return Check(name, lambda _subject: list(marks), needs=needs, network=network)


def examined(*checks: Check, offline: bool = False) -> tuple[list[Finding], list[str]]:
    """The findings, and what was waited for."""
    told: list[Finding] = []
    waited: list[str] = []
    found = examine(checks, subject_of(), offline=offline, tell=told.append, waiting=waited.append)
    assert told == found, "each is told as it comes"
    return found, waited


def marks(found: list[Finding]) -> list[tuple[str, Mark]]:
    return [(one.name, one.mark) for one in found]


def test_what_needs_a_failed_check_is_skipped_and_what_needs_that_too() -> None:
    found, _ = examined(
        check("a", fail("a", "broken", "mend it")),
        check("b", ok("b", ""), needs=("a",)),
        check("c", ok("c", ""), needs=("b",)),
        check("d", ok("d", "")),
    )
    assert marks(found) == [
        ("a", Mark.FAIL),
        ("b", Mark.SKIPPED),
        ("c", Mark.SKIPPED),
        ("d", Mark.OK),
    ]
    assert found[1].found == "needs a, which failed"
    assert found[2].found == "needs b, which was skipped"


@pytest.mark.parametrize("before", [warn("a", "", ""), skipped("a", "not asked for")])
def test_a_warning_and_a_check_that_skips_itself_hold_nothing_up(before: Finding) -> None:
    found, _ = examined(check("a", before), check("b", ok("b", ""), needs=("a",)))
    assert marks(found)[1] == ("b", Mark.OK)


def test_the_network_is_waited_for_aloud_and_left_out_offline() -> None:
    checks = (check("a", ok("a", ""), network=True), check("b", ok("b", "")))
    found, waited = examined(*checks)
    assert waited == ["a"]
    assert marks(found) == [("a", Mark.OK), ("b", Mark.OK)]
    found, waited = examined(*checks, offline=True)
    assert waited == []
    assert marks(found) == [("a", Mark.SKIPPED), ("b", Mark.OK)]


def test_a_check_that_does_not_come_back_fails_and_the_list_goes_on() -> None:
    release = threading.Event()

    def hangs(_subject: Subject) -> list[Finding]:
        release.wait()
        return [ok("a", "at last")]

    try:
        found, _ = examined(Check("a", hangs, limit_s=0.01), check("b", ok("b", "")))
    finally:
        release.set()
    assert marks(found) == [("a", Mark.FAIL), ("b", Mark.OK)]
    assert found[0].found == "no answer within 0.01 s"


def test_a_check_that_raises_is_a_failure_of_the_trader() -> None:
    def breaks(_subject: Subject) -> list[Finding]:
        raise KeyError("what")

    found = only(limited(Check("a", breaks), subject_of()))
    assert found.mark is Mark.FAIL
    assert "KeyError" in found.found


def test_ctrl_c_ends_the_wait_for_a_check() -> None:
    release, under_way = threading.Event(), threading.Event()

    def hangs(_subject: Subject) -> list[Finding]:
        under_way.set()
        release.wait()
        return []

    try:
        with pytest.raises(KeyboardInterrupt):
            limited(Check("a", hangs, limit_s=600.0), subject_of(), under_way.is_set)
    finally:
        release.set()


def test_ctrl_c_ends_it_before_the_next_check() -> None:
    with pytest.raises(KeyboardInterrupt):
        examine(
            [check("a", ok("a", ""))],
            subject_of(),
            offline=True,
            tell=lambda _: None,
            waiting=lambda _: None,
            stop=lambda: True,
        )
