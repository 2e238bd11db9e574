"""The measuring programs run, and tell what they should; how quick it is, no test judges."""

from __future__ import annotations

import json

import pytest

from tests.wire_bench.measure import main


def test_both_tables_have_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rounds", "50", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(trip["client"], trip["transport"]) for trip in told["round_trips"]] == [
        ("rust", "tcp"),
        ("rust", "uds"),
        ("python", "tcp"),
        ("python", "uds"),
    ]
    for trip in told["round_trips"]:
        for times in (trip["executor_us"], trip["echo_us"]):
            assert 0 < times["p50"] <= times["p90"] <= times["p99"] <= times["p99.9"]
    assert len(told["costs"]) == 19
    assert all(cost["rust_decode_ns"] and cost["python_decode_ns"] for cost in told["costs"])


def test_a_count_that_is_none_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--rounds", "0"])
    assert caught.value.code == 2
    assert "--rounds: at least 1" in capsys.readouterr().err
