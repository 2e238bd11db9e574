"""Cargo and Bazel check Rust by the same lints: one list in Cargo.toml, one in .bazelrc, equal."""

import tomllib
from pathlib import Path

FLAG = "build --@rules_rust//rust/settings:clippy_flag="


def cargo_lints() -> set[str]:
    lints = tomllib.loads(Path("Cargo.toml").read_text())["workspace"]["lints"]
    letters = {"warn": "-W", "deny": "-D", "forbid": "-F", "allow": "-A"}
    flags = set()
    for tool, prefix in (("rust", ""), ("clippy", "clippy::")):
        for name, value in lints[tool].items():
            level = value["level"] if isinstance(value, dict) else value
            flags.add(f"{letters[level]}{prefix}{name}")
    return flags


def bazel_lints() -> set[str]:
    lines = Path(".bazelrc").read_text().splitlines()
    return {line.removeprefix(FLAG) for line in lines if line.startswith(FLAG)}


def test_bazel_checks_cargos_lints_and_fails_on_each() -> None:
    assert bazel_lints() == cargo_lints() | {"-Dwarnings"}
