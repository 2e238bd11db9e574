"""The Rust core, the Python reference and betfairlightweight's cache, over the same lines."""

import pytest

# What two backends answer differently is told by the assertion, also where it stands in a helper.
pytest.register_assert_rewrite("tests.parity.pair")
