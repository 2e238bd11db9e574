"""Python targets: one macro for a folder of the trader, one for pytest."""

load("@pypi//:requirements.bzl", "requirement")
load("@rules_python//python:defs.bzl", "py_library", "py_test")

def pypi(*names):
    """Labels of packages of tools/python/requirements.lock."""
    return [requirement(name) for name in names]

def pytest_test(name, srcs, deps = [], data = [], env = {}, size = "medium", **kwargs):
    """A test target that runs pytest over exactly `srcs` and fails when no test was collected.

    Args:
      name: target name.
      srcs: the test files; helper modules belong into a library.
      deps: Python libraries (pytest and hypothesis are added).
      data: files the tests read.
      env: environment; `$(rootpath …)` works.
      size: Bazel's test size.
      **kwargs: passed to py_test (`shard_count`, `tags`, `timeout`, …).
    """
    if size == "large" or kwargs.get("timeout") == "long":
        # Bazel's tag filters see a test's timeout too: -long would leave this test out without a word.
        fail("{}: its timeout would be `long`, which the default run leaves out; use medium or eternal".format(name))
    main = "//tools/bazel:pytest_main.py"
    py_test(
        name = name,
        size = size,
        srcs = [main] + srcs,
        args = ["$(rootpath {})".format(src) for src in srcs],
        data = data + ["//:pyproject.toml"],
        env = env,
        main = main,
        deps = deps + ["//:conftest"] + pypi("pytest", "hypothesis"),
        **kwargs
    )

def pytest_files(srcs, deps = [], data = [], env = {}, **kwargs):
    """One `pytest_test` for each file of `srcs`, named like the file.

    Args:
      srcs: files ending in `_test.py`.
      deps: as of pytest_test, for all of them.
      data: as of pytest_test, for all of them.
      env: as of pytest_test, for all of them.
      **kwargs: passed to each.
    """
    for src in srcs:
        pytest_test(
            name = src[:-len(".py")].replace("/", "_"),
            srcs = [src],
            data = data,
            deps = deps,
            env = env,
            **kwargs
        )

def trader_package(name, deps = [], data = [], test_deps = [], test_data = []):
    """A folder of the trader: its library, what its tests share, its tests, and its files for the lints.

    `testing.py` and `*_for_tests.py` make the library `testing`, for tests alone.

    Args:
      name: of the library; by habit the folder's.
      deps: libraries the code imports.
      data: files the code reads.
      test_deps: what only the tests import.
      test_data: what only the tests read.
    """
    tests = native.glob(["**/*_test.py"], allow_empty = True)
    helpers = native.glob(["**/testing.py", "**/*_for_tests.py"], allow_empty = True)
    py_library(
        name = name,
        srcs = native.glob(["**/*.py"], exclude = tests + helpers, allow_empty = True),
        data = data,
        imports = [_python_root()],
        visibility = ["//visibility:public"],
        deps = deps,
    )
    py_library(
        name = "testing",
        testonly = True,
        srcs = helpers,
        imports = [_python_root()],
        visibility = ["//visibility:public"],
        deps = [":" + name] + pypi("hypothesis", "pytest"),
    )
    python_lint_files(name = "python_files")
    pytest_files(
        srcs = tests,
        data = test_data,
        deps = [":testing"] + test_deps,
        size = "small",
    )

def python_lint_files(name, subfolders = True, export_build_file = True):
    """Names this folder's Python files, and exports its BUILD file, for //tools/bazel/lint.

    Args:
      name: `python_files` by habit.
      subfolders: whether the files of folders without a BUILD file of their own are among them.
      export_build_file: False where `rust_lint` of the same folder does it.
    """
    native.filegroup(
        name = name,
        srcs = native.glob(["**/*.py" if subfolders else "*.py"]),
        visibility = ["//visibility:public"],
    )
    if export_build_file:
        native.exports_files(["BUILD.bazel"])

def _python_root():
    # imports is relative to the package: from python/trader/x/y back to python.
    depth = len(native.package_name().split("/")) - 1
    return "/".join([".."] * depth) if depth else "."
