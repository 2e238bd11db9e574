"""The configuration is merged, checked as a whole, and every refusal says where and why."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from trader.config import loading
from trader.config.loading import ConfigError, load, profiles, read_yaml
from trader.strategy.edges.passive_maker import PassiveMakerConfig
from trader.strategy.hotloop.config import read_config

BASE = loading.repository_root() / "configs" / "base.yaml"
# A file of a few hundred bytes that stands for half a thousand million keys.
BOMB = "k0: &a0 {x: 1}\n" + "".join(
    f"k{n + 1}: &a{n + 1} {{{', '.join(f'{key}: *a{n}' for key in 'abcdefghi')}}}\n"
    for n in range(9)
)


def folder_with(tmp_path: Path, *, base: str | None = None, **named: str) -> Path:
    """A `configs` folder with the real base (or another) and the profiles given."""
    configs = tmp_path / "configs"
    (configs / "profiles").mkdir(parents=True)
    (configs / "base.yaml").write_text(base if base is not None else BASE.read_text())
    for name, text in named.items():
        (configs / "profiles" / f"{name}.yaml").write_text(text)
    return configs


def refusal(configs: Path, profile: str | None = None, *overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(profile, overrides, configs)
    assert "\n" not in str(caught.value), "an error is one line"
    return [str(problem) for problem in caught.value.problems]


def test_the_defaults_are_the_python_paths_in_dry_run() -> None:
    config = load()
    assert (config.hotloop.backend, config.execution.backend) == ("python", "python")
    assert config.execution.dry_run


def test_the_demo_profile_has_rust_signals_and_trades_at_the_simulated_exchange() -> None:
    config = load("demo")
    assert (config.hotloop.backend, config.execution.backend) == ("rust", "python")
    assert not config.execution.dry_run
    assert config.hotloop.seam_config()["queue"] == load().hotloop.seam_config()["queue"]


def test_rust_signals_need_both_enabled_and_rust() -> None:
    assert load("demo", ["hotloop.enabled=false"]).hotloop.backend == "python"
    assert load("demo", ["hotloop.rust=false"]).hotloop.backend == "python"


def test_the_seams_block_names_every_key_and_base_has_the_seams_own_defaults() -> None:
    block = load().hotloop.seam_config()
    flags = {"enabled": False, "rust": False}
    assert block == {**read_config(None).as_map(), **flags}
    assert read_config(block) == read_config(None)


def test_the_trend_averages_are_a_fast_and_a_slow_one() -> None:
    trend = load(None, ["hotloop.trend={fast_s: 3, slow_s: 3.5}"]).hotloop.trend
    assert (trend.fast_s, trend.slow_s) == (3.0, 3.5)
    with pytest.raises(ConfigError, match=r"slow_s: 3 is not above hotloop\.trend\.fast_s.*than 3"):
        load(None, ["hotloop.trend={fast_s: 3, slow_s: 3}"])


@pytest.mark.parametrize("profile", [None, "demo", "dry"])
def test_no_second_book_is_fed_unless_asked_for(profile: str | None) -> None:
    assert load(profile).book_builder.feed == "off"


@pytest.mark.parametrize("written", ["off", "'off'", "always"])
def test_the_feed_is_written_as_a_word(tmp_path: Path, written: str) -> None:
    configs = folder_with(tmp_path, mine=f"book_builder:\n  feed: {written}\n")
    word = written.strip("'")
    assert load("mine", (), configs).book_builder.feed == word
    assert load("mine", [f"book_builder.feed={written}"], configs).book_builder.feed == word
    assert load(None, [f"book_builder={{feed: {written}}}"], configs).book_builder.feed == word


def test_only_true_and_false_are_flags() -> None:
    assert load(None, ["hotloop.enabled=True", "hotloop.rust=TRUE"]).hotloop.backend == "rust"
    with pytest.raises(ConfigError, match=r"'on' is not allowed; allowed: true or false"):
        load(None, ["hotloop.enabled=on"])


def test_signals_can_be_switched_off_beside_the_rust_hotloop_alone() -> None:
    assert not load("demo", ["book_builder.signals=false"]).book_builder.signals
    with pytest.raises(ConfigError, match=r"book_builder\.signals: false would leave the Python"):
        load("demo", ["book_builder.signals=false", "hotloop.rust=false"])


def test_every_profile_in_the_repository_is_valid() -> None:
    assert {"demo", "dry"} <= set(profiles())
    for profile in profiles():
        assert load(profile).profile == profile


def test_a_profile_is_merged_key_by_key_and_overrides_win(tmp_path: Path) -> None:
    configs = folder_with(tmp_path, mine="sizer: {bankroll: 900}\nedges: {passive_maker: {}}\n")
    config = load("mine", ["sizer.max_stake=7", "fee_gate={discount: 0.1}"], configs)
    assert (config.sizer.bankroll, config.sizer.max_stake, config.sizer.min_stake) == (900, 7, 2)
    assert config.fee_gate.discount == 0.1
    assert config.fee_gate.unknown_mbr == "refuse"


def test_an_edge_brings_its_own_typed_section() -> None:
    edge = load(None, ["edges.passive_maker.min_spread_ticks=4"]).edges["passive_maker"]
    assert isinstance(edge, PassiveMakerConfig)
    assert edge.min_spread_ticks == 4


def test_a_config_cannot_be_changed() -> None:
    config = load()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.sizer.bankroll = 1.0  # type: ignore[misc]


def test_an_unknown_key_is_refused_with_file_line_path_and_a_suggestion(tmp_path: Path) -> None:
    configs = folder_with(tmp_path, bad="hotloop:\n  queue:\n    windw_s: 3\n")
    (problem,) = refusal(configs, "bad")
    assert problem == (
        "configs/profiles/bad.yaml:3: hotloop.queue.windw_s: is not a known key, "
        "did you mean 'window_s'?; allowed: model, power_n, window_s"
    )


def test_a_wrong_value_is_refused_with_what_is_allowed(tmp_path: Path) -> None:
    configs = folder_with(tmp_path, bad="execution:\n  backend: pyhton\n")
    (problem,) = refusal(configs, "bad")
    assert problem == (
        "configs/profiles/bad.yaml:2: execution.backend: 'pyhton' is not allowed; "
        "allowed: 'python' or 'rust'"
    )


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("hotloop.queue.window_s=ten", "hotloop.queue.window_s"),
        ("hotloop.queue.window_s=.nan", "hotloop.queue.window_s"),
        ("hotloop.queue.window_s=true", "hotloop.queue.window_s"),
        ("hotloop.rust=1", "hotloop.rust"),
        ("hotloop.rust=yes", "hotloop.rust"),
        ("hotloop.queue.power_n=0", "hotloop.queue.power_n"),
        ("hotloop.pfill.model=gamma", "hotloop.pfill.model"),
        ("hotloop.sweep.levels=65", "hotloop.sweep.levels"),
        ("hotloop.emit.counters_every=-1", "hotloop.emit.counters_every"),
        ("hotloop.state.max_orders=0", "hotloop.state.max_orders"),
        ("hotloop.trend.slow_s=2", "hotloop.trend.slow_s"),
        ("book_builder.feed=sometimes", "book_builder.feed"),
        ("book_builder.feed=false", "book_builder.feed"),
        ("book_builder.signals=off", "book_builder.signals"),
        ("book_builder.signals=false", "book_builder.signals"),
        ("execution.port=70000", "execution.port"),
        ("execution.port=1.5", "execution.port"),
        ("execution.host=0.0.0.0", "execution.host"),
        ("execution.limits=200", "execution.limits"),
        ("sizer.bankroll={a: 1}", "sizer.bankroll"),
        ("edges.unheard_of.enabled=true", "edges.unheard_of"),
        ("edges=3", "edges"),
        ("execution.dry_run=1", "execution.dry_run"),
        ("sizer.min_stake=21", "sizer.min_stake"),
        ("hedge.edges=[passive_maker, scalp]", "hedge.edges"),
        ("hedge.edges=[passive_makr]", "hedge.edges"),
        ("edges.scalp.min_price=20", "edges.scalp.min_price"),
        ("edges.passive_maker.min_price=30", "edges.passive_maker.min_price"),
        ("execution.heartbeat_ms=60000", "execution.heartbeat_timeout_s"),
    ],
)
def test_bad_values_name_their_key(override: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, [override])
    assert [problem.key for problem in caught.value.problems] == [key]
    assert "--set" in caught.value.problems[0].source or key == "execution.heartbeat_timeout_s"


def test_all_problems_are_found_at_once_and_the_line_says_how_many(tmp_path: Path) -> None:
    configs = folder_with(tmp_path, bad="sizer:\n  bankroll: -1\n  stake: 2\nhotlop: {}\n")
    assert len(refusal(configs, "bad")) == 3
    with pytest.raises(ConfigError, match=r"\(and 2 more: `trader config check` lists all\)"):
        load("bad", (), configs)


def test_a_key_missing_from_base_is_refused(tmp_path: Path) -> None:
    text = BASE.read_text().replace("  kelly_fraction: 0.25", "  # kelly_fraction: 0.25")
    (problem,) = refusal(folder_with(tmp_path, base=text))
    assert "sizer.kelly_fraction: is missing; allowed: a number from 0 to 1" in problem


def test_a_key_written_twice_is_refused(tmp_path: Path) -> None:
    configs = folder_with(tmp_path, bad="sizer:\n  bankroll: 1\n  bankroll: 2\n")
    assert refusal(configs, "bad") == [
        "configs/profiles/bad.yaml:3: sizer.bankroll: is written twice; allowed: each key once"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sizer: [1,\n", "is not valid YAML"),
        ("- 1\n", "is not a mapping of keys"),
        ("sizer: {<<: {a: 1}}\n", "a key that is not plain text"),
        ("{1: 2, [3]: 4}\n", "a key that is not plain text"),
        ("sizer: {bankroll: 2001-99-99}\n", "cannot be read as a value of type timestamp"),
        ("sizer: {bankroll: !!int x}\n", "cannot be read as a value of type int"),
        ("sizer: {bankroll: !!bool 7}\n", "cannot be read as a value of type bool"),
        ("sizer: &a {bankroll: *a}\n", "is nested too deeply"),
        ("{a: " * 3000, "is nested too deeply"),
        (BOMB, "has too many keys; allowed: up to 10000"),
    ],
)
def test_what_is_no_configuration_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (problem,) = refusal(folder_with(tmp_path, bad=text), "bad")
    assert problem.startswith("configs/profiles/bad.yaml")
    assert said in problem


def test_an_empty_profile_changes_nothing(tmp_path: Path) -> None:
    configs = folder_with(tmp_path, empty="# nothing\n")
    assert load("empty", (), configs).sizer == load(None, (), configs).sizer


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"no profile 'dmo', did you mean 'demo'.*demo, dry"):
        load("dmo")


def test_a_profile_may_be_a_file_of_ones_own(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("sizer: {bankroll: 77}\n")
    assert load(str(mine)).sizer.bankroll == 77
    with pytest.raises(ConfigError, match=r"gone\.yaml: cannot be read: No such file"):
        load(str(tmp_path / "gone.yaml"))


@pytest.mark.parametrize(
    "override",
    [
        *("sizer.bankroll", "=3", "sizer..bankroll=3", "sizer=[1"),
        *("sizer.bankroll=2001-99-99", "sizer.bankroll=!!int x", "sizer.bankroll=" + "9" * 5000),
        "sizer.bankroll=" + "[" * 3000,
    ],
)
def test_what_is_no_override_is_refused_in_a_line(override: str) -> None:
    with pytest.raises(ConfigError, match="--set") as caught:
        load(None, [override])
    assert len(str(caught.value)) < 200


def test_yaml_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError):
        read_yaml(path, tmp_path)


def test_a_leg_of_a_basket_may_not_be_larger_than_the_sizer_takes() -> None:
    over = "edges.overround.max_stake=20.01"
    assert load(None, [over]).edges["overround"].enabled is False, "nobody asks for one"
    with pytest.raises(ConfigError, match=r"edges\.overround\.max_stake.*above sizer\.max_stake"):
        load(None, [over, "edges.overround.enabled=true"])
    assert load(None, ["edges.overround.enabled=true"]).sizer.max_stake == 20.0


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("betfair.strategy_ref", ("a", "Mine_1-2", "x" * 15), ("'a b'", "a.b", "x" * 16, "é")),
        ("betfair.heartbeat_s", ("0", "10", "300"), ("1", "9", "301", "-1", "false", "0.0")),
    ],
)
def test_what_the_venue_would_not_take_is_no_configuration(
    key: str, good: tuple[str, ...], bad: tuple[str, ...]
) -> None:
    """Whichever executor runs: one of them refuses it at its start, the other one does not."""
    for value in good:
        load(None, [f"{key}={value}"])
    for value in bad:
        with pytest.raises(ConfigError, match=rf"--set: {key}: .*allowed: (0, or|1 to 15)"):
            load(None, [f"{key}={value}"])
