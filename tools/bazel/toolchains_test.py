"""In the build root, all that compiles or runs this project is a package of versions.lock."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = {
    "cargo": "cargo",
    "clippy-driver": "rust-clippy",
    "gcc": "gcc",
    "python3.11": "python3.11-minimal",
    "rustc": "rustc",
    "rustfmt": "rustfmt",
    "valgrind": "valgrind",
}

pytestmark = pytest.mark.skipif(
    not Path("/usr/share/bazel/rules/rust").is_dir(),
    reason="Bazel was not started by bazelw: this machine's own tools build the project",
)


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def locked() -> dict[str, str]:
    lines = Path("tools/bazel/root/versions.lock").read_text().splitlines()
    return dict(line.split(" ") for line in lines if not line.startswith("#"))


@pytest.mark.parametrize(("tool", "package"), TOOLS.items())
def test_tool_is_the_roots_package(tool: str, package: str, locked: dict[str, str]) -> None:
    found = shutil.which(tool)
    assert found is not None
    assert Path(found).parent.resolve() == Path("/usr/bin")
    owner = run("dpkg-query", "-S", f"/usr/bin/{tool}").split(":")[0]
    assert owner == package
    assert package in locked


def test_no_folder_of_the_hosts_tools_is_on_the_path() -> None:
    # Bazel's own test runner adds ".", the folder of this test's files.
    folders = {Path(folder).resolve() for folder in os.environ["PATH"].split(os.pathsep)}
    others = folders - {Path("/usr/bin"), Path("/usr/sbin"), Path.cwd()}
    assert [folder for folder in others if folder.is_dir() and any(folder.iterdir())] == []


def test_python_is_the_roots() -> None:
    assert sys.executable == "/usr/bin/python3.11"


def test_binaries_were_made_by_the_roots_compilers() -> None:
    release = run("rustc", "--version").split(" (")[0]
    number = release.removeprefix("rustc ")
    for binary in (os.environ["EXECUTOR_BIN"], os.environ["EXTENSION"]):
        comment = run("readelf", "--string-dump=.comment", binary)
        assert set(re.findall(r"rustc version (\S+)", comment)) == {number}, binary
