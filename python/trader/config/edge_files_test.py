"""A file with an edge is loaded, or refused with file, line, what is wrong and what to do."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from trader.config import edge_files
from trader.config.edge_files import MAX_EDGE_BYTES, load_source
from trader.config.loading import ConfigError, load
from trader.strategy.edges.base import EdgeConfig

HEAD: Final = """\
from dataclasses import dataclass
from trader.config.rules import Number, Texts, Whole, rule
from trader.strategy.edges.base import Edge, EdgeConfig
"""
CONFIG: Final = """\
@dataclass(frozen=True, kw_only=True)
class MineConfig(EdgeConfig):
    ticks: int = rule(Whole(1, 9), default=3)
    share: float = rule(Number(0.0, 1.0))
    words: tuple[str, ...] = rule(Texts("words"), default=("a", "b"))
"""
EDGE: Final = """\
class Mine(Edge[MineConfig]):
    name, config_class = "mine", MineConfig
    def decide(self, ctx, runner):
        return ()
"""
WHOLE: Final = HEAD + CONFIG + EDGE
PLAIN: Final = HEAD + EDGE.replace("MineConfig", "EdgeConfig")


def written(folder: Path, source: str, name: str = "mine.py") -> tuple[str, Path]:
    """The file as `load` takes it: its name to the person, and its path."""
    path = folder / name
    path.write_text(source)
    return name, path


def refusal(folder: Path, source: str) -> str:
    """The one line that a file is refused with."""
    with pytest.raises(ConfigError) as caught:
        load(edge_files=[written(folder, source)])
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_edges_parameters_have_its_classs_defaults_and_are_set_like_any_others(
    tmp_path: Path,
) -> None:
    file = written(tmp_path, WHOLE)
    config = load(None, ["edges.mine.share=0.5"], edge_files=[file])
    mine = config.edges["mine"]
    assert type(mine) is config.own_edges["mine"].edge_class.config_class
    values = [getattr(mine, key) for key in ("enabled", "priority", "ticks", "share", "words")]
    assert values == [True, 100, 3, 0.5, ("a", "b")]
    other = load(None, ["edges.mine={share: 1, ticks: 9, enabled: false}"], edge_files=[file])
    assert (getattr(other.edges["mine"], "ticks", None), other.edges["mine"].enabled) == (9, False)


def test_an_edge_of_ones_own_is_asked_after_those_that_ship(tmp_path: Path) -> None:
    shipped = list(load().edges)
    assert list(load(edge_files=[written(tmp_path, PLAIN)]).edges) == [*shipped, "mine"]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("edges.mine.share=2", "--set: edges.mine.share: 2 is not allowed; allowed: a number from"),
        ("edges.mine.tikcs=2", "edges.mine.tikcs: is not a known key, did you mean 'ticks'?"),
        ("edges.mine.ticks=x", "edges.mine.ticks: 'x' is not allowed"),
        ("sizer.min_stake=2", "mine.py: edges.mine.share: is missing; allowed: a number from 0"),
        ("edge_files=mine.py", "--set: edge_files: 'mine.py' is not allowed; allowed: a list of"),
        ("edge_files=[3]", "edge_files: a list is not allowed"),
        (f"edge_files=[{','.join(['x.py'] * 101)}]", "edge_files: names 102 files; allowed: up to"),
    ],
)
def test_what_is_wrong_in_its_section_is_refused_with_its_path(
    tmp_path: Path, override: str, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, [override], edge_files=[written(tmp_path, WHOLE)])
    assert said in str(caught.value)


def test_a_default_that_breaks_its_own_rule_is_refused_with_the_file(tmp_path: Path) -> None:
    said = refusal(tmp_path, WHOLE.replace("default=3", "default=30"))
    assert said.startswith("mine.py: edges.mine.ticks: 30 is not allowed; allowed: a whole number")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def x(:\n", "mine.py:1: is not Python: "),
        ("x = 1\n\x00", "mine.py"),
        ("(" * 9000, "mine.py"),
        ("\nreturn 3\n", "mine.py:2: fails as it is loaded: SyntaxError: 'return' outside"),
        (HEAD + "\n1 / 0\n", "mine.py:5: fails as it is loaded: ZeroDivisionError: division"),
        (HEAD + "raise SystemExit(3)\n", "mine.py:4: fails as it is loaded: SystemExit: 3"),
        (HEAD, "mine.py: has no edge; allowed: one class that is an Edge"),
        (
            PLAIN + EDGE.replace("MineConfig", "EdgeConfig").replace("Mine", "Other"),
            "mine.py:8: has 2 edges (Mine, Other); allowed: one edge in a file",
        ),
        (PLAIN.replace("decide", "decode"), "mine.py:4: Mine has no method decide"),
        (PLAIN.replace('name, config_class = "mine",', "config_class ="), "Mine has no name"),
        (PLAIN.replace('"mine"', '"Mine One"'), "mine.py:4: Mine has the name 'Mine One'; allowed"),
        (PLAIN.replace('"mine"', '"hedge"'), "has the name 'hedge'; allowed: name = \"…\": 1 to"),
        (PLAIN.replace('"mine"', "3"), "Mine has the name 3; allowed"),
        (PLAIN.replace('name, config_class = "mine", EdgeConfig', 'name = "mine"'), "no config_c"),
        (PLAIN.replace('"mine", EdgeConfig', '"mine", int'), "Mine.config_class is no EdgeConfig"),
        (
            WHOLE.replace("@dataclass(frozen=True, kw_only=True)\n", ""),
            "mine.py:4: MineConfig is no dataclass; allowed: @dataclass(frozen=True",
        ),
        (
            WHOLE.replace("= rule(Number(0.0, 1.0))", "= 0.5"),
            "mine.py:5: MineConfig.share has no rule; allowed: name: type = rule(…",
        ),
        (WHOLE.replace("share: float", "share: 'Flaot'"), "MineConfig has a type that cannot be"),
        (PLAIN.replace('"mine"', '"passive_maker"'), "its edge has the name 'passive_maker', as"),
        ("import os\n" + PLAIN, "mine.py:1: imports os, which an edge may not; instead: "),
        ("#" * (MAX_EDGE_BYTES + 1), "mine.py: is too large; allowed: up to 1048576 bytes"),
    ],
)
def test_a_file_that_is_no_edge_is_refused_in_one_line(
    tmp_path: Path, source: str, said: str
) -> None:
    assert said in refusal(tmp_path, source)


def test_nothing_of_a_file_runs_before_its_imports_are_found_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_files, "ran", False, raising=False)
    late = f"import trader.strategy.edges\nfrom {edge_files.__name__} import ran\n"
    touched = "trader.config.edge_files.ran = True\n"
    assert ":2: imports trader.config.edge_files" in refusal(tmp_path, late + touched + PLAIN)
    assert not vars(edge_files)["ran"]
    load(edge_files=[written(tmp_path, late.splitlines()[0] + "\n" + touched + PLAIN)])
    assert vars(edge_files)["ran"], "or the test proves nothing"


def test_every_refused_import_is_a_problem_of_its_own(tmp_path: Path) -> None:
    file = written(tmp_path, "import os\nimport sys\n" + PLAIN)
    with pytest.raises(ConfigError) as caught:
        load(edge_files=[file])
    assert [problem.source for problem in caught.value.problems] == ["mine.py:1", "mine.py:2"]


def test_a_file_that_is_not_there_is_refused_with_where_it_was_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--edge: no\.py: cannot be read: No such file"):
        load(edge_files=[("no.py", tmp_path / "no.py")])
    profile = tmp_path / "mine.yaml"
    profile.write_text("edge_files:\n  - no.py\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml:1: \S+/no\.py: cannot be read"):
        load(str(profile))


def test_two_edges_of_one_name_are_refused_also_where_it_is_the_same_file(tmp_path: Path) -> None:
    one, two = written(tmp_path, PLAIN), written(tmp_path, PLAIN + "\n", "two.py")
    for again in (one, two):
        with pytest.raises(ConfigError, match=r"has the name 'mine', as that of mine\.py"):
            load(edge_files=[one, again])


def test_a_profiles_files_lie_beside_it_and_those_of_an_override_where_one_stands(
    tmp_path: Path,
) -> None:
    (tmp_path / "there").mkdir()
    written(tmp_path / "there", PLAIN)
    profile = tmp_path / "there" / "mine.yaml"
    profile.write_text("edge_files: [mine.py]\nedges: {mine: {priority: 7}}\n")
    config = load(str(profile))
    assert config.edges["mine"] == EdgeConfig(enabled=True, priority=7)
    assert config.edge_files == (str(tmp_path / "there" / "mine.py"),)
    override = "edge_files=[there/mine.py]"
    assert "mine" in load(None, [override], working_dir=tmp_path).own_edges


def test_who_does_not_trade_is_not_kept_from_it_by_a_broken_edge(tmp_path: Path) -> None:
    written(tmp_path, "1 / 0")
    profile = tmp_path / "mine.yaml"
    profile.write_text("edge_files: [mine.py]\nedges: {mine: {x: 7}}\nsizer: {bankroll: 77}\n")
    config = load(str(profile), runs_edges=False)
    assert (config.edge_files, config.own_edges, config.sizer.bankroll) == ((), {}, 77)
    assert config.edges == load().edges


def test_who_does_not_trade_takes_a_profile_whose_edge_comes_from_the_command_line(
    tmp_path: Path,
) -> None:
    profile = tmp_path / "mine.yaml"
    profile.write_text("edges: {mine: {x: 7}, scalp: {priority: 3}}\nhedge: {edges: [mine]}\n")
    config = load(str(profile), runs_edges=False)
    assert config.edges["scalp"].priority == 3
    assert set(config.edges) == set(load().edges)
    with pytest.raises(ConfigError, match=r"edges\.mine: is not a known key"):
        load(str(profile))


def test_files_of_the_command_line_are_added_to_those_of_the_profile(tmp_path: Path) -> None:
    written(tmp_path, PLAIN)
    profile = tmp_path / "mine.yaml"
    profile.write_text("edge_files: [mine.py]\n")
    other = written(tmp_path, PLAIN.replace('"mine"', '"other"'), "other.py")
    assert list(load(str(profile), edge_files=[other]).own_edges) == ["mine", "other"]


def test_another_process_runs_what_was_checked_here_whatever_has_become_of_the_file(
    tmp_path: Path,
) -> None:
    name, path = written(tmp_path, WHOLE)
    config = load(None, ["edges.mine.share=0.5"], edge_files=[(name, path)])
    path.unlink()
    program = (
        "import pickle, sys\n"
        "config = pickle.load(sys.stdin.buffer)\n"
        "own = config.own_edges['mine']\n"
        "edge = own.edge_class(config.edges['mine'])\n"
        "print(own.sha256, own.file, edge.name, edge.config.share, edge.decide(None, None))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps(config),
        env={"PYTHONPATH": ":".join(entry for entry in sys.path if entry)},
        capture_output=True,
        check=False,
    )
    said = f"{config.own_edges['mine'].sha256} mine.py mine 0.5 ()\n"
    assert (done.stdout.decode(), done.stderr.decode()) == (said, "")


def test_a_file_is_run_once_for_what_stands_in_it() -> None:
    source = WHOLE.encode()
    first, other = load_source(source, "a.py"), load_source(source + b"\n", "a.py")
    assert load_source(source, "b.py").edge_class is first.edge_class
    assert other.edge_class is not first.edge_class
