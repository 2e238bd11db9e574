"""Lints of Rust targets, as tests."""

load("@bazel_skylib//rules:build_test.bzl", "build_test")
load("@rules_rust//rust:defs.bzl", "rust_clippy", "rust_test", "rustfmt_test")

def rust_lint(name, targets):
    """rustfmt and clippy (the lints of .bazelrc, the same as Cargo.toml's) over `targets`.

    Args:
      name: of the clippy test; the other one is `<name>_rustfmt`.
      targets: rust_library, rust_binary and rust_test targets of this folder.
    """
    rustfmt_test(
        name = name + "_rustfmt",
        size = "small",
        targets = targets,
    )
    rust_clippy(
        name = name + "_clippy",
        testonly = True,
        deps = targets,
    )
    build_test(
        name = name,
        targets = [":" + name + "_clippy"],
    )
    native.exports_files(["BUILD.bazel"])

    # For a build by cargo, which wants to see the manifest of every member of the workspace.
    native.filegroup(
        name = "manifests",
        srcs = native.glob(["Cargo.toml", "*/Cargo.toml"]),
        visibility = [
            "//rust:__subpackages__",
            "//tools/bazel/lint:__pkg__",
        ],
    )

def rust_integration_tests(srcs, deps, aux = [], data = [], env = {}):
    """One test target for each file of `srcs`, which is its crate's root, as cargo does for `tests/`.

    Args:
      srcs: the roots, `tests/<name>.rs`; the target is `<name>_test`.
      deps: crates.
      aux: files that the roots take in by `mod`.
      data: files the tests read.
      env: environment; `$(rootpath …)` works.

    Returns:
      the targets' labels, for rust_lint.
    """
    labels = []
    for src in srcs:
        name = src[len("tests/"):-len(".rs")] + "_test"
        rust_test(
            name = name,
            size = "medium",
            srcs = [src] + [file for file in aux if file not in srcs],
            crate_root = src,
            data = data,
            env = env,
            deps = deps,
        )
        labels.append(":" + name)
    return labels
