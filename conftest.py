"""Settings of every Python test."""

import os

from hypothesis import HealthCheck, settings

# A test's time depends on the machine: none of them is judged by it.
settings.register_profile(
    "default",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# Bazel keeps results of tests: the same inputs have to give the same result.
settings.register_profile("bazel", settings.get_profile("default"), derandomize=True, database=None)
settings.load_profile("bazel" if "TEST_WORKSPACE" in os.environ else "default")
