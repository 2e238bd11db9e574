"""The wheel installs by itself and gives a module that works, with types, on the glibc it says."""

import os
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

WHEEL = Path(os.environ["HOTLOOP_WHEEL"])

USE = """
from hotloop import Hotloop, HotloopError
book = Hotloop()
line = b'{"op":"mcm","pt":1,"mc":[{"id":"1.1","img":true,"rc":[{"id":7,"atb":[[2.0,5.5]]}]}]}'
assert book.apply_delta(line, 1) == [("1.1", 7, 0.0)], "touched"
assert book.best("1.1", 7) == (2.0, 5.5, None, None), "best"
try:
    book.apply_delta(b"{", 1)
except HotloopError as error:
    print("works:", error)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"),
            *("--target", str(target), str(WHEEL)),
        ],
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return target


def test_a_program_of_its_own_can_use_it(installed: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(installed)!r})\n{USE}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("works: "), done.stderr


def test_types_and_description_are_in_it(installed: Path) -> None:
    assert (installed / "hotloop/py.typed").exists()
    assert "class Hotloop" in (installed / "hotloop/__init__.pyi").read_text()
    with ZipFile(WHEEL) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        assert "Hotloop" in archive.read(metadata).decode()


def test_the_module_needs_no_newer_glibc_than_the_wheels_name_says(installed: Path) -> None:
    tag = re.search(r"manylinux_(\d+)_(\d+)_x86_64", WHEEL.name)
    assert tag is not None
    promised = (int(tag[1]), int(tag[2]))
    binary = (installed / "hotloop/hotloop.abi3.so").read_bytes()
    needed = {(int(m[1]), int(m[2])) for m in re.finditer(rb"GLIBC_(\d+)\.(\d+)", binary)}
    assert needed
    assert max(needed) <= promised
