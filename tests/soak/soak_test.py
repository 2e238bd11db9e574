"""Memory does not grow with the messages; and where it did, that would be seen."""

from typing import Final

import pytest

from tests.soak.judgement import GROWTH_BYTES_MAX, growth
from tests.soak.soak import SAMPLE_EVERY, Soak, messages_wanted
from tests.soak.stream import MARKETS_MAX

MESSAGES: Final = 1_000_000
MIB: Final = 1 << 20


def test_a_million_messages_leave_no_memory_behind(capsys: pytest.CaptureFixture[str]) -> None:
    report = Soak().run(messages_wanted(MESSAGES))
    with capsys.disabled():
        print(f"\n{report}")
    assert not report.growth().is_leak, report
    assert report.markets_most <= MARKETS_MAX
    assert report.markets_at_end == 1, "closed markets are still held"
    assert report.refused > report.messages // 2_000, "nothing was spoilt"
    assert report.markets_begun > report.messages // 400, "markets do not come and go"


def test_a_leak_of_a_few_bytes_a_message_is_seen() -> None:
    kept: list[bytes] = []
    report = Soak(each=lambda line: kept.append(line[:24] + b"!")).run(20 * SAMPLE_EVERY)
    assert kept
    assert report.growth().is_leak, report


def test_steady_memory_is_no_leak() -> None:
    warm = [MIB * i for i in range(20)]
    steady = [20 * MIB + (i * 7919) % (MIB // 2) for i in range(80)]
    assert not growth(warm + steady).is_leak
    assert not growth([*warm, *steady[:-1], 90 * MIB]).is_leak, "one late peak"


@pytest.mark.parametrize("step", [GROWTH_BYTES_MAX // 50, MIB])
def test_a_rising_line_is_a_leak(step: int) -> None:
    assert growth([20 * MIB + step * i + (i * 7919) % 4096 for i in range(100)]).is_leak


def test_too_few_samples_are_not_judged() -> None:
    with pytest.raises(ValueError, match="20 are needed"):
        growth([1] * 19)
