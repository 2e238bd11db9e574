"""The wheel that Bazel makes and the one that maturin makes are the same module."""

import os
from pathlib import Path
from typing import Any

import pytest
from wheel_for_tests import MODULE, contents, installed, metadata, wheel_under_test

OTHER = Path(os.environ["HOTLOOP_OTHER_WHEEL"]).absolute()

SURFACE = """
import hotloop, json
def told(thing):
    return [type(thing).__name__, getattr(thing, "__text_signature__", None), thing.__doc__]
spaces = {"hotloop": hotloop, "Hotloop": hotloop.Hotloop, "HotloopError": hotloop.HotloopError}
names = {
    f"{space}.{name}": told(getattr(owner, name))
    for space, owner in spaces.items()
    for name in dir(owner)
    if not name.startswith("__")
}
print(json.dumps({"all": sorted(hotloop.__all__), "version": hotloop.__version__, **names}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel_under_test(tmp_path_factory.getbasetemp() / "by_script")


def test_they_have_the_same_name_and_files(wheel: Path) -> None:
    assert wheel.name == OTHER.name
    assert sorted(contents(wheel)) == sorted(contents(OTHER))


def test_what_is_text_in_them_is_the_same_text(wheel: Path) -> None:
    ours, other = contents(wheel), contents(OTHER)
    # The module is compiled by another driver; the three others hold hashes, the maker's name and
    # the headers in another order.
    differ = (MODULE, "/RECORD", "/WHEEL", "/METADATA")
    for name in ours:
        if not name.endswith(differ):
            assert ours[name].strip() == other[name].strip(), name


def test_they_describe_themselves_alike(wheel: Path) -> None:
    ours, other = metadata(contents(wheel)), metadata(contents(OTHER))
    assert sorted(ours.items()) == sorted(other.items())
    assert str(ours.get_payload()).rstrip() == str(other.get_payload()).rstrip()


def test_their_modules_have_the_same_names_and_signatures(wheel: Path, tmp_path: Path) -> None:
    def surface(file: Path, name: str) -> Any:
        return installed("python3.11", file, tmp_path / name).runs(SURFACE)

    ours = surface(wheel, "ours")
    assert ours["Hotloop.best"][1] == "($self, m, r, handicap=0.0)"
    assert ours == surface(OTHER, "other")
