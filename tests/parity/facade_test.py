"""The facade over the Rust extension, and one exception class for both backends."""

import hotloop
import pytest

from trader.strategy.hotloop import api, errors
from trader.strategy.hotloop.config import DEFAULT
from trader.strategy.hotloop.interface import METHODS


def test_the_rust_backend_answers_through_its_own_methods() -> None:
    facade = api.Hotloop({"enabled": True, "rust": True}, rust=True)
    assert facade.backend == facade.capabilities()["backend"] == "rust"
    assert {type(getattr(facade, name).__self__) for name in METHODS} == {hotloop.Hotloop}


def test_the_error_class_is_the_extensions() -> None:
    assert vars(errors)["HotloopError"] is hotloop.HotloopError
    assert issubclass(hotloop.HotloopError, ValueError)
    for rust in (True, False):
        with pytest.raises(hotloop.HotloopError) as caught:
            api.Hotloop(rust=rust).apply_delta(b"", 0)
        assert caught.value.message == str(caught.value)


def test_the_extension_has_the_methods_of_the_seam_and_no_others() -> None:
    public = {name for name in vars(hotloop.Hotloop) if not name.startswith("_")}
    assert public == set(METHODS)


def test_the_map_given_to_the_backend_is_one_it_takes() -> None:
    hotloop.Hotloop(DEFAULT.as_map()).update_config(DEFAULT.as_map())
