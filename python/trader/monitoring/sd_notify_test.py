"""What a service manager is told, read from a real datagram socket."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic_ns
from uuid import uuid4

import pytest

from trader.monitoring.manager_for_tests import Manager
from trader.monitoring.sd_notify import STATUS_CHARS_MAX, Notifier, NotifyError


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest) -> Iterator[Manager]:
    with TemporaryDirectory(prefix="hotloop-") as folder:  # short: a socket's path is limited
        abstract = f"@hotloop-{uuid4().hex}"
        one = Manager(abstract if request.param == "abstract" else f"{folder}/notify")
        yield one
        one.close()


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_each_state_is_one_datagram_of_lines(manager: Manager) -> None:
    notifier = Notifier(manager.name)
    before = notifier.is_ready
    notifier.ready("trading")
    assert (before, notifier.is_ready) == (False, True)
    notifier.status("two orders\nare open")
    notifier.stopping("cancelling")
    assert manager.heard() == [
        "READY=1\nSTATUS=trading\n",
        "STATUS=two orders are open\n",
        "STOPPING=1\nSTATUS=cancelling\n",
    ]
    notifier.close()


def test_the_same_status_is_not_sent_again_and_a_long_one_is_cut(manager: Manager) -> None:
    notifier = Notifier(manager.name)
    notifier.status("x" * 10_000)
    notifier.status("x" * 10_000)
    assert manager.heard() == [f"STATUS={'x' * STATUS_CHARS_MAX}\n"]
    notifier.close()


def test_a_status_that_is_no_unicode_is_told_as_far_as_it_is(manager: Manager) -> None:
    notifier = Notifier(manager.name)
    notifier.status("away: \udcff")
    assert manager.heard() == ["STATUS=away: ?\n"]
    notifier.close()


def test_a_reload_says_when_it_began_by_the_monotonic_clock(manager: Manager) -> None:
    notifier = Notifier(manager.name)
    before = monotonic_ns() // 1_000
    notifier.reloading()
    notifier.ready("")
    reloading, ready = manager.heard()
    began = int(reloading.removeprefix("RELOADING=1\nMONOTONIC_USEC=").removesuffix("\n"))
    assert before <= began <= monotonic_ns() // 1_000
    assert ready == "READY=1\n"
    notifier.close()


def test_signs_of_life_leave_at_most_three_times_in_the_watchdogs_time(manager: Manager) -> None:
    clock = Clock()
    notifier = Notifier(manager.name, 30.0, clock)
    notifier.ready("")
    manager.heard()
    for _ in range(300):
        notifier.beat()
        clock.now_s += 0.1
    assert manager.heard() == ["WATCHDOG=1\n"] * 3
    notifier.close()


def test_before_it_is_ready_a_sign_of_life_asks_for_more_time_to_start(manager: Manager) -> None:
    clock = Clock()
    notifier = Notifier(manager.name, 30.0, clock)
    notifier.beat()
    notifier.ready("")
    clock.now_s = 10.0
    notifier.beat()
    assert manager.heard() == ["EXTEND_TIMEOUT_USEC=30000000\n", "READY=1\n", "WATCHDOG=1\n"]
    notifier.close()


def test_without_a_watchdog_no_sign_of_life_is_sent(manager: Manager) -> None:
    notifier = Notifier(manager.name)
    notifier.beat()
    assert manager.heard() == []
    notifier.close()


def test_a_full_socket_makes_nobody_wait_and_what_it_missed_comes_with_the_next(
    manager: Manager,
) -> None:
    notifier = Notifier(manager.name)
    for number in range(5_000):
        notifier.status(f"before {number}")
    notifier.ready("at last")
    full = manager.heard()
    assert 0 < len(full) < 5_000
    assert not any("READY" in said for said in full)
    notifier.status("on")
    assert manager.heard() == ["STATUS=on\nREADY=1\n"]
    notifier.close()


def test_a_manager_that_is_away_is_logged_once_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notifier = Notifier(str(tmp_path / "nobody"))
    with caplog.at_level("WARNING", logger="trader"):
        notifier.status("a")
        notifier.status("b")
    assert len(caplog.records) == 1
    assert "the service manager cannot be told" in caplog.records[0].getMessage()
    notifier.close()


def test_the_variables_are_taken_away_so_that_no_child_speaks_for_us(manager: Manager) -> None:
    variables = {
        "NOTIFY_SOCKET": manager.name,
        "WATCHDOG_USEC": "3000000",
        "WATCHDOG_PID": str(os.getpid()),
        "HOME": "/",
    }
    notifier = Notifier.from_environment(variables)
    assert variables == {"HOME": "/"}
    notifier.ready("")
    notifier.beat()
    assert manager.heard() == ["READY=1\n", "WATCHDOG=1\n"]
    notifier.close()


def test_a_watchdog_for_another_process_is_none_of_ours(manager: Manager) -> None:
    notifier = Notifier.from_environment(
        {"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}
    )
    notifier.beat()
    assert manager.heard() == []
    notifier.close()


def test_without_a_manager_nothing_is_sent_anywhere() -> None:
    notifier = Notifier.from_environment({})
    notifier.ready("")
    notifier.beat()
    notifier.close()


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"NOTIFY_SOCKET": "vsock:2:1"}, "absolute path, or @"),
        ({"NOTIFY_SOCKET": "@"}, "absolute path, or @"),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "soon"}, "microseconds above 0"),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "0"}, "microseconds above 0"),
    ],
)
def test_variables_that_make_no_sense_are_refused(variables: dict[str, str], words: str) -> None:
    with pytest.raises(NotifyError, match=words):
        Notifier.from_environment(variables)
