"""`trader config get`."""

import pytest

from trader.apps.trader import main


def test_a_value_is_printed_as_json_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    keys = ["hotloop.rust", "execution.backend", "selector.market_ids", "sizer.bankroll"]
    assert main(["config", "get", *keys]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "hotloop.rust=false",
        'execution.backend="python"',
        "selector.market_ids=[]",
        "sizer.bankroll=5000.0",
    ]


def test_a_value_that_is_as_expected_ends_with_0() -> None:
    expected = ["hotloop.rust=false", "execution.backend=python", "selector.market_ids=[]"]
    assert main(["config", "get", *expected]) == 0


def test_another_value_ends_with_1_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    over = ["--set", 'selector.market_ids=["1.2"]']
    asked = ["hotloop.rust=true", 'selector.market_ids=["1.2"]', *over]
    assert main(["config", "get", *asked]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first == "hotloop.rust=false  not as expected: true"
    assert second == 'selector.market_ids=["1.2"]'


@pytest.mark.parametrize("asked", ["hotloop.rusty", "hotloop.rust.more", "hotloop.rust={"])
def test_what_is_no_key_or_value_is_a_bad_argument(
    asked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "get", asked]) == 2
    assert "config get: " in capsys.readouterr().err


def test_a_value_is_read_as_the_configuration_reads_it() -> None:
    assert main(["config", "get", "sizer.bankroll=5e3", "monitoring.log.level=warn"]) == 0
    off = "betfair.strategy_ref=off"
    assert main(["config", "get", off, "--set", off]) == 0, "a word, as --set has it"


def test_a_flag_is_not_a_number() -> None:
    assert main(["config", "get", "hotloop.rust=0"]) == 1
    assert main(["config", "get", "hotloop.rust={a: 1}"]) == 2
