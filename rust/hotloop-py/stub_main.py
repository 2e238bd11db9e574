"""Compares hotloop.pyi with the built module."""

import sys
import tempfile

from mypy import stubtest

# The stub is the package's; the compiled module inside it is a detail of the wheel's layout.
NOT_PUBLIC = "hotloop.hotloop\n"


def main() -> int:
    with tempfile.NamedTemporaryFile("w") as allowed:
        allowed.write(NOT_PUBLIC)
        allowed.flush()
        options = stubtest.parse_options(["hotloop", "--allowlist", allowed.name])
        return stubtest.test_stubs(options)


if __name__ == "__main__":
    sys.exit(main())
