"""The release as it is built: complete, without a trace of where it was made, and it runs."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

MAX_GLIBC: Final = (2, 34)
"""Debian 12 has 2.36, Ubuntu 22.04 2.35."""
OWN: Final = ("bin/executor", "wheels/hotloop-")
_ELF: Final = b"\x7fELF"
_GLIBC: Final = re.compile(rb"GLIBC_(\d+)\.(\d+)")
_TRACES: Final = re.compile(
    rb"(?:/root/|/home/|/tmp/|/execroot/|/sandbox/|bazel-out)[^\x00\n]{0,60}"
)


def folder_of_the_release() -> Path:
    given = os.environ.get("HOTLOOP_RELEASE")
    if given is None:
        pytest.skip("HOTLOOP_RELEASE names no archive; the build graph gives it")
    return Path(given).absolute().parent


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive, unpacked."""
    (archive,) = folder_of_the_release().glob("hotloop-*-linux-x86_64.tar.gz")
    folder = tmp_path_factory.mktemp("release")
    with tarfile.open(archive) as tar:
        tar.extractall(folder)  # our own archive
    (unpacked,) = folder.iterdir()
    return unpacked


@pytest.fixture(scope="module")
def installed(release: Path) -> Path:
    """With its packages in an environment of their own, from the archive alone."""
    venv = release / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", venv / "bin/python"]
    offline: list[str | Path] = ["--no-index", "--find-links", release / "wheels", "--no-cache-dir"]
    locked: list[str | Path] = ["--require-hashes", "-r", release / "requirements.txt"]
    subprocess.run(
        [*pip, "install", "--quiet", *offline, "--no-compile", *locked],
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return release


def trader(release: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the installed trader, in a world with nothing of the build in it."""
    environment = {"PATH": "/usr/bin", "HOME": str(release.parent), "LANG": "C.UTF-8"}
    return subprocess.run(
        [release / "bin/trader", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=release.parent,
        env=environment,
    )


def binaries(release: Path) -> Iterator[tuple[str, bytes]]:
    """Everything that is machine code, also within wheels."""
    for path in sorted(release.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        if "venv" in path.relative_to(release).parts:
            continue
        name = str(path.relative_to(release))
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                for member in wheel.namelist():
                    content = wheel.read(member)
                    if content.startswith(_ELF):
                        yield f"{name}:{member}", content
        elif path.read_bytes().startswith(_ELF):
            yield name, path.read_bytes()


def test_the_checksums_cover_every_file_and_hold(release: Path) -> None:
    sums = {}
    for line in (release / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        sha256, name = line.split("  ")
        sums[name] = sha256
    for name, sha256 in sums.items():
        assert hashlib.sha256((release / name).read_bytes()).hexdigest() == sha256, name
    with tarfile.open(next(folder_of_the_release().glob("*.tar.gz"))) as tar:
        packed = {name.partition("/")[2] for name in tar.getnames()}
    assert packed == sums.keys() | {"SHA256SUMS"}


def test_what_lies_beside_the_archive_has_its_checksum_there_too() -> None:
    folder = folder_of_the_release()
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    names = {line.split("  ")[1] for line in lines}
    assert {Path(name).suffix for name in names} == {".gz", ".json", ".whl"}
    for line in lines:
        sha256, name = line.split("  ")
        if (folder / name).exists():  # the wheel lies where it is made
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256


def test_no_test_and_nothing_of_the_build_is_shipped(release: Path) -> None:
    shipped = [str(path.relative_to(release)) for path in release.rglob("*.py")]
    assert "python/trader/engine.py" in shipped
    odd = [name for name in shipped if re.search(r"_test\.py|_for_tests|testing\.py", name)]
    assert odd == []
    assert not (release / "python/trader/apps/trader").exists()


def test_nothing_tells_where_it_was_built(release: Path) -> None:
    own = [(name, content) for name, content in binaries(release) if name.startswith(OWN)]
    assert len(own) == 2
    assert {name: _TRACES.findall(content) for name, content in own} == {
        name: [] for name, _ in own
    }


def test_all_machine_code_runs_with_an_older_glibc(release: Path) -> None:
    needed = {}
    for name, content in binaries(release):
        found = [(int(major), int(minor)) for major, minor in _GLIBC.findall(content)]
        needed[name] = max(found, default=(0, 0))
    assert len(needed) > 10
    assert {name: version for name, version in needed.items() if version > MAX_GLIBC} == {}


def test_the_list_of_parts_names_every_wheel_and_what_is_compiled_in(release: Path) -> None:
    text = (release / "SBOM.cdx.json").read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    parts = {one["purl"] for one in json.loads(text)["components"]}
    wheels = [path.name for path in (release / "wheels").iterdir()]
    packages = [part for part in parts if part.startswith("pkg:pypi/")]
    assert len(packages) == len(wheels) - 1  # ours is the product, not a part
    crates = {part.split("/")[1].split("@")[0] for part in parts if part.startswith("pkg:cargo/")}
    assert {"tokio", "rustls", "ring", "pyo3", "serde_derive", "thiserror-impl"} <= crates
    assert not {"proptest", "libfuzzer-sys", "hotloop-core"} & crates


def test_before_it_is_installed_the_trader_says_what_to_do(release: Path) -> None:
    if (release / "venv").exists():
        (release / "venv").rename(release / "venv-away")
    try:
        told = trader(release, "--help")
    finally:
        if (release / "venv-away").exists():
            (release / "venv-away").rename(release / "venv")
    assert told.returncode == 3
    assert "has no venv yet: run" in told.stderr


def with_ensurepip(folder: Path) -> str:
    """An interpreter for the installer. The build root's has no `ensurepip`; a dry run only looks
    for it, so an empty one stands in."""
    if importlib.util.find_spec("ensurepip") is not None:
        return sys.executable
    (folder / "ensurepip").mkdir()
    (folder / "ensurepip/__init__.py").touch()
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH=$PYTHONPATH:{folder} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return str(python)


def test_its_own_installer_takes_it(release: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    done = subprocess.run(
        [release / "install", "--root", root, "--dry-run"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOTLOOP_PYTHON": with_ensurepip(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    version = (release / "VERSION").read_text(encoding="utf-8").split(" ")[0]
    assert f"would switch {root}/opt/hotloop/current to {version}" in done.stdout


def test_installed_it_trades_the_demo_with_both_rust_halves(installed: Path) -> None:
    out = installed.parent / "run"
    done = trader(
        installed,
        *("demo", "--speed", "max", "--execution", "rust", "--out", str(out)),
        *("--set", "simulator.demo.pre_off_s=60"),
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert (summary["hotloop"], summary["execution"]) == ("rust", "rust")
    assert summary["seam_errors"] == 0
    assert summary["intents_total"] > 0


def test_installed_its_parts_work_together(installed: Path) -> None:
    done = trader(installed, "compat")
    assert done.returncode == 0, done.stdout + done.stderr
    version = (installed / "VERSION").read_text(encoding="utf-8").split(" ")[0]
    assert trader(installed, "--version").stdout.split() == ["hotloop", "trader", version]
    told = subprocess.run(
        [installed / "bin/executor", "--version"], capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith(f"executor {version} ")
