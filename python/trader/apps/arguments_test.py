"""The command line: what may be left out, what is refused, and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from trader.apps.arguments import ArgumentError, parse, user_path


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], {"command": "demo", "profile": "demo", "hotloop": None, "speed": None}),
        (
            ["--hotloop", "python", "--execution", "python"],
            {"command": "demo", "hotloop": "python", "execution": "python"},
        ),
        (["--profile", "dry"], {"command": "demo", "profile": "dry"}),
        (["--out", "replay"], {"command": "demo", "out": "replay"}),
        (["demo", "--speed", "max", "--seed", "3"], {"speed": 0.0, "seed": 3}),
        (["replay", "a", "b", "--out", "o"], {"files": ["a", "b"], "profile": "dry", "feed": None}),
        (
            ["replay", "a", "--out", "o", "--set", "a.b=1", "--set", "c=2"],
            {"overrides": ["a.b=1", "c=2"]},
        ),
        (
            ["parity", "a", "b", "--feed", "raw"],
            {"files": ["a", "b"], "feeds": "raw", "queue_models": "all", "profile": "dry"},
        ),
        (["parity", "a", "--queue-model", "prob_log"], {"queue_models": "prob_log"}),
        (
            ["replay", "a", "--out", "o", "--edge", "x.py", "--edge", "y.py"],
            {"edge_files": ["x.py", "y.py"], "without_shipped_edges": False},
        ),
        (["--edge", "x.py"], {"command": "demo", "edge_files": ["x.py"]}),
        (["live", "--without-shipped-edges"], {"edge_files": [], "without_shipped_edges": True}),
        (["config", "check", "--edge", "x.py"], {"edge_files": ["x.py"]}),
        (
            ["generate", "--out", "f", "--markets", "3", "--seed", "5"],
            {"out": "f", "markets": 3, "seed": 5, "incidents": False, "profile": None},
        ),
        (
            ["sim-exchange", "--speed", "5", "--recording", "a", "--recording", "b"],
            {"clock": "scaled", "speed": 5.0, "recordings": ["a", "b"], "markets": None},
        ),
        (["report", "a"], {"folder": "a", "runner": None, "out": None}),
        (["report", "a", "--runner", "1.2/3"], {"runner": "1.2/3"}),
        (["compare", "a", "b"], {"dir_a": "a", "dir_b": "b", "json": False}),
        (["compare", "a", "b", "--json"], {"json": True}),
        (["config", "check"], {"action": "check", "profile": None}),
        (["config", "render"], {"action": "render", "profile": "demo"}),
    ],
)
def test_what_is_understood(argv: list[str], expected: dict[str, object]) -> None:
    parsed = vars(parse(argv))
    assert {key: parsed[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["repaly", "x"], "no command 'repaly', did you mean 'replay'?"),
        (["x.json"], "to replay a file: trader replay x.json --out DIR"),
        (["lve"], "no command 'lve', did you mean 'live'?"),
        (["--hotloop", "rust", "replay", "x"], "put the command first: trader replay"),
        (["replay", "--out", "o"], "the following arguments are required: FILE"),
        (["replay", "x"], "the following arguments are required: --out"),
        (["replay", "x", "--out", "o", "--hotloop", "all"], "invalid choice: 'all'"),
        (["compare", "a"], "the following arguments are required: DIR_B"),
        (["compare", "a", "b", "--tolerance", "x"], "unrecognized arguments: --tolerance x"),
        (["parity"], "the following arguments are required: FILE"),
        (["parity", "x", "--feed", "cooked"], "invalid choice: 'cooked'"),
        (["parity", "x", "--hotloop", "rust"], "unrecognized arguments: --hotloop rust"),
        (["demo", "--speed", "0"], "'0' is not 'max' or a number"),
        (["demo", "--speed", "nan"], "'nan' is not 'max' or a number"),
        (["demo", "--seed", "-1"], "'-1' is not a whole number"),
        (["demo", "--hot", "rust"], "unrecognized arguments: --hot"),
        (["sim-exchange", "--speed", "max"], "an exchange has no 'max'"),
        (["sim-exchange", "--api-port", "65536"], "'65536' is not a port"),
        (["sim-exchange", "--markets", "5001"], "'5001' is not a number from 1 to 5000"),
        (["config"], "the following arguments are required: ACTION"),
        (["generate"], "the following arguments are required: --out"),
        (["parity", "x", "--edge", "x.py"], "unrecognized arguments: --edge x.py"),
        (["replay", "x", "--out", "o", "--edge"], "argument --edge: expected one argument"),
    ],
)
def test_what_is_refused_in_one_line(argv: list[str], said: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(argv)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "argv",
    [
        ["--help"],
        ["replay", "--help"],
        ["parity", "--help"],
        ["compare", "--help"],
        ["demo", "-h"],
        ["sim-exchange", "--help"],
        ["generate", "--help"],
    ],
)
def test_help_teaches_with_examples(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(argv)
    assert caught.value.code == 0
    assert "examples:\n  trader " in capsys.readouterr().out


def test_paths_are_relative_to_where_the_person_stood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUILD_WORKING_DIRECTORY", raising=False)
    assert user_path("a/b") == Path("a/b")
    monkeypatch.setenv("BUILD_WORKING_DIRECTORY", "/home/someone")
    assert user_path("a/b") == Path("/home/someone/a/b")
    assert user_path("/abs") == Path("/abs")
