"""The check of a wheel of `hotloop`: the same one, whatever made the wheel.

It is the one of `HOTLOOP_WHEEL`, or is made by the script. Every test is a promise to somebody who
has the wheel and nothing else of the repository.
"""

import base64
import csv
import doctest
import hashlib
import importlib
import os
import re
import sys
import tomllib
from pathlib import Path

import pytest
from wheel_for_tests import (
    MODULE,
    Environment,
    contents,
    imports,
    in_dist_info,
    installed,
    metadata,
    newest_python,
    run,
    wheel_under_test,
)

USE = """
import hotloop, json
from hotloop import Hotloop, HotloopError
book = Hotloop()
line = b'{"op":"mcm","pt":1,"mc":[{"id":"1.1","img":true,"rc":[{"id":7,"atb":[[2.0,5.5]]}]}]}'
touched = book.apply_delta(line, 1)
try:
    book.apply_delta(b"{", 2)
except HotloopError as error:
    refused = [error.resubscribe, error.field, isinstance(error, ValueError)]
print(json.dumps({
    "best": book.best("1.1", 7),
    "errors": book.stats()["errors"],
    "file": hotloop.__file__,
    "methods": sorted(name for name in dir(Hotloop) if not name.startswith("_")),
    "refused": refused,
    "touched": touched,
    "version": hotloop.__version__,
}))
"""

# What a user of the types relies on, and one line each that they must refuse.
TYPED = """
from typing import assert_type
from hotloop import Hotloop, HotloopError

book = Hotloop({"queue": {"model": "risk_averse"}})
touched: list[tuple[str, int, float]] = book.apply_delta(b"{}", 1)
assert_type(book.best("1.1", 7)[0], float | None)
assert_type(book.stats(), dict[str, int])
market = book.market("1.1")
if market is not None:
    assert_type(market["runners"][0]["sort_priority"], int | None)
try:
    book.spread_ticks("1.1", 7)
except HotloopError as error:
    assert_type(error.market_id, str | None)
"""
REFUSED = {
    "book.best(1.1, 7)": "arg-type",
    "book.apply_delta(b'{}')": "call-arg",
    "book.apply_gamma(b'{}')": "attr-defined",
    "book.market('1.1')['status']": "index",
    "class Mine(Hotloop): ...": "misc",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel_under_test(tmp_path_factory.getbasetemp() / "by_script")


@pytest.fixture(scope="module")
def files(wheel: Path) -> dict[str, bytes]:
    return contents(wheel)


@pytest.fixture(scope="module")
def oldest(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """With the oldest Python that the wheel is for."""
    return installed("python3.11", wheel, tmp_path_factory.mktemp("oldest"))


@pytest.fixture(scope="module")
def newest(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    python = newest_python()
    if python is None:
        # Bazel's own root has one, which comes with its packages.
        assert not Path("/usr/share/bazel/rules/rust").is_dir()
        pytest.skip("no Python newer than 3.11 is on the path")
    return installed(python, wheel, tmp_path_factory.mktemp("newest"))


@pytest.mark.parametrize("python", ["oldest", "newest"])
def test_a_program_of_its_own_can_use_it(python: str, request: pytest.FixtureRequest) -> None:
    environment: Environment = request.getfixturevalue(python)
    done = environment.runs(USE)
    assert done["touched"] == [["1.1", 7, 0.0]]
    assert done["best"] == [2.0, 5.5, None, None]
    assert done["refused"] == [True, None, True]
    assert done["errors"] == 1
    assert Path(done["file"]).is_relative_to(environment.folder)


@pytest.mark.parametrize("python", ["oldest", "newest"])
def test_the_readmes_examples_are_true(
    python: str, files: dict[str, bytes], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    environment: Environment = request.getfixturevalue(python)
    blocks = re.findall(r"```python\n(.*?)```", str(metadata(files).get_payload()), re.DOTALL)
    examples = tmp_path / "examples.txt"
    examples.write_text("\n\n".join(blocks))
    assert len(doctest.DocTestParser().get_examples(examples.read_text())) >= 5
    run(environment.python, "-I", "-m", "doctest", examples, cwd=tmp_path)


def test_the_readmes_table_names_every_method(oldest: Environment, files: dict[str, bytes]) -> None:
    readme = str(metadata(files).get_payload())
    rows = [row.split("|")[1] for row in readme.splitlines() if row.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`(\w+)", row)]
    assert sorted(named) == oldest.runs(USE)["methods"]


def mypy(environment: Environment, program: str, scratch: Path, expect: int) -> str:
    """What mypy says of a program that takes `hotloop` from the environment."""
    consumer = scratch / "consumer.py"
    consumer.write_text(program)
    return run(
        *(sys.executable, "-m", "mypy", "--strict", "--config-file=", consumer),
        *("--python-executable", environment.python, "--cache-dir", scratch / "cache"),
        expect=expect,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_a_typed_program_passes_and_wrong_calls_do_not(oldest: Environment, tmp_path: Path) -> None:
    site = next(oldest.folder.glob("lib/python3.*/site-packages"))
    assert (site / "hotloop/py.typed").exists()
    stub = Path("rust/hotloop-py/hotloop.pyi").read_text()
    assert (site / "hotloop/__init__.pyi").read_text() == stub
    assert "Success" in mypy(oldest, TYPED, tmp_path, expect=0)
    said = mypy(oldest, TYPED + "\n".join(REFUSED), tmp_path, expect=1)
    first = len(TYPED.splitlines()) + 1
    codes = {int(line): code for line, code in re.findall(r":(\d+): error: .*\[(.+)\]", said)}
    assert codes == {first + number: code for number, code in enumerate(REFUSED.values())}, said


def test_it_describes_itself(oldest: Environment, wheel: Path, files: dict[str, bytes]) -> None:
    told = metadata(files)
    package = tomllib.loads(Path("rust/hotloop-py/Cargo.toml").read_text())["package"]
    assert told["Name"] == "hotloop"
    # One version: of the crate, of the compiled module, of the description and of the file's name.
    assert told["Version"] == package["version"] == oldest.runs(USE)["version"]
    assert wheel.name.startswith(f"hotloop-{package['version']}-cp311-abi3-manylinux_")
    assert told["Requires-Python"] == ">=3.11"
    assert told.get_all("Requires-Dist") is None
    assert told["License-Expression"] == package["license"] == "MIT"
    assert in_dist_info(files, "licenses/LICENSE").startswith("MIT License")
    assert str(told["Description-Content-Type"]).startswith("text/markdown")
    readme = Path("rust/hotloop-py/README.md").read_text()
    assert str(told.get_payload()).strip() == readme.strip()


def test_its_record_is_right(files: dict[str, bytes]) -> None:
    rows = list(csv.reader(in_dist_info(files, "RECORD").splitlines()))
    assert sorted(row[0] for row in rows) == sorted(files)
    for name, digest, size in rows:
        if name.endswith("/RECORD"):
            assert (digest, size) == ("", "")
            continue
        content = files[name]
        made = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert (digest, size) == (f"sha256={made}", str(len(content))), name


def test_it_needs_no_more_of_the_system_than_its_tag_says(
    oldest: Environment, wheel: Path, files: dict[str, bytes]
) -> None:
    tag = re.search(r"-cp311-abi3-manylinux_(\d+)_(\d+)_x86_64\.whl$", wheel.name)
    assert tag is not None
    assert f"Tag: {wheel.stem.split('-', 2)[2]}\n" in in_dist_info(files, "WHEEL") + "\n"
    promised = (int(tag[1]), int(tag[2]))
    # Debian 12, Ubuntu 22.04, RHEL 9.
    assert promised <= (2, 34)
    needs = imports(next(oldest.folder.glob(f"lib/python3.*/site-packages/{MODULE}")))
    assert needs.glibc <= promised
    assert needs.libraries <= {"ld-linux-x86-64.so.2", "libc.so.6", "libgcc_s.so.1", "libm.so.6"}


def test_it_uses_nothing_but_the_stable_abi_of_3_11(oldest: Environment) -> None:
    module = next(oldest.folder.glob(f"lib/python3.*/site-packages/{MODULE}"))
    known = importlib.import_module("abi3info")  # has no types
    stable = {
        symbol.name: (item.added.major, item.added.minor)
        for table in (known.FUNCTIONS, known.DATAS)
        for symbol, item in table.items()
    }
    used = {name for name in imports(module).symbols if re.match("_?Py", name)}
    assert len(used) > 20
    assert {name for name in used if stable.get(name, (99, 0)) > (3, 11)} == set()
