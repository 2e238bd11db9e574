"""A Rust toolchain from the machine's own compiler, and its tools as the repository crate_universe asks for.

In the build root that compiler is Debian's, at the versions of `tools/bazel/root/versions.lock`; nothing is
downloaded.
"""

_BUILD = """\
load("@rules_rust//rust:toolchain.bzl", "rust_stdlib_filegroup", "rust_toolchain", "rustfmt_toolchain")

package(default_visibility = ["//visibility:public"])

rust_stdlib_filegroup(
    name = "rust_std",
    srcs = glob([
        "sysroot/lib/rustlib/{triple}/lib/*.rlib",
        # Debian's rlibs keep their metadata apart.
        "sysroot/lib/rustlib/{triple}/lib/*.rmeta",
        "sysroot/lib/rustlib/{triple}/lib/*.so",
        "sysroot/lib/rustlib/{triple}/lib/self-contained/**",
    ], allow_empty = True),
)

filegroup(
    name = "rustc_lib",
    srcs = glob(["sysroot/lib/librustc_driver*.so", "sysroot/lib/rustlib/{triple}/lib/*.so"], allow_empty = True),
)

exports_files(["bin/cargo", "bin/rustc", "bin/rustfmt", "bin/clippy-driver", "bin/rustdoc"])

rust_toolchain(
    name = "toolchain_impl",
    binary_ext = "",
    cargo = "bin/cargo",
    clippy_driver = "bin/clippy-driver",
    default_edition = "2024",
    dylib_ext = ".so",
    exec_triple = "{triple}",
    rust_doc = "bin/rustdoc",
    rust_std = ":rust_std",
    rustc = "bin/rustc",
    rustc_lib = ":rustc_lib",
    rustfmt = "bin/rustfmt",
    staticlib_ext = ".a",
    stdlib_linkflags = ["-lpthread", "-ldl"],
    target_triple = "{triple}",
)

toolchain(
    name = "toolchain",
    exec_compatible_with = ["@platforms//os:linux", "@platforms//cpu:x86_64"],
    target_compatible_with = ["@platforms//os:linux", "@platforms//cpu:x86_64"],
    toolchain = ":toolchain_impl",
    toolchain_type = "@rules_rust//rust:toolchain_type",
)

rustfmt_toolchain(
    name = "rustfmt_toolchain_impl",
    rustc = "bin/rustc",
    rustc_lib = ":rustc_lib",
    rustfmt = "bin/rustfmt",
)

toolchain(
    name = "rustfmt_toolchain",
    toolchain = ":rustfmt_toolchain_impl",
    toolchain_type = "@rules_rust//rust/rustfmt:toolchain_type",
)
"""

_TRIPLE = "x86_64-unknown-linux-gnu"

def _rust_from_path_impl(ctx):
    rustc = ctx.which("rustc")
    if not rustc:
        fail("no rustc on PATH: build through ./bazelw, or install Rust")
    result = ctx.execute([rustc, "--print", "sysroot"])
    if result.return_code != 0:
        fail("`rustc --print sysroot` failed: " + result.stderr)
    sysroot = ctx.path(result.stdout.strip())
    ctx.symlink(sysroot.get_child("lib"), "sysroot/lib")
    for tool in ["cargo", "clippy-driver", "rustc", "rustdoc", "rustfmt"]:
        # A rustup proxy would choose its toolchain by the folder it runs in: take the tool itself.
        found = sysroot.get_child("bin").get_child(tool)
        if not found.exists:
            fail("no {} in {}: install that component of Rust".format(tool, sysroot))
        ctx.symlink(found, "bin/" + tool)

    # Part of the key of everything built with it.
    ctx.file("VERSION", ctx.execute([rustc, "-vV"]).stdout)
    ctx.file("BUILD.bazel", _BUILD.format(triple = _TRIPLE))

rust_from_path = repository_rule(
    implementation = _rust_from_path_impl,
    doc = "Rust toolchains for Linux x86-64 from the compiler on PATH.",
    environ = ["PATH"],
    local = True,
)

def _local_rust_impl(_ctx):
    rust_from_path(name = "local_rust")

local_rust = module_extension(implementation = _local_rust_impl)
